"""Training: in which order, by which rank, read ahead by whom, on which device, and how far it is."""

from zensols_like.loader.dataset import BatchDataset, unwrap
from zensols_like.loader.loader import BatchLoader
from zensols_like.loader.options import LoaderOptions
from zensols_like.loader.schedule import BatchRef, BatchSchedule, Cursor, Step
from zensols_like.loader.shard import ShardContext
from zensols_like.loader.source import BatchSource, LoadedBatch, Tensors, widen
from zensols_like.loader.state import LoaderState
from zensols_like.loader.stats import LoaderStats

__all__ = [
    "BatchDataset",
    "BatchLoader",
    "BatchRef",
    "BatchSchedule",
    "BatchSource",
    "Cursor",
    "LoadedBatch",
    "LoaderOptions",
    "LoaderState",
    "LoaderStats",
    "ShardContext",
    "Step",
    "Tensors",
    "unwrap",
    "widen",
]
