"""The rows of a table on their way into a batch: one by one, or as columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from zensols_like.batch import DataPoint
from zensols_like.errors import BatchError

__all__ = ["DataframeDataPoint", "is_taken"]


@dataclass
class DataframeDataPoint(DataPoint):
    """A row of a table; each column is an attribute.

    A row that is in no table, as for prediction, may be a mapping of its values by column, which becomes a Series.

    Example:
        >>> DataframeDataPoint("unseen", None, {"color": "red", "petals": 3}).petals
        3
    """

    row: pd.Series
    """The row."""

    def __post_init__(self) -> None:
        if isinstance(self.row, pd.Series):
            return
        if not isinstance(self.row, Mapping):
            raise BatchError(
                f"The row of data point {self.id!r} is a {type(self.row).__name__}.",
                type(self).__qualname__,
                "give a pandas.Series, as of frame.loc[key], or a mapping of values by column",
            )
        self.row = pd.Series(dict(self.row), dtype=object)  # each value as it is: one type for all rounds whole numbers

    def __getattr__(self, name: str) -> Any:
        # only called for what is not found otherwise; the row itself is not there yet while a copy is made
        row = vars(self).get("row")
        if row is None or name not in row.index:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}, and the table no column")
        return row[name]

    def lines(self) -> Iterable[tuple[int, str]]:
        """The ID, then a line for each column."""
        yield 0, f"id: {self.id}"
        for name, value in self.row.items():
            yield 0, f"{name}: {value}"


def is_taken(name: str) -> bool:
    """Whether a data point has an attribute of this name already, so that no column can have it."""
    return name in {*dir(DataframeDataPoint), *(one.name for one in fields(DataframeDataPoint))}
