"""safetensors: a file for each batch, and one file with all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from benchmarks.store import Order, Store, write_in_processes
from benchmarks.workload import Arrays

__all__ = ["OneFileStore", "SafetensorsStore"]


class SafetensorsStore(Store):
    """``save_file`` and ``load_file`` for each batch."""

    def write(self, arrays: Arrays, folder: Path, workers: int) -> None:
        """A file for each batch."""

        def write(batch: int) -> None:
            rows = self.workload.rows(batch)
            tensors = {name: torch.from_numpy(array[rows]) for name, array in arrays.items()}
            save_file(tensors, folder / f"{batch}.safetensors")

        write_in_processes(write, self.workload.batches, workers)

    def open(self, folder: Path, verify: bool) -> None:
        """Nothing is kept."""
        self._folder = str(folder)

    def epoch(self, order: Order) -> Iterator[Iterable[Tensor]]:
        """File after file."""
        for batch in order.positions:
            yield load_file(f"{self._folder}/{batch}.safetensors").values()


class OneFileStore(Store):
    """By an expert: all batches as named tensors of one file, which stays open."""

    def write(self, arrays: Arrays, folder: Path, workers: int) -> None:
        """One file."""
        tensors = {
            f"{batch}.{name}": torch.from_numpy(array[self.workload.rows(batch)])
            for batch in range(self.workload.batches)
            for name, array in arrays.items()
        }
        save_file(tensors, folder / "all.safetensors")

    def open(self, folder: Path, verify: bool) -> None:
        """Open the file."""
        self._file = safe_open(folder / "all.safetensors", framework="pt", device="cpu")

    def epoch(self, order: Order) -> Iterator[Iterable[Tensor]]:
        """Tensor after tensor by its name."""
        get, names = self._file.get_tensor, tuple(self.workload.fields)
        for batch in order.positions:
            yield [get(f"{batch}.{name}") for name in names]
