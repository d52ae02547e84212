"""The keys of the rows of a table, and which row has which key."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zensols_like.persist import NumberedKeys

__all__ = ["RowKeys"]

_DENSE = 8
"""Places are kept for numbers up to so many times their count."""


class RowKeys:
    """The keys of the rows of a table, and which row has which key.

    Where the index of a table has whole numbers, as it has unless it was given another one, keys stay numbers, of which
    millions take little memory.

    Args:
        given: The index that the table came with.
        index: The same as strings.

    Example:
        >>> given = pd.Index([2, 0, 5])
        >>> keys = RowKeys(given, given.map(str))
        >>> keys.at(np.array([1, 2])), keys.find(["5", "7"]), keys.find(NumberedKeys(np.array([0, 2])))
        (('0', '5'), array([ 2, -1]), array([1, 0]))
    """

    def __init__(self, given: pd.Index, index: pd.Index) -> None:
        self.index = index
        numbers = given.to_numpy() if pd.api.types.is_integer_dtype(given.dtype) else np.array([-1])
        self._numbers: NDArray[np.int64] | None = None
        if numbers.dtype.kind in "iu" and numbers.min() >= 0 and numbers.max() < _DENSE * len(index):
            self._numbers = numbers.astype(np.int64)

    def at(self, positions: NDArray[np.int64]) -> Sequence[str]:
        """The keys of rows."""
        if self._numbers is None:
            return tuple(self.index[positions])
        return NumberedKeys(self._numbers[positions])

    def find(self, keys: Sequence[str]) -> NDArray[np.int64]:
        """The row of each key; -1 where there is none."""
        places = self._places
        if isinstance(keys, NumberedKeys) and places is not None:
            is_there = keys.numbers < len(places)
            if is_there.all():
                return places[keys.numbers]
            return np.where(is_there, places[keys.numbers * is_there], -1)
        return np.fromiter((self._positions.get(key, -1) for key in keys), dtype=np.int64, count=len(keys))

    @cached_property
    def _places(self) -> NDArray[np.int64] | None:
        """By number the row that has it as its key; -1 where none has."""
        if self._numbers is None:
            return None
        places = np.full(self._numbers.max() + 1, -1)
        places[self._numbers] = np.arange(len(self._numbers))
        return places

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {key: position for position, key in enumerate(self.index)}
