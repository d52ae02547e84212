"""What can be measured of a store of arrays, in a process of its own."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from xxhash import xxh3_64_intdigest

from benchmarks.catalog import CATALOG
from benchmarks.files import disk_bytes, sync_tree, warm_pages
from benchmarks.store import Order, Store
from benchmarks.workload import WORKLOADS, Workload, read_arrays

__all__ = ["ArrayProbe", "touch"]

_MOST_WRITES = 3


def touch(tensors: Iterable[Tensor]) -> None:
    """Read every byte in the cheapest way there is for its type."""
    for tensor in tensors:
        if tensor.dtype == torch.bool:  # whose sum takes ten times as long as that of other numbers
            np.maximum.reduce(tensor.numpy().view(np.uint8), axis=None)
        else:
            tensor.sum()


def _verified(batches: Iterable[Iterable[Tensor]]) -> Iterator[Iterable[Tensor]]:
    """Batches whose bytes went through the checksum once, as those of a store that verifies."""
    for batch in batches:
        tensors = tuple(batch)
        for tensor in tensors:
            xxh3_64_intdigest(tensor.numpy())
        yield tensors


class ArrayProbe:
    """One store and what can be measured of it."""

    def __init__(self, name: str) -> None:
        self.entry = CATALOG[name]
        self._opened: dict[bool, Store] = {}
        self._arrays: dict[str, np.ndarray[Any, Any]] = {}

    def start(self, workload: str, scale: float, source: str, folder: str) -> dict[str, Any]:
        """Import the library, and learn what to work on."""
        self._workload = WORKLOADS[workload].scaled(scale)
        self._source, self._folder = Path(source), Path(folder)
        self._opened.clear()
        self._arrays.clear()
        self.entry.make(self._workload)
        return {}

    def write(self, workers: int, budget: float = 0.0) -> dict[str, Any]:
        """Write everything anew from arrays in memory: until the call returned, and until all files are durable.

        Of as many times as the budget allows, three at most, the quickest: that in which others disturbed least.
        """
        done = [self._write(workers)]
        while len(done) < _MOST_WRITES and sum(times["seconds"] for times in done) < budget:
            done.append(self._write(workers))
        return min(done, key=lambda times: times["seconds"])

    def _write(self, workers: int) -> dict[str, Any]:
        self._opened.clear()
        self._arrays = self._arrays or read_arrays(self._source)
        warm_pages(self._folder, self._workload.nbytes)
        store = self.entry.make(self._workload)
        began = time.perf_counter()
        store.write(self._arrays, self._folder, workers)
        written = time.perf_counter()
        sync_tree(self._folder)
        durable = time.perf_counter()
        nbytes, files = disk_bytes(self._folder)
        return {"unsynced": written - began, "seconds": durable - began, "bytes": nbytes, "files": files}

    def first(self, verify: bool) -> dict[str, Any]:
        """From opening the store to its first tensor."""
        began = time.perf_counter()
        store = self.entry.make(self._workload)
        store.open(self._folder, verify)
        touch(next(iter(store.epoch(Order(range(self._workload.batches))))))
        return {"seconds": time.perf_counter() - began}

    def epoch(self, seed: int | None, verify: bool, budget: float) -> dict[str, Any]:
        """The time of the quickest epoch of as many as the budget allows, in which others disturbed least."""
        store = self._open(verify)
        order = _order(self._workload, seed)
        adds_check = verify and not self.entry.checks
        times: list[float] = []
        gc.collect()
        while not times or sum(times) < budget:
            count = 0
            began = time.perf_counter()
            batches = store.epoch(order)
            for batch in _verified(batches) if adds_check else batches:
                touch(batch)
                count += 1
            times.append(time.perf_counter() - began)
            if count != self._workload.batches:
                raise RuntimeError(f"an epoch of {self.entry.name} has {count} batches, not {self._workload.batches}")
        return {"seconds": min(times), "epochs": len(times)}

    def check(self) -> dict[str, Any]:
        """Whether an epoch gives exactly what was written."""
        arrays = read_arrays(self._source, in_memory=False)
        store = self._open(verify=False)
        order = _order(self._workload, None)
        batches = 0
        for batch, tensors in zip(order.positions, store.epoch(order), strict=True):
            rows = self._workload.rows(batch)
            got = {(tensor.dtype, tensor.shape): tensor for tensor in tensors}
            for name, array in arrays.items():
                wanted = torch.from_numpy(np.array(array[rows]))
                found = got.get((wanted.dtype, wanted.shape))
                if found is None or not torch.equal(found, wanted):
                    raise RuntimeError(f"{self.entry.name} gives other numbers for {name!r} of batch {batch}")
            batches += 1
        return {"batches": batches}

    def _open(self, verify: bool) -> Store:
        verify = verify and self.entry.checks
        if verify not in self._opened:
            store = self.entry.make(self._workload)
            store.open(self._folder, verify)
            self._opened[verify] = store
        return self._opened[verify]


def _order(workload: Workload, seed: int | None) -> Order:
    if seed is None:
        return Order(range(workload.batches))
    return Order(np.random.default_rng(seed).permutation(workload.batches).tolist(), seed)
