"""Keys that are whole numbers, kept as numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from zensols_like.errors import PersistableError

__all__ = ["NumberedKeys", "text_of"]

_MOST_DIGITS = 18
_POWERS = 10 ** np.arange(_MOST_DIGITS, dtype=np.int64)
_DENSE = 8
"""Numbers are counted, which is quicker than sorting, where the greatest is less than so many times their count."""
_FEW_DIGITS = 9
"""As many digits as a number of 32 bits always holds."""
_ZERO, _NINE = ord("0"), ord("9")
_PIECE = 1 << 13
"""How many numbers are made text at once, so that all that is made on the way stays in the cache."""
_QUAD = 4
"""How many digits become text at once."""
_TYPES = {1: "u1", 2: "u2", 3: "V3", 4: "u4"}
"""Types of as many bytes, of which numpy copies numbers the quickest."""


@cache
def _texts(digits: int) -> NDArray[Any]:
    """The text of each number of so many digits, with zeros before it."""
    characters = np.arange(10**digits)[:, None] // _POWERS[:digits][::-1] % 10 + _ZERO
    return characters.astype(np.uint8).view(_TYPES[digits]).ravel()


@cache
def _ends(width: int) -> NDArray[np.bool_]:
    """For each length of a text in so many characters which of them are it, the last ones."""
    return np.arange(width) >= width - np.arange(width + 1)[:, None]


def _text(numbers: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The decimal text of some numbers, one after another, and the length of each."""
    shortest, longest = len(str(numbers.min())), len(str(numbers.max()))
    # a number of 32 bits is divided twice as quickly
    rest: NDArray[Any] = numbers.astype(np.uint32 if longest <= _FEW_DIGITS else np.uint64)
    lengths = np.full(len(rest), shortest, np.uint8)
    for place in range(shortest, longest):
        lengths += rest >= _POWERS[place]
    first, many = (longest - 1) % _QUAD + 1, rest.dtype.type(10**_QUAD)
    texts = np.empty(
        len(rest), [("0", _TYPES[first]), *((str(at), _TYPES[_QUAD]) for at in range(first, longest, _QUAD))]
    )
    for at in range(longest - _QUAD, 0, -_QUAD):
        high = rest // many
        texts[str(at)] = _texts(_QUAD).take(rest - high * many)
        rest = high
    texts["0"] = _texts(first).take(rest)
    characters = texts.view(np.uint8)
    if shortest < longest:
        characters = np.compress(_ends(longest).take(lengths, axis=0).ravel(), characters)
    return characters, lengths


class NumberedKeys(Sequence[str]):
    """Whole numbers from 0 on as decimal text, each made when it is asked for; equal to the tuple of the texts.

    Millions of keys take eight bytes each, and those who know their kind work with the numbers.

    Args:
        numbers: The numbers, of at most 18 digits.

    Raises:
        PersistableError: One is negative or longer, or they are no whole numbers.

    Example:
        >>> keys = NumberedKeys(np.arange(3, 12, 4))
        >>> list(keys), keys == ("3", "7", "11"), "7" in keys
        (['3', '7', '11'], True, True)
    """

    __slots__ = ("numbers",)

    def __init__(self, numbers: NDArray[np.int64]) -> None:
        is_sound = numbers.dtype.kind in "iu" and numbers.ndim == 1
        if not is_sound or (len(numbers) and not 0 <= numbers.min() <= numbers.max() < 10**_MOST_DIGITS):
            raise PersistableError(
                f"Not all of these can be keys that are kept as numbers: {numbers!r}.",
                None,
                "give whole numbers from 0 on with at most 18 digits, or a tuple of strings",
            )
        self.numbers = numbers.astype(np.int64, copy=False)

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> NumberedKeys: ...
    def __getitem__(self, index: int | slice) -> str | NumberedKeys:
        return self._of(self.numbers[index]) if isinstance(index, slice) else str(self.numbers[index])

    @classmethod
    def _of(cls, numbers: NDArray[np.int64]) -> NumberedKeys:
        """The keys of numbers that were checked."""
        keys = object.__new__(cls)
        keys.numbers = numbers
        return keys

    def __iter__(self) -> Iterator[str]:
        return map(str, self.numbers.tolist())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, NumberedKeys):
            return np.array_equal(self.numbers, other.numbers)
        return isinstance(other, Sequence) and not isinstance(other, str) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    @property
    def are_unique(self) -> bool:
        """Whether none stands twice."""
        if (self.numbers[1:] > self.numbers[:-1]).all():
            return True
        if self.numbers.max() < _DENSE * len(self):
            return bool(np.bincount(self.numbers).max(initial=0) <= 1)
        return bool(np.all(np.diff(np.sort(self.numbers)) > 0))

    def common(self, others: Sequence[str]) -> Sequence[str]:
        """Those of other keys that are among these, in the order of the others."""
        if not isinstance(others, NumberedKeys):
            own = frozenset(self)
            return tuple(key for key in others if key in own)
        has = others.numbers < len(self) if self._are_all else np.isin(others.numbers, self.numbers)
        return others if has.all() else self._of(others.numbers[has])

    @property
    def _are_all(self) -> bool:
        """Whether these are all numbers from 0 on, in their order."""
        ends = self.numbers[:1].tolist(), self.numbers[-1:].tolist()
        return ends == ([0], [len(self) - 1]) and bool((self.numbers[1:] - self.numbers[:-1] == 1).all())

    def to_bytes(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """All texts one after another, and the length of each.

        Example:
            >>> data, lengths = NumberedKeys(np.array([7, 120])).to_bytes()
            >>> data.tobytes(), lengths
            (b'7120', array([1, 3], dtype=uint8))
        """
        pieces = [_text(self.numbers[at : at + _PIECE]) for at in range(0, len(self), _PIECE)]
        texts, lengths = zip((np.empty(0, np.uint8), np.empty(0, np.uint8)), *pieces, strict=True)
        return np.concatenate(texts), np.concatenate(lengths)

    @classmethod
    def from_bytes(cls, data: NDArray[np.uint8], lengths: NDArray[Any]) -> NumberedKeys | None:
        """The keys of texts that stand one after another; ``None`` when one of them is no number in its usual form.

        Args:
            data: The texts.
            lengths: The length of each.
        """
        if len(lengths) == 0 or lengths.min() == 0 or data.min() < _ZERO or data.max() > _NINE:
            return None
        longest = int(lengths.max())
        ends = np.cumsum(lengths, dtype=np.int64)
        if longest > _MOST_DIGITS or np.any((data[ends - lengths] == _ZERO) & (lengths > 1)):
            return None
        digits = data - _ZERO
        if lengths.min() == longest:
            return cls(digits.reshape(-1, longest) @ _POWERS[longest - 1 :: -1] if longest > 1 else digits.astype("i8"))
        numbers = np.zeros(len(lengths), np.int64)
        for place in range(longest):
            has_place = lengths > place
            numbers[has_place] += digits[ends[has_place] - 1 - place] * _POWERS[place]
        return cls(numbers)


def text_of(keys: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Keys as UTF-8 one after another, and the length of each, as `NumberedKeys.to_bytes` gives those of numbers.

    Example:
        >>> data, lengths = text_of(["rose", "tulip"])
        >>> data.tobytes(), lengths.tolist()
        (b'rosetulip', [4, 5])
    """
    text = "".join(keys).encode("utf-8", "surrogatepass")
    sizes = map(len, keys) if text.isascii() else (len(key.encode("utf-8", "surrogatepass")) for key in keys)
    return np.frombuffer(text, dtype=np.uint8), np.fromiter(sizes, dtype=np.int64, count=len(keys))
