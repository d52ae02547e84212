"""Tables as sources of batches: rows as the values of a stash, columns as the features of a batch."""

from __future__ import annotations

from zensols_like.dataframe.batch import DataframeBatch, DataframeBatchStash
from zensols_like.dataframe.column import DataframeDataPoint
from zensols_like.dataframe.stash import (
    AutoSplitDataframeStash,
    DataframeStash,
    DefaultDataframeStash,
    FrameStash,
    SplitColumnDataframeStash,
    SplitKeyDataframeStash,
)
from zensols_like.dataframe.table import DataframeFileNotFoundError
from zensols_like.dataframe.vectorize import DataframeFeatureVectorizerManager, DataframeMetadata
from zensols_like.errors import DataframeError

__all__ = [
    "AutoSplitDataframeStash",
    "DataframeBatch",
    "DataframeBatchStash",
    "DataframeDataPoint",
    "DataframeError",
    "DataframeFeatureVectorizerManager",
    "DataframeFileNotFoundError",
    "DataframeMetadata",
    "DataframeStash",
    "DefaultDataframeStash",
    "FrameStash",
    "SplitColumnDataframeStash",
    "SplitKeyDataframeStash",
]
