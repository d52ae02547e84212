"""The rows of a table on their way into a batch: one by one, or as columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from zensols_like.batch import DataPoint

__all__ = ["DataframeDataPoint", "is_taken"]


@dataclass
class DataframeDataPoint(DataPoint):
    """A row of a table; each column is an attribute."""

    row: pd.Series
    """The row."""

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
