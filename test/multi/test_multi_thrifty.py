"""Where the number of workers is left to us, processes start only where they pay."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from zensols_like.multi import MultiProcessStash, ThriftyPool, WorkerPool
from zensols_like.persist import DirectoryStash


@dataclass
class WhoStash(MultiProcessStash):
    """Which process made each value."""

    def _create_data(self):
        return range(40)

    def _process(self, chunk):
        for number in chunk:
            yield str(number), os.getpid()


def makers(path: Path, **fields) -> list[int]:
    stash = WhoStash(DirectoryStash(path), None, "who", **{"chunk_size": 0, **fields})
    stash.prime()
    return [stash[str(number)] for number in range(40)]


@pytest.mark.process
@pytest.mark.parametrize("workers", [0, -1 if (os.cpu_count() or 1) > 2 else 0, 1.0])
def test_little_work_is_done_in_this_process(tmp_path, clock, workers):
    assert set(makers(tmp_path, workers=workers)) == {os.getpid()}


@pytest.mark.process
def test_much_work_is_begun_here_and_goes_on_in_processes(tmp_path, monkeypatch, clock):
    monkeypatch.setattr("zensols_like.multi.size.available_cpus", lambda: 2)
    clock.look_s = 1.0
    found = makers(tmp_path, workers=0)
    assert [maker == os.getpid() for maker in found] == [True] * 2 + [False] * 38
    assert len(set(found)) in (2, 3)


@pytest.mark.process
@pytest.mark.parametrize("fields", [{"workers": 2}, {"workers": 0, "timeout_s": 60}, {"workers": 2, "chunk_size": 50}])
def test_who_asks_for_processes_gets_them(tmp_path, monkeypatch, fields):
    monkeypatch.setattr("zensols_like.multi.size.available_cpus", lambda: 2)
    assert os.getpid() not in makers(tmp_path, **fields)


class Clock:
    """Time that passes where somebody says so, and with each look at it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.look_s = 0.0

    def monotonic(self) -> float:
        self.now += self.look_s
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("zensols_like.multi.pool.time", clock)
    return clock


@dataclass
class Worker:
    """Does numbers, each of which takes so many seconds; making ready and each call take some, too."""

    clock: Clock
    seconds: Callable[[int], float]
    ready_s: float = 0.0
    call_s: float = 0.0
    is_child: bool = False

    def work(self, piece: Sequence[int]) -> int:
        self.clock.now += self.ready_s + self.call_s + sum(map(self.seconds, piece))
        self.ready_s = 0.0
        return len(piece)


class Processes(WorkerPool[Sequence[int]]):
    """Says which piece is done in a process."""

    def _results(self, pieces: Iterable[Sequence[int]]) -> Iterator[str]:
        return (f"process: {len(piece)}" for piece in pieces)


def results_of(
    worker: Worker, total: int, workers: int = 1, piece: int = 10, part: int = 100
) -> tuple[list[int], list[str]]:
    """The lengths of the parts that are done here, and the pieces that are done in processes."""
    pool = ThriftyPool(worker, partial(nullcontext, Processes()), workers, total, piece, part)
    results = list(pool.run([range(total)]))
    here = [result for result in results if isinstance(result, int)]
    return here, [result for result in results if isinstance(result, str)]


@pytest.mark.parametrize("workers", [1, 2])
def test_quick_work_is_done_in_few_parts_that_are_as_long_as_is_said(clock, workers):
    assert results_of(Worker(clock, lambda _: 1e-6), 250, workers) == ([1, 16, 100, 100, 33], [])
    assert results_of(Worker(clock, lambda _: 1e-6), 25, workers, part=10) == ([1, 10, 10, 4], [])


def test_slow_work_gives_its_results_about_twice_a_second(clock):
    assert results_of(Worker(clock, lambda _: 0.1), 12) == ([1, 5, 5, 1], [])
    assert results_of(Worker(clock, lambda _: 2.0), 3) == ([1, 1, 1], [])


def test_what_each_call_takes_is_not_taken_for_every_single_item(clock):
    here, _ = results_of(Worker(clock, lambda _: 1e-6, call_s=0.05), 300)
    assert len(here) <= 6


def test_a_part_is_at_most_sixteen_times_as_long_as_the_one_before(clock):
    slow_after_three = Worker(clock, lambda number: 1e-6 if number < 3 else 1.0)
    assert results_of(slow_after_three, 40)[0][:2] == [1, 16]


STARTS = {
    "no sooner than a glance tells": (1000, 2, 0.1, 0.0, [1, 5]),
    "with more processes": (100, 8, 0.1, 0.0, [1, 5]),
    "though the first took long": (1000, 2, 0.1, 4.0, [1, 1, 5]),
    "also where each takes long": (8, 2, 60.0, 0.0, [1, 1]),
}


@pytest.mark.parametrize(("total", "workers", "each_s", "ready_s", "here"), STARTS.values(), ids=STARTS)
def test_processes_start_where_they_save_time(clock, total, workers, each_s, ready_s, here):
    worker = Worker(clock, lambda _: each_s, ready_s)
    parts, pieces = results_of(worker, total, workers, piece=1)
    assert parts == here
    assert pieces == ["process: 1"] * (total - sum(here))


STAYS = {
    "the first took long, and the rest does not": (1000, 2, 1e-5, 9.0, 10),
    "they would save less than they take": (44, 2, 0.1, 0.0, 1),
    "each would have to make ready, too": (100, 2, 0.1, 4.0, 1),
    "there is one piece left": (101, 2, 1.0, 0.0, 100),
    "there is one worker": (1000, 1, 1.0, 0.0, 10),
    "there is nothing left": (2, 2, 60.0, 0.0, 1),
}


@pytest.mark.parametrize(("total", "workers", "each_s", "ready_s", "piece"), STAYS.values(), ids=STAYS)
def test_processes_do_not_start_where(clock, total, workers, each_s, ready_s, piece):
    parts, pieces = results_of(Worker(clock, lambda _: each_s, ready_s), total, workers, piece)
    assert (sum(parts), pieces) == (total, [])


def test_without_work_nothing_is_done(tmp_path, clock):
    assert results_of(Worker(clock, lambda _: 1.0), 0) == ([], [])
    stash = WhoStash(DirectoryStash(tmp_path), None, "who", 0, 2)
    assert stash._spawn_work(()) == 0


@pytest.mark.process
def test_one_worker_of_a_share_is_a_process_where_there_is_a_limit_of_time(tmp_path, monkeypatch):
    monkeypatch.setattr("zensols_like.multi.size.available_cpus", lambda: 2)
    assert os.getpid() not in makers(tmp_path / "half", workers=0.5, timeout_s=60)
    assert set(makers(tmp_path / "one", workers=1, timeout_s=60)) == {os.getpid()}
