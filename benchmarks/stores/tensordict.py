"""tensordict: a memory-mapped TensorDict, as documented and by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from tensordict import TensorDict
from torch import Tensor

from benchmarks.store import Order, Store
from benchmarks.workload import Arrays

__all__ = ["SlicedStore", "TensordictStore"]


class TensordictStore(Store):
    """One TensorDict with all data points, ``td[start:stop]`` for a batch."""

    def write(self, arrays: Arrays, folder: Path, workers: int) -> None:
        """``memmap``, whose workers are threads."""
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        whole = TensorDict(tensors, batch_size=[self.workload.points])
        whole.memmap(folder, copy_existing=True, num_threads=0 if workers == 1 else workers)

    def open(self, folder: Path, verify: bool) -> None:
        """``load_memmap``."""
        self._whole = TensorDict.load_memmap(folder)

    def epoch(self, order: Order) -> Iterator[Iterable[Tensor]]:
        """Slices, with their keys and batch size."""
        size, whole = self.workload.batch_size, self._whole
        for batch in order.positions:
            yield whole[batch * size : (batch + 1) * size].values()


class SlicedStore(TensordictStore):
    """The same files by an expert: their tensors are taken out once, and sliced without a TensorDict."""

    def open(self, folder: Path, verify: bool) -> None:
        """The tensors, without the class that knows the file."""
        super().open(folder, verify)
        self._tensors = tuple(tensor.as_subclass(Tensor) for tensor in self._whole.values())

    def epoch(self, order: Order) -> Iterator[Iterable[Tensor]]:
        """Slices."""
        size, tensors = self.workload.batch_size, self._tensors
        for batch in order.positions:
            start = batch * size
            yield tuple(tensor[start : start + size] for tensor in tensors)
