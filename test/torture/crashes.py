"""C-1, C-2, C-3: kills at every system call and at random times, signals, and the deaths of workers."""

from __future__ import annotations

import signal
import time

from torture.cases import Bench, case
from torture.faults import CALLS, Fault
from torture.store import encode, trace

from zensols_like.errors import WorkerError
from zensols_like.failpoints import POINTS

KINDS = ("files", "shards")
UNSEEN = {"close", "fsync"}
"""Calls that change nothing that another process could see."""


@case("C-1", "kill -9 at every system call of an encode", "kills", short=4)
def killed_at_every_call(bench: Bench, seed: int) -> int:
    container, action = KINDS[seed % 2], ("kill", "torn")[seed // 2]
    calls = bench.nursery.call(trace, bench.place("trace", container, 8))
    failures = []
    kills = 0
    for number, call in enumerate(calls, start=1):
        if call.name in (UNSEEN if action == "kill" else set(CALLS) - {"writev"}):
            continue
        kills += 1
        place = bench.place("store", container, 8)
        end = bench.nursery.run(encode, place, Fault(number, action, str(place.folder)))
        assert end.code == -signal.SIGKILL, end.trace
        try:
            bench.require_resumable(place)
        except AssertionError as error:
            failures.append(f"{action} at call {number} of {len(calls)}, {call[:3]}:\n{error}")
    assert not failures, f"{len(failures)} of {kills}\n" + "\n\n".join(failures)
    return kills


@case("C-1", "kill -9 of the process group at a random time", "kills", short=12, goal=200)
def killed_at_random(bench: Bench, seed: int) -> int:
    place = bench.place(container=KINDS[seed % 2])
    workers = bench.random.choice([1, 2, 3])
    for _ in range(bench.random.choice([1, 1, 2])):
        child = bench.nursery.start(encode, place, workers=workers)
        time.sleep(bench.random.uniform(0, 0.25))
        child.kill()
        child.wait()
    bench.require_resumable(place, workers=bench.random.choice([1, 2]))
    return 1


@case("C-1", "a torn line of the journal, and another kill after it", "kills", short=8)
def killed_twice(bench: Bench, seed: int) -> int:
    place = bench.place(container=KINDS[seed % 2])
    journal = str(place.folder / "batch/.store/journal.jsonl")
    for fault in (Fault(1 + seed // 2, "torn", journal, "writev"), Fault(2, "kill", journal, "writev")):
        end = bench.nursery.run(encode, place, fault)
        assert end.code == -signal.SIGKILL, end.trace
    bench.require_resumable(place)
    return 2


@case("C-2", "SIGINT and SIGTERM at a random time", "signals", short=8, goal=100)
def stopped(bench: Bench, seed: int) -> int:
    place = bench.place(container=KINDS[seed % 2])
    number, code = ((signal.SIGINT, 130), (signal.SIGTERM, 143))[seed // 2 % 2]
    child = bench.nursery.start(encode, place, workers=1 + seed // 4 % 2)
    time.sleep(bench.random.uniform(0, 0.15))
    while not place.has_begun:  # before that a signal is the business of Python
        time.sleep(0.001)
    child.kill(number, group=number == signal.SIGINT)
    end = child.wait()
    assert end.code in (0, code, -number), end.trace
    was_stopped = "Call the same again" in "".join(getattr(end.error, "__notes__", ()))
    # else the signal came after the last commit, when it is the business of Python again
    bench.require_resumable(place, at_least=0 if was_stopped else place.batches, workers=2)
    return 1


DEATHS = {
    "kill": "signal 9",
    "segfault": "signal 11",
    "exit": "exit code 0",
    "memory": "out of memory",
    "hang": "no answer within timeout_s = 3",
}


@case("C-3", "a worker dies: killed, SIGSEGV, os._exit(0), out of memory, hangs", "deaths", short=10, goal=150)
def worker_dies(bench: Bench, seed: int) -> int:
    how, is_constant = list(DEATHS)[seed % 5], seed // 5 % 2 == 1
    place = bench.place(container=bench.random.choice(KINDS))
    at = bench.random.randrange(place.n)
    chunk_size = bench.random.choice([1, 3])
    death = f"{how}:{at}:{99 if is_constant else 1}:{bench.folder / 'deaths'}"
    timeout_s = 3.0 if how == "hang" else 600.0
    options = {"death": death, "workers": bench.random.choice([2, 3]), "timeout_s": timeout_s, "chunk_size": chunk_size}
    child = bench.nursery.start(encode, place, **options)
    end = child.wait()
    deaths = (bench.folder / "deaths").stat().st_size
    if is_constant:
        assert deaths == 2 or how == "memory"  # which the codec looks at again, value by value
        error = end.error
        assert isinstance(error, WorkerError), end.trace
        assert error.exit_code == 5
        assert error.what.count(DEATHS[how]) == 2, error
        assert f"batch {str(at // 4)!r}" in (error.where or ""), error
        bench.require_resumable(place, workers=2)
    else:
        assert deaths == 1, "the work was not done again"
        assert (end.code, end.value) == (0, bench.reference(place)), end.trace
    return deaths


@case("C-1", "kill -9 of a worker or of the encoder at every named failpoint", "kills", short=8, goal=100)
def killed_at_failpoint(bench: Bench, seed: int) -> int:
    """A worker that is lost is replaced; its successor may pass the point as often, and is lost again."""
    name = POINTS[seed % len(POINTS)]
    container = (
        "shards" if name.startswith("shard") else "files" if name.startswith("file") else bench.random.choice(KINDS)
    )
    place = bench.place(container=container)
    points = f"{name}=kill@{bench.random.randrange(1, 9)}"
    method = "fork" if seed < len(POINTS) else bench.random.choice(["fork", "spawn", "forkserver"])
    end = bench.nursery.run(encode, place, points=points, workers=bench.random.choice([1, 2]), start_method=method)
    assert end.code in (0, -signal.SIGKILL) or isinstance(end.error, WorkerError), end.trace
    bench.require_resumable(place)
    return 1


@case("C-15", "equal bytes for any workers, chunks, start methods and containers", "encodes", short=8, goal=48)
def combination(bench: Bench, seed: int) -> int:
    place = bench.place(container=KINDS[seed % 2])
    options = {
        "workers": (1, 2, 3, 4)[seed // 2 % 4],
        "chunk_size": (1, 0, 5)[seed // 8 % 3],
        "start_method": "fork" if seed < 24 else bench.random.choice(["fork", "spawn", "forkserver"]),
    }
    end = bench.nursery.run(encode, place, journal_s=bench.random.choice([0.0, 0.1, 1.0]), **options)
    assert (end.code, end.value) == (0, bench.reference(place)), f"{options}\n{end.trace}"
    return 1
