"""What a training loop waits for: ``python -m benchmarks.train W2 W3``, on the GPU where there is one.

On the CPU: the loader with an empty step against a plain loop over batches, how much of the load is hidden behind a
step that takes as long, and what a seek costs.  With CUDA: the loader against the slower of the copy from pinned memory
and reading, verifying and packing on the host, and the part of a step that is spent waiting.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from benchmarks.environments import HERE
from benchmarks.figures import Figure, Results
from benchmarks.stores.ours import array_stash
from benchmarks.training import CACHED, hidden_part, reached_from_cache, reached_part
from benchmarks.workload import WORKLOADS, Workload, make_arrays
from zensols_like.batch import BatchShardStash, BatchStash
from zensols_like.loader import BatchLoader, BatchSchedule, ShardContext
from zensols_like.loader.packed import pack

__all__ = ["main"]

Ways = Mapping[str, Callable[[], float]]
"""By name something to measure; it gives seconds, or a part of one."""


def open_stash(workload: Workload, folder: Path) -> BatchStash:
    """The batches of a workload, encoded when they are not there."""
    arrays = make_arrays(workload, slice(0, workload.points))
    delegate = BatchShardStash(folder / workload.name, (set(workload.fields),))
    stash = array_stash(arrays, delegate, workload.batch_size, stale="rebuild")
    stash.prime()
    return stash


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """The seconds of a call."""

    def measure() -> float:
        began = perf_counter()
        work()
        return perf_counter() - began

    return measure


def repeat(step: Callable[[], object], times: int) -> None:
    """A step so many times."""
    for _ in range(times):
        step()


def plain(stash: BatchStash, step: Callable[[], object] = int) -> None:
    """A loop over batches without a loader."""
    for batch in stash.splits["train"].values():
        batch.attributes  # noqa: B018 - decodes
        step()


def train(loader: BatchLoader[Any], step: Callable[[], object] = int) -> None:
    """An epoch."""
    for _ in loader:
        step()


def ways_on_cpu(stash: BatchStash) -> Ways:
    """What is measured on the CPU."""
    loader = stash.loader("train")
    for _ in range(3):
        plain(stash)
        train(loader)
    load_s = min(timed(lambda: plain(stash))() for _ in range(5)) / len(loader)
    working = stash.loader("train")

    def step() -> None:
        time.sleep(load_s)  # as a step that waits for a device

    return {
        "plain loop": timed(lambda: plain(stash)),
        "loader": timed(lambda: train(loader)),
        "steps": timed(lambda: repeat(step, len(loader))),
        "plain loop with steps": timed(lambda: plain(stash, step)),
        "loader with steps": timed(lambda: train(working, step)),
    }


def say_on_cpu(found: Mapping[str, float]) -> Iterator[str]:
    """What follows from the medians."""
    yield f"loader / plain loop {found['loader'] / found['plain loop']:.2f}"
    yield f"of the load hidden {hidden_part(found):.0%}"


def ways_on_gpu(stash: BatchStash, workers: int) -> Ways:
    """What is measured on the GPU; all figures are seconds of an epoch, but for the waits."""
    device = torch.device("cuda")
    batches = len(stash.ids_of("train"))
    packed = pack(stash[stash.ids_of("train")[0]].attributes).buffer.pin_memory()
    slots = [torch.empty(packed.nbytes, dtype=torch.uint8, pin_memory=True) for _ in range(workers)]

    def copy() -> None:
        for _ in range(batches):
            packed.to(device, non_blocking=True)
        torch.cuda.synchronize()

    def read(worker: int) -> None:
        for batch_id in list(stash.ids_of("train"))[worker::workers]:
            pack(stash.load(batch_id).attributes, slots[worker])

    def read_all() -> None:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(read, range(workers)))

    def run(loader: BatchLoader[Any], step: Callable[[], object] = int) -> None:
        train(loader, step)
        torch.cuda.synchronize()

    options: dict[str, Any] = {"device": device, "workers": workers, "prefetch": 2 * workers}
    loader, cached = stash.loader("train", **options), stash.loader("train", cache="cpu", **options)
    for one in (loader, cached):
        run(one)
    load_s = min(timed(lambda: run(loader))() for _ in range(3)) / batches
    busy = torch.rand(1024, 1024, device=device)

    def multiply() -> None:
        torch.mm(busy, busy)

    multiply()
    torch.cuda.synchronize()
    began = perf_counter()
    repeat(multiply, 100)
    torch.cuda.synchronize()
    one_s = (perf_counter() - began) / 100
    working = stash.loader("train", **options)

    def step() -> None:
        repeat(multiply, max(1, round(load_s / one_s)))
        torch.cuda.current_stream().synchronize()  # as a loop that looks at its loss

    def wait() -> float:
        working.stats.snapshot(reset=True)
        run(working, step)
        return working.stats.wait_share

    return {
        "pinned copy": timed(copy),
        "read, verify, pack": timed(read_all),
        "loader": timed(lambda: run(loader)),
        CACHED: timed(lambda: run(cached)),
        "data wait": wait,
    }


def say_on_gpu(found: Mapping[str, float]) -> Iterator[str]:
    """What follows from the medians."""
    yield f"loader reaches {reached_part(found):.0%} of what is possible"
    yield f"with cache='cpu' {reached_from_cache(found):.0%} of the copy"
    yield f"data wait {found['data wait']:.1%} of step"


def seeks() -> Ways:
    """A seek in a million batches, and the first step there."""
    ids = [str(number) for number in range(10**6)]

    def seek(step: int) -> None:
        schedule = BatchSchedule(ids, shuffle="batch")
        schedule.take(schedule.seek(3, step, 1), ShardContext())

    return {f"seek to {step}": timed(lambda step=step: seek(step)) for step in (0, 900_000)}  # type: ignore[misc]


def measure(ways: Ways, rounds: int) -> dict[str, list[float]]:
    """All ways in turns."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(way())
    return found


def main() -> None:
    """Measure what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.train", description=__doc__)
    parser.add_argument("wanted", nargs="*", choices=[[], *WORKLOADS], metavar="WORKLOAD", help=f"of {[*WORKLOADS]}")
    parser.add_argument("--rounds", type=int, default=9, help="how often everything is measured (%(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="the size of the workloads (%(default)s)")
    parser.add_argument("--workers", type=int, default=4, help="threads that read for the GPU (%(default)s)")
    parser.add_argument("--folder", type=Path, default=HERE.parent / "target" / "benchmarks" / "train")
    parser.add_argument("--results", type=Path, default=HERE / "results", help="for figures")
    options = parser.parse_args()
    torch.set_num_threads(1)
    has_gpu = torch.cuda.is_available()
    device = torch.cuda.get_device_name() if has_gpu else "CPU"
    results = Results(options.results, options.scale)
    for name in options.wanted or WORKLOADS:
        stash = open_stash(WORKLOADS[name].scaled(options.scale), options.folder)
        ways = {"cpu": ways_on_cpu(stash)} | ({"gpu": ways_on_gpu(stash, options.workers)} if has_gpu else {})
        for kind, own in ways.items():
            found = measure(own, options.rounds)
            medians = {way: statistics.median(rounds) for way, rounds in found.items()}
            print(name, kind, *(say_on_gpu if kind == "gpu" else say_on_cpu)(medians), sep=" · ", flush=True)
            record(results, name, found, device)
    found = measure(seeks(), 3)
    print(*(f"{way} {statistics.median(rounds) * 1e3:.0f} ms" for way, rounds in found.items()), sep=" · ")
    record(results, "S", found, device)


def record(results: Results, workload: str, found: Mapping[str, list[float]], device: str) -> None:
    """Keep the figures."""
    versions = {"torch": torch.__version__, "python": sys.version.split()[0]}
    figures = [Figure("train", workload, way, rounds, how={"device": device}) for way, rounds in found.items()]
    results.add(figures, {figure.store: versions for figure in figures})


if __name__ == "__main__":
    main()
