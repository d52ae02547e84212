"""This library, in the ways that its README shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from benchmarks.store import Order, Store
from benchmarks.workload import Arrays, Workload
from zensols_like.batch import ArrayBatchStash, BatchDirectoryCompositeStash, BatchShardStash, BatchStash
from zensols_like.persist import GroupedStash
from zensols_like.torchconfig import TorchConfig

__all__ = [
    "BatchStore",
    "DirectoryBatchStore",
    "DirectoryLoaderStore",
    "DirectoryTensorStore",
    "LoaderStore",
    "ManyShardsStore",
    "TensorStore",
    "array_stash",
]


def array_stash(arrays: Arrays | Path, delegate: GroupedStash, batch_size: int, **options: Any) -> BatchStash:
    """Batches of the rows of arrays in their order, in one split; ``y`` is the label."""
    return ArrayBatchStash.from_arrays(
        arrays,
        delegate.path,
        label="y",
        batch_size=batch_size,
        split={"train": 1.0},
        shuffle=False,
        delegate=delegate,
        torch_config=TorchConfig(use_gpu=False),
        **options,
    )


class BatchStore(Store):
    """Shards, read through batches: ``for batch in stash.splits["train"].values(): batch.attributes``."""

    container: Callable[..., GroupedStash] = BatchShardStash

    def _stash(self, folder: Path, arrays: Arrays, verify: bool, **options: Any) -> BatchStash:
        delegate = self.container(
            folder / "batch", (set(self.workload.fields),), verify="always" if verify else "never"
        )
        return array_stash(arrays, delegate, self.workload.batch_size, **options)

    def write(self, arrays: Arrays, folder: Path, workers: int) -> None:
        """Encode; what this returns from is on the disk."""
        self._stash(folder, arrays, verify=True, workers=workers).prime()

    def open(self, folder: Path, verify: bool) -> None:
        """Open the store where its arrays are not, so that nothing can be said of what they hold."""
        absent = {
            name: np.zeros((self.workload.points, *shape), dtype)  # memory that is never touched
            for name, (dtype, shape) in self.workload.fields.items()
        }
        self._opened = self._stash(folder, absent, verify, stale="ignore")
        self._split = self._opened.splits["train"]

    def epoch(self, order: Order) -> Iterator[Iterable[Tensor]]:
        """The tensors of batch after batch."""
        if order.is_shuffled:
            for _, batch in self._split.load_many([*map(str, order.positions)]):
                yield batch.attributes.values()
        else:
            for batch in self._split.values():
                yield batch.attributes.values()


class TensorStore(BatchStore):
    """Shards, read without batches around the tensors: ``stash.splits["train"].tensors()``."""

    def epoch(self, order: Order) -> Iterator[Iterable[Tensor]]:
        """The tensors of batch after batch."""
        for tensors in self._split.tensors([*map(str, order.positions)] if order.is_shuffled else None):
            yield tensors.values()


class ManyShardsStore(TensorStore):
    """The same in nine shards or so, as larger stores have, and those that several workers made."""

    def __init__(self, workload: Workload) -> None:
        super().__init__(workload)
        self.container = partial(BatchShardStash, shard_size=workload.nbytes // 8)


class LoaderStore(BatchStore):
    """Shards, read through the loader of a training loop, without workers."""

    def epoch(self, order: Order) -> Iterator[Iterable[Tensor]]:
        """The tensors of batch after batch; the loader shuffles."""
        shuffle = "batch" if order.is_shuffled else None
        for batch in self._opened.loader("train", workers=0, shuffle=shuffle, seed=order.seed or 0, device="cpu"):
            yield batch.attributes.values()


class DirectoryBatchStore(BatchStore):
    """A file for each batch, read through batches."""

    container = BatchDirectoryCompositeStash


class DirectoryTensorStore(TensorStore):
    """A file for each batch, read without batches around the tensors."""

    container = BatchDirectoryCompositeStash


class DirectoryLoaderStore(LoaderStore):
    """A file for each batch, read through the loader."""

    container = BatchDirectoryCompositeStash
