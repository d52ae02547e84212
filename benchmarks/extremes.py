"""Many small batches, slow ones, wide ones, and more data than memory: this library alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.catalog import OURS
from benchmarks.figures import Figure
from benchmarks.process import Measured
from benchmarks.processes import MemoryWatch, baseline_bytes
from benchmarks.run import Run
from benchmarks.workload import WORKLOADS, write_arrays

__all__ = ["run_memory", "run_shared", "run_small", "run_wide"]

_SMALL = (1_000, 10_000, 100_000, 1_000_000)
_SMALL_UNITS = {
    "encode a batch": "s",
    "files": "files",
    "bytes a batch": "B",
    "open": "s",
    "memory of an open store": "B",
    "random get, median": "s",
    "random get, p99": "s",
    "batch of an epoch": "s",
    "ls --count": "s",
}
"""What is measured of each size, in the order of the page."""
_LEAST = 100
_GETS = 20_000
_MOST = 100_000
"""The batches of an epoch that is only begun."""
_SLOW = 1_000
_ATTRIBUTES = 10
_STORE = "batches"


@contextmanager
def _probe(run: Run) -> Iterator[Measured]:
    """A new process."""
    run.folder.mkdir(parents=True, exist_ok=True)
    with Measured(OURS, run.folder / "log.txt") as probe:
        yield probe


def run_small(run: Run) -> None:
    """Stores of 10^3 to 10^6 batches of a few hundred bytes: a batch must cost the same in all of them."""
    folder = run.folder / "S"
    sizes = sorted({max(round(size * run.results.scale), _LEAST) for size in _SMALL})
    baseline = baseline_bytes()
    shutil.rmtree(folder, ignore_errors=True)
    stores = {size: {"folder": str(folder), "batches": size} for size in sizes}
    found: dict[int, dict[str, list[float]]] = {size: {name: [] for name in _SMALL_UNITS} for size in sizes}
    for size, store in stores.items():
        with _probe(run) as probe:
            encoded = probe.ask("encode_small", **store)
        found[size]["encode a batch"].append(encoded["seconds"] / size)
        found[size]["files"].append(encoded["files"])
        found[size]["bytes a batch"].append(encoded["bytes"] / size)
    for _ in range(run.rounds):  # the sizes take turns, as a machine that is slower for a while is so for all of them
        for size, store in stores.items():
            with _probe(run) as probe:
                opened = probe.ask("open_small", **store)  # by a process that has opened nothing yet
                got = probe.ask("get_small", **store, gets=min(_GETS, size))
                epoch = probe.ask("epoch_small", **store, most=_MOST)
            found[size]["open"].append(opened["seconds"])
            found[size]["memory of an open store"].append(opened["memory"] - baseline)
            found[size]["random get, median"].append(got["p50"])
            found[size]["random get, p99"].append(got["p99"])
            found[size]["batch of an epoch"].append(epoch["seconds"])
            found[size]["ls --count"].append(_list(folder / f"store-{size}", size))
    run.results.add(
        (
            Figure("small", "S", _STORE, rounds, _SMALL_UNITS[name], {"batches": size, "measure": name})
            for size, measured in found.items()
            for name, rounds in measured.items()
        ),
        {_STORE: probe.versions},
    )
    shutil.rmtree(folder, ignore_errors=True)


def _list(store: Path, batches: int) -> float:
    began = time.perf_counter()
    command = [sys.executable, "-m", "zensols_like", "ls", "--count", str(store)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - began
    if str(batches) not in found.stdout:
        raise RuntimeError(f"ls --count says {found.stdout!r} of {batches} batches")
    return seconds


def run_shared(run: Run) -> None:
    """Encode what takes long enough to be shared, with one worker and with two; each in a process that has none yet."""
    batches = max(round(_SLOW * run.results.scale), _LEAST)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for number in range(run.rounds):
        for workers in (1, 2) if number % 2 == 0 else (2, 1):
            folder = run.folder / "shared"
            shutil.rmtree(folder, ignore_errors=True)
            with _probe(run) as probe:
                answer = probe.ask("encode_slow", folder=str(folder), batches=batches, workers=workers)
            seconds[workers].append(answer["seconds"])
            shutil.rmtree(folder)
    run.results.add(
        (Figure("shared", "slow", _STORE, rounds, how={"workers": workers}) for workers, rounds in seconds.items()),
        {_STORE: probe.versions},
    )


def run_memory(run: Run) -> None:
    """The peak memory of all processes that encode W3 and a larger W3, whose source stays on the disk."""
    for factor in (1.0, run.memory_factor):
        workload = WORKLOADS["W3"].scaled(run.results.scale * factor)
        source = write_arrays(workload, run.folder / "source")
        peaks = []
        for _ in range(run.rounds):
            folder = run.folder / "memory"
            shutil.rmtree(folder, ignore_errors=True)
            with _probe(run) as probe, MemoryWatch(probe.pid) as watch:
                probe.ask(
                    "encode_mapped",
                    source=str(source),
                    folder=str(folder),
                    attributes=list(workload.fields),
                    batch_size=workload.batch_size,
                    workers=2,
                )
            peaks.append(float(watch.peak))
            shutil.rmtree(folder)
        how = {"factor": factor, "source_bytes": workload.nbytes}
        run.results.add([Figure("memory", "W3", _STORE, peaks, "B", how)], {_STORE: probe.versions})


def run_wide(run: Run) -> None:
    """The bytes that are fetched from the disk for one of ten wide attributes, and for all."""
    folder = run.folder / "wide"
    points = max(round(4_096 * run.results.scale), 128)
    store: dict[str, Any] = {"folder": str(folder), "attributes": _ATTRIBUTES}
    shutil.rmtree(folder, ignore_errors=True)
    with _probe(run) as probe:
        probe.ask("encode_wide", **store, points=points, size=1024)
    for name, only in (("one of ten", ["x3"]), ("all", None)):
        fetched = []
        for _ in range(run.rounds):
            with _probe(run) as probe:
                fetched.append(float(probe.ask("load_wide", **store, only=only)["bytes"]))
        how = {"attributes": name, "payload": points * 4 * 1024 * (1 if only else _ATTRIBUTES)}
        run.results.add([Figure("wide", "ten attributes", _STORE, fetched, "B", how)], {_STORE: probe.versions})
    shutil.rmtree(folder)
