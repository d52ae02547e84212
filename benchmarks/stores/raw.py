"""The limits of the machine: what no library can be quicker than."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from xxhash import xxh3_64_intdigest

from benchmarks.store import Order, Store, write_in_processes
from benchmarks.workload import Arrays, Workload

__all__ = ["RawStore", "TouchStore"]

_PAGE = 4096


class RawStore(Store):
    """One file with a section for each field, mapped once; a batch is a slice of each section.

    With ``verify`` each slice goes through the checksum once: nobody who verifies can do with less.
    """

    def __init__(self, workload: Workload) -> None:
        super().__init__(workload)
        self._offsets: dict[str, int] = {}
        self._size = 0
        for name, (dtype, shape) in workload.fields.items():
            self._offsets[name] = self._size
            nbytes = workload.points * np.dtype(dtype).itemsize * int(np.prod(shape, dtype=int))
            self._size += -(-nbytes // _PAGE) * _PAGE

    def write(self, arrays: Arrays, folder: Path, workers: int) -> None:
        """Every batch with one write for each field."""
        descriptor = os.open(folder / "all.bin", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.truncate(descriptor, self._size)

        def write(batch: int) -> None:
            rows = self.workload.rows(batch)
            for name, array in arrays.items():
                part = array[rows]
                offset = self._offsets[name] + rows.start * (part.nbytes // len(part))
                os.pwrite(descriptor, part.reshape(-1).view(np.uint8).data, offset)

        write_in_processes(write, self.workload.batches, workers)
        os.close(descriptor)

    def open(self, folder: Path, verify: bool) -> None:
        """Map the file, so that writing into a tensor does not change it."""
        self._verify = verify
        self._sections = tuple(
            np.asarray(
                np.memmap(
                    folder / "all.bin", dtype, "c", offset=self._offsets[name], shape=(self.workload.points, *shape)
                )
            )
            for name, (dtype, shape) in self.workload.fields.items()
        )

    def epoch(self, order: Order) -> Iterator[Iterable[Tensor]]:
        """Slices of the sections."""
        size, sections, verify = self.workload.batch_size, self._sections, self._verify
        for batch in order.positions:
            start = batch * size
            parts = [section[start : start + size] for section in sections]
            if verify:
                for part in parts:
                    xxh3_64_intdigest(part)
            yield tuple(map(torch.from_numpy, parts))


class TouchStore(RawStore):
    """Batches that are tensors in memory already: what remains is to touch their bytes."""

    def open(self, folder: Path, verify: bool) -> None:
        """Copy the sections and cut them."""
        super().open(folder, verify=False)
        whole = [torch.from_numpy(section.copy()) for section in self._sections]
        self._batches = [
            tuple(one[self.workload.rows(batch)] for one in whole) for batch in range(self.workload.batches)
        ]

    def epoch(self, order: Order) -> Iterator[Iterable[Tensor]]:
        """What was cut."""
        return (self._batches[batch] for batch in order.positions)
