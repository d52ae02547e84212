"""Many keys in little memory: where each stands, and which are there twice."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from xxhash import xxh3_64_intdigest

from zensols_like.source.errors import SourceError

__all__ = ["KeyIndex", "whole_number"]


def whole_number(key: str) -> int | None:
    """The number that a key is the usual text of; None when it is the text of none.

    Example:
        >>> whole_number("17"), whole_number("017"), whole_number("-3"), whole_number("x")
        (17, None, -3, None)
    """
    try:
        number = int(key)
    except ValueError:
        return None
    return number if str(number) == key else None


@dataclass(frozen=True, eq=False)
class KeyIndex:
    """Keys in their order, each there once.

    A key takes its bytes and 24 more, where a dictionary takes more than 100.

    Example:
        >>> index = KeyIndex.of(["rose", "tulip"], "flowers.jsonl")
        >>> index.position("tulip"), index.position("iris"), list(index), len(index)
        (1, None, ['rose', 'tulip'], 2)
    """

    _data: bytes
    """The keys, one after the other."""
    _ends: np.ndarray[Any, np.dtype[np.int64]]
    """Where each ends."""
    _hashes: np.ndarray[Any, np.dtype[np.uint64]]
    """Their hashes, sorted."""
    _order: np.ndarray[Any, np.dtype[np.int64]]
    """The positions of the keys, in the order of the hashes."""

    @classmethod
    def of(cls, keys: Iterable[str], where: str) -> KeyIndex:
        """The index of keys.

        Args:
            keys: Read once.
            where: Said in the error.

        Raises:
            SourceError: A key comes twice.
        """
        data, ends, unsorted = bytearray(), array("q"), array("Q")
        for key in keys:
            encoded = _encode(key)
            data += encoded
            ends.append(len(data))
            unsorted.append(xxh3_64_intdigest(encoded))
        hashes = np.array(unsorted, dtype=np.uint64)
        order = np.argsort(hashes, kind="stable")
        index = cls(bytes(data), np.array(ends, dtype=np.int64), hashes[order], order)
        index._refuse_duplicates(where)
        return index

    def position(self, key: str) -> int | None:
        """Where a key stands; None when it is not there."""
        encoded = _encode(key)
        digest = np.uint64(xxh3_64_intdigest(encoded))
        first = int(np.searchsorted(self._hashes, digest))
        for place in range(first, len(self._hashes)):
            if self._hashes[place] != digest:
                break
            position = int(self._order[place])
            if self._bytes(position) == encoded:
                return position
        return None

    def __getitem__(self, position: int) -> str:
        return self._bytes(range(len(self))[position]).decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        return (self[position] for position in range(len(self)))

    def __contains__(self, key: str) -> bool:
        return self.position(key) is not None

    def __len__(self) -> int:
        return len(self._ends)

    def _bytes(self, position: int) -> bytes:
        start = int(self._ends[position - 1]) if position > 0 else 0
        return self._data[start : int(self._ends[position])]

    def _refuse_duplicates(self, where: str) -> None:
        same_hash = np.flatnonzero(self._hashes[1:] == self._hashes[:-1])
        pairs = ((self[int(self._order[place])], self[int(self._order[place + 1])]) for place in same_hash)
        twice = sorted({one for one, other in pairs if one == other})
        if twice:
            raise SourceError(
                f"{len(twice)} keys come more than once, such as {twice[:5]}.", where, "give each a key of its own"
            )


def _encode(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")
