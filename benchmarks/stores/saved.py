"""torch.save: a file for each batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.store import Order, Store, write_in_processes
from benchmarks.workload import Arrays

__all__ = ["MappedStore", "SavedStore"]


class SavedStore(Store):
    """``torch.save`` and ``torch.load(weights_only=True)``, which does not run code of the file."""

    is_mapped = False

    def write(self, arrays: Arrays, folder: Path, workers: int) -> None:
        """A file for each batch."""

        def write(batch: int) -> None:
            rows = self.workload.rows(batch)
            torch.save({name: torch.from_numpy(array[rows]) for name, array in arrays.items()}, folder / f"{batch}.pt")

        write_in_processes(write, self.workload.batches, workers)

    def open(self, folder: Path, verify: bool) -> None:
        """Nothing is kept."""
        self._folder = str(folder)

    def epoch(self, order: Order) -> Iterator[Iterable[Tensor]]:
        """File after file."""
        for batch in order.positions:
            yield torch.load(f"{self._folder}/{batch}.pt", weights_only=True, mmap=self.is_mapped).values()


class MappedStore(SavedStore):
    """The same files by an expert, mapped instead of read."""

    is_mapped = True
