"""The IDs of all data points of a plan, in few arrays: as numbers where all of them are, else as text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from zensols_like.persist import NumberedKeys, text_of

__all__ = ["NumberIDs", "PlanIDs", "TextIDs", "ids_from_value", "keep_ids"]

_STEPS = (np.int8, np.int16, np.int32, np.int64)
_PIECE = 1 << 13
"""How many differences are made at once, so that they stay in the cache and need no memory that is new."""


@dataclass(frozen=True, eq=False)
class PlanIDs(ABC):
    """The IDs of data points in the order of their batches."""

    kind: ClassVar[bytes]
    """What a digest of them begins with, so that those of another kind have another one."""
    stored: ClassVar[tuple[str, ...]]
    """The names of the arrays that are stored."""

    batch_ends: NDArray[np.int64]
    """For each batch the number of data points up to its end."""

    @abstractmethod
    def cut(self, position: int, last: int) -> Sequence[str]:
        """The IDs from a batch on to the end of another."""

    @abstractmethod
    def as_text(self) -> TextIDs:
        """The same IDs as text."""

    def as_value(self) -> dict[str, NDArray[Any]]:
        """What to store."""
        return {name: getattr(self, name) for name in self.stored}

    def _points(self, position: int, last: int) -> slice:
        """Where the data points of batches are among all."""
        return slice(0 if position == 0 else int(self.batch_ends[position - 1]), int(self.batch_ends[last]))


@dataclass(frozen=True, eq=False)
class NumberIDs(PlanIDs):
    """IDs that are whole numbers in their usual decimal form.

    Example:
        >>> ids = NumberIDs.of(NumberedKeys(np.array([7, 8, 300, 9])), np.array([2, 4]))
        >>> ids.first_numbers, ids.steps
        (array([  7, 300]), array([   0,    1,  292, -291], dtype=int16))
        >>> ids.cut(1, 1)
        ('300', '9')
    """

    kind: ClassVar[bytes] = b"numbers"
    stored: ClassVar[tuple[str, ...]] = ("first_numbers", "steps")

    first_numbers: NDArray[np.int64]
    """For each batch its first number."""
    steps: NDArray[np.signedinteger[Any]]
    """For each data point its number less the one before, 0 for the first; in the smallest type that holds all."""

    @classmethod
    def of(cls, keys: NumberedKeys, batch_ends: NDArray[np.int64]) -> NumberIDs:
        """The IDs of batches that end at these numbers of data points."""
        numbers = keys.numbers
        steps = np.zeros(len(numbers), _kind_of_steps(numbers))
        np.subtract(numbers[1:], numbers[:-1], out=steps[1:], casting="unsafe")  # they fit
        return cls(batch_ends, numbers[_starts(batch_ends)], steps)

    def cut(self, position: int, last: int) -> NumberedKeys:
        """The IDs as numbers."""
        numbers = self.steps[self._points(position, last)].astype(np.int64)
        numbers[:1] = self.first_numbers[position]
        return NumberedKeys(np.cumsum(numbers, out=numbers))

    def as_text(self) -> TextIDs:
        """The text of each number."""
        return TextIDs.of(*self.cut(0, len(self.batch_ends) - 1).to_bytes(), self.batch_ends)


@dataclass(frozen=True, eq=False)
class TextIDs(PlanIDs):
    """IDs of any kind, as UTF-8 one after another."""

    kind: ClassVar[bytes] = b""
    stored: ClassVar[tuple[str, ...]] = ("text_ends", "id_lengths", "id_bytes")

    text_ends: NDArray[np.int64]
    """For each batch the number of bytes up to the end of its last ID."""
    id_lengths: NDArray[np.unsignedinteger[Any]]
    """For each data point the number of bytes of its ID, in the smallest type that holds the longest."""
    id_bytes: NDArray[np.uint8]
    """All IDs as UTF-8, one after another."""

    @classmethod
    def of(cls, text: NDArray[np.uint8], lengths: NDArray[Any], batch_ends: NDArray[np.int64]) -> TextIDs:
        """The IDs of batches that end at these numbers of data points."""
        return cls(
            batch_ends,
            np.cumsum(np.add.reduceat(lengths, _starts(batch_ends), dtype=np.int64)),
            lengths.astype(np.min_scalar_type(int(lengths.max())), copy=False),
            text,
        )

    def cut(self, position: int, last: int) -> tuple[str, ...]:
        """The IDs as texts."""
        start = 0 if position == 0 else int(self.text_ends[position - 1])
        data = self.id_bytes[start : int(self.text_ends[last])].tobytes()
        ends = np.cumsum(self.id_lengths[self._points(position, last)], dtype=np.int64).tolist()
        cuts = map(slice, [0, *ends[:-1]], ends)
        if data.isascii():
            return tuple(map(data.decode().__getitem__, cuts))
        return tuple(part.decode("utf-8", "surrogatepass") for part in map(data.__getitem__, cuts))

    def as_text(self) -> TextIDs:
        """These."""
        return self


def keep_ids(keys: Sequence[str], batch_ends: NDArray[np.int64]) -> PlanIDs:
    """The IDs of batches that end at these numbers of data points; the same ones are always kept in the same way."""
    if isinstance(keys, NumberedKeys):
        return NumberIDs.of(keys, batch_ends)
    text, lengths = text_of(keys)
    numbered = NumberedKeys.from_bytes(text, lengths)
    return TextIDs.of(text, lengths, batch_ends) if numbered is None else NumberIDs.of(numbered, batch_ends)


def ids_from_value(value: Mapping[str, Any]) -> PlanIDs:
    """The IDs that were stored in either way."""
    kept = NumberIDs if "steps" in value else TextIDs
    return kept(value["batch_ends"], *(value[name] for name in kept.stored))


def _starts(batch_ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each batch the number of data points before it."""
    return np.concatenate([[0], batch_ends[:-1]])


def _kind_of_steps(numbers: NDArray[np.int64]) -> type[np.signedinteger[Any]]:
    """The smallest type that holds the difference of each number to the one before."""
    ends = [0]
    for at in range(0, len(numbers) - 1, _PIECE):
        steps = np.diff(numbers[at : at + _PIECE + 1])
        ends += [int(steps.min()), int(steps.max())]
    return next(kind for kind in _STEPS if np.iinfo(kind).min <= min(ends) and max(ends) <= np.iinfo(kind).max)
