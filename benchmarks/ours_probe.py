"""What is measured of this library alone: very many batches, one attribute of many, sources larger than the memory."""

from __future__ import annotations

import os
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.arrays import touch
from benchmarks.files import disk_bytes, sync_tree
from benchmarks.processes import anonymous_bytes, bytes_read
from benchmarks.slow import slow_managers
from benchmarks.stores.ours import array_stash
from zensols_like.batch import BatchShardStash, BatchStash

__all__ = ["OursProbe"]

_SMALL = {"x": (64,), "y": ()}
"""A batch of one of these has 264 bytes."""


class OursProbe:
    """One store of this library."""

    def __init__(self, name: str) -> None:
        self.name = name

    def _small(self, folder: str, batches: int) -> BatchStash:
        source = Path(folder) / f"source-{batches}"
        if not source.is_dir():
            source.mkdir(parents=True)
            rng = np.random.default_rng(batches)
            np.save(source / "x.npy", rng.standard_normal((batches, *_SMALL["x"]), dtype=np.float32))
            np.save(source / "y.npy", rng.integers(0, 10, batches))
        delegate = BatchShardStash(Path(folder) / f"store-{batches}", (set(_SMALL),))
        return array_stash(source, delegate, batch_size=1)

    def encode_small(self, folder: str, batches: int) -> dict[str, Any]:
        """Encode batches of one small data point each."""
        stash = self._small(folder, batches)
        began = time.perf_counter()
        stash.prime()
        seconds = time.perf_counter() - began
        nbytes, files = disk_bytes(Path(folder) / f"store-{batches}")
        return {"seconds": seconds, "bytes": nbytes, "files": files}

    def open_small(self, folder: str, batches: int) -> dict[str, Any]:
        """Open a store in this process, which has opened none before, and get its first batch."""
        stash = self._small(folder, batches)
        began = time.perf_counter()
        touch(stash["0"].attributes.values())
        return {"seconds": time.perf_counter() - began, "memory": anonymous_bytes()}

    def get_small(self, folder: str, batches: int, gets: int) -> dict[str, Any]:
        """Get random batches, each of them once before."""
        stash = self._small(folder, batches)
        names = list(map(str, np.random.default_rng(1).integers(0, batches, gets)))
        for name in names:
            touch(stash[name].attributes.values())
        times = []
        for name in names:
            began = time.perf_counter()
            touch(stash[name].attributes.values())
            times.append(time.perf_counter() - began)
        return {"p50": float(np.percentile(times, 50)), "p99": float(np.percentile(times, 99))}

    def epoch_small(self, folder: str, batches: int, most: int) -> dict[str, Any]:
        """The time of a batch in an epoch, of which only a part is done where it is long."""
        values = islice(self._small(folder, batches).splits["train"].values(), most)
        touch(next(iter(values)).attributes.values())
        count = 0
        began = time.perf_counter()
        for batch in values:
            touch(batch.attributes.values())
            count += 1
        return {"seconds": (time.perf_counter() - began) / count}

    def encode_mapped(self, source: str, folder: str, attributes: list[str], batch_size: int, workers: int) -> Any:
        """Encode arrays that stay on the disk."""
        delegate = BatchShardStash(Path(folder), (set(attributes),))
        array_stash(Path(source), delegate, batch_size, workers=workers, timeout_s=600).prime()  # always in processes
        return {}

    def encode_slow(self, folder: str, batches: int, workers: int) -> dict[str, Any]:
        """Encode batches that take some milliseconds each."""
        arrays = {"x": np.arange(32.0 * batches), "y": np.arange(32 * batches)}
        stash = array_stash(arrays, BatchShardStash(Path(folder), (set(arrays),)), 32, workers=workers)
        stash.vectorizer_manager_set = slow_managers("x", "y")
        began = time.perf_counter()
        stash.prime()
        return {"seconds": time.perf_counter() - began}

    def encode_wide(self, folder: str, attributes: int, points: int, size: int) -> dict[str, Any]:
        """Encode attributes of equal size, each in a group of its own."""
        rng = np.random.default_rng(1)
        arrays = {f"x{number}": rng.standard_normal((points, size), dtype=np.float32) for number in range(attributes)}
        source = Path(folder) / "source"
        source.mkdir(parents=True)
        for name, array in {**arrays, "y": np.zeros(points, np.int64)}.items():
            np.save(source / f"{name}.npy", array)
        self._wide(folder, attributes).prime()
        sync_tree(Path(folder))
        return {}

    def _wide(self, folder: str, attributes: int) -> BatchStash:
        names = [f"x{number}" for number in range(attributes)]
        delegate = BatchShardStash(Path(folder) / "store", [{"y"}, *({name} for name in names)])
        return array_stash(Path(folder) / "source", delegate, batch_size=64)

    def load_wide(self, folder: str, attributes: int, only: list[str] | None) -> dict[str, Any]:
        """Load all attributes or some of them from a disk whose files are not in memory; counts what is fetched."""
        stash = self._wide(folder, attributes).selecting(only)
        stash.prime()
        for path in (Path(folder) / "store").rglob("*.shard"):
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)
        before = bytes_read()
        for batch in stash.splits["train"].values():
            touch(batch.attributes.values())
        return {"bytes": bytes_read() - before}
