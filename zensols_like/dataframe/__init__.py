"""Tables as sources of batches: rows as the values of a stash, columns as the features of a batch."""

from __future__ import annotations

from zensols_like.dataframe.stash import (
    AutoSplitDataframeStash,
    DataframeStash,
    DefaultDataframeStash,
    SplitColumnDataframeStash,
    SplitKeyDataframeStash,
)
from zensols_like.dataframe.table import DataframeFileNotFoundError
from zensols_like.errors import DataframeError

__all__ = [
    "AutoSplitDataframeStash",
    "DataframeError",
    "DataframeFileNotFoundError",
    "DataframeStash",
    "DefaultDataframeStash",
    "SplitColumnDataframeStash",
    "SplitKeyDataframeStash",
]
