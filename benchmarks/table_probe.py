"""What can be measured of a store of the rows of a table, in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from torch import Tensor

from benchmarks.arrays import touch
from benchmarks.catalog import TABLES
from benchmarks.files import disk_bytes, sync_tree, warm_pages
from benchmarks.table import TableStore

__all__ = ["TableProbe"]


class TableProbe:
    """One store of a table."""

    def __init__(self, name: str) -> None:
        self.entry = TABLES[name]

    def start(self, csv: str, rows: int, folder: str) -> dict[str, Any]:
        """Import the library, and learn what to work on."""
        self._csv, self._rows, self._folder = Path(csv), rows, Path(folder)
        self._make()
        return {}

    def _make(self) -> TableStore:
        store: TableStore = self.entry.make(self._csv, self._folder)
        return store

    def encode(self, workers: int) -> dict[str, Any]:
        """From the CSV file to durable batches."""
        warm_pages(self._folder, self._csv.stat().st_size)
        store = self._make()
        began = time.perf_counter()
        store.encode(workers)
        written = time.perf_counter()
        sync_tree(self._folder)
        durable = time.perf_counter()
        nbytes, files = disk_bytes(self._folder)
        return {"unsynced": written - began, "seconds": durable - began, "bytes": nbytes, "files": files}

    def load(self) -> dict[str, Any]:
        """Open what was encoded and read all of it; then read it once more."""
        store = self._make()
        store.prepare()
        began = time.perf_counter()
        store.open()
        self._read(store.epoch())
        opened = time.perf_counter()
        self._read(store.epoch())
        return {"seconds": opened - began, "again": time.perf_counter() - opened}

    def _read(self, batches: Iterable[Iterable[Tensor]]) -> None:
        rows = 0
        for batch in batches:
            tensors = tuple(batch)
            touch(tensors)
            rows += len(tensors[0])
        if rows != self._rows:
            raise RuntimeError(f"{self.entry.name} has {rows} rows, not {self._rows}")
