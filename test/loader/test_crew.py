"""Who reads: threads where they hide something, the loop itself where a hand-over costs more than it saves."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from loader_fakes import FakeBatch, fake_loader, fake_source, load, wait_for

from zensols_like.errors import BatchError
from zensols_like.loader import BatchLoader, LoaderOptions
from zensols_like.loader.pace import WINDOW, Pace

BY_PROCESSES = pytest.param({"workers": 2, "worker_type": "process"}, marks=pytest.mark.process)


class Machine:
    """Steps and loads of some length, with threads that cost and hide as much as they are told."""

    def __init__(self, workers: int, load_s: float, step_s: float, helped_s: float) -> None:
        self.pace = Pace(workers)
        self.load_s = load_s
        self.step_s = step_s
        self.helped_s = helped_s
        self.helped: list[bool] = []

    def run(self, windows: int, disturbed: int = 0) -> Machine:
        """So many windows, in each of which some batches take very long."""
        for _ in range(windows):
            self.helped.append(self.pace.pays)
            period = self.helped_s if self.pace.pays else self.step_s + self.load_s
            self.pace.saw([1.0] * disturbed + [period] * (WINDOW - disturbed), self.step_s, self.load_s)
        return self


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("helped_s", [90e-6, 130e-6])
def test_the_loop_keeps_to_the_quicker_way(workers: int, helped_s: float) -> None:
    helped = Machine(workers, load_s=20e-6, step_s=80e-6, helped_s=helped_s).run(1000).helped
    assert helped[0]
    assert helped.count(helped_s < 100e-6) > 900


def test_a_trial_that_went_wrong_is_repeated_soon() -> None:
    machine = Machine(1, load_s=20e-6, step_s=80e-6, helped_s=200e-6).run(20)
    machine.helped_s = 85e-6
    assert machine.run(200).helped[-100:].count(True) > 90


def test_a_trial_that_was_disturbed_is_not_believed_for_long() -> None:
    machine = Machine(1, load_s=20e-6, step_s=80e-6, helped_s=85e-6).run(200)
    machine.step_s = 30e-6  # for once the loop alone is quicker, by far
    while machine.pace.pays:
        machine.run(1)
    machine.run(2)
    machine.step_s = 80e-6
    assert machine.run(100).helped[-50:].count(True) > 45


def test_batches_that_were_disturbed_decide_nothing() -> None:
    assert Machine(1, load_s=20e-6, step_s=80e-6, helped_s=90e-6).run(300, disturbed=4).helped.count(True) > 250


def test_where_there_is_nothing_to_hide_a_load_behind_threads_are_tried_once() -> None:
    assert Machine(1, load_s=20e-6, step_s=1e-7, helped_s=60e-6).run(1000).helped.count(True) == 2
    assert Machine(2, load_s=20e-6, step_s=1e-7, helped_s=60e-6).run(1000).helped.count(True) > 5  # side by side


def test_a_loop_that_waits_once_for_many_batches_is_not_taken_for_a_quick_one() -> None:
    pace = Pace(1)
    for _ in range(100):
        waits = [1e-6] * 7 + [400e-6]  # as threads deliver that are asked for eight at a time
        pace.saw(waits * (WINDOW // 8) if pace.pays else [30e-6] * WINDOW, step_s=5e-6, load_s=20e-6)
    assert not pace.pays


def test_long_loads_that_can_be_hidden_are_left_to_threads_without_a_trial() -> None:
    assert all(Machine(1, load_s=10e-3, step_s=10e-3, helped_s=21e-3).run(500).helped)
    assert not any(Machine(1, load_s=10e-3, step_s=1e-6, helped_s=11e-3).run(500).helped[2:])


class Readers:
    """Reads as told and notes in which thread, and how often a batch was read."""

    def __init__(self, load_s: float) -> None:
        self.load_s = load_s
        self.counts: Counter[str] = Counter()
        self.threads: list[int] = []

    def load(self, batch_id: str) -> FakeBatch:
        self.counts[batch_id] += 1
        self.threads.append(threading.get_ident())
        if self.load_s > 0:
            time.sleep(self.load_s * random.random())
        return load(batch_id)


def test_batches_that_cost_nothing_are_read_by_the_loop_itself() -> None:
    readers = Readers(0.0)
    loader = fake_loader(1000, readers.load)
    for _ in range(3):
        for _ in loader:
            pass
    assert readers.threads.count(threading.get_ident()) > 1500


def test_batches_that_take_as_long_as_a_step_are_read_by_threads() -> None:
    readers = Readers(0.004)
    for _ in fake_loader(60, readers.load, prefetch=4):
        time.sleep(0.006)
    assert readers.threads.count(threading.get_ident()) < 20


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("prefetch", [1, 2, 8])
def test_whoever_reads_a_batch_it_is_read_once_and_comes_in_order(workers: int, prefetch: int) -> None:
    readers = Readers(0.001)
    got = []
    for batch in fake_loader(120, readers.load, workers=workers, prefetch=prefetch):
        got.append(batch.id)
        if random.random() < 0.5:
            time.sleep(0.001 * random.random())
    assert got == [str(number) for number in range(120)]
    assert set(readers.counts.values()) == {1}


@pytest.mark.parametrize("workers", [1, 3])
def test_threads_leave_when_nothing_is_left_to_read_though_the_loop_goes_on(workers: int) -> None:
    loop = iter(fake_loader(12, prefetch=8, workers=workers))
    got = [next(loop).id for _ in range(11)]
    wait_for(lambda: all(thread.name != "zensols_like.loader" for thread in threading.enumerate()))
    assert got + [batch.id for batch in loop] == [str(number) for number in range(12)]


def exit_at_three(batch_id: str) -> FakeBatch:
    if batch_id == "3":
        raise SystemExit(4)
    time.sleep(0.002)
    return load(batch_id)


def test_an_exit_in_a_thread_reaches_the_loop() -> None:
    loop = iter(fake_loader(6, exit_at_three))
    for expected in ("0", "1", "2"):
        assert next(loop).id == expected
        time.sleep(0.005)
    with pytest.raises(SystemExit):
        next(loop)


# ---- a pause


def test_nobody_reads_ahead_in_a_pause() -> None:
    readers, may_end = Readers(0.0), threading.Event()

    def read(batch_id: str) -> FakeBatch:
        batch = readers.load(batch_id)
        if int(batch_id) >= 12:
            may_end.wait(300)
        return batch

    loader = fake_loader(40, read, workers=2, prefetch=8)
    got = []
    for batch in loader:
        got.append(batch.id)
        if len(got) == 10:
            wait_for(lambda: readers.counts.total() == 14)  # each thread has begun one more
            with loader.paused():
                may_end.set()  # what is being read is read to its end
                time.sleep(0.1)
                assert readers.counts.total() == 14 < 10 + 8
    assert got == [str(number) for number in range(40)]
    assert set(readers.counts.values()) == {1}


@pytest.mark.parametrize("way", [{"workers": 2}, {"workers": 0}, {"cache": "cpu"}, BY_PROCESSES])
def test_a_loop_in_a_pause_reads_itself(way: dict[str, Any]) -> None:
    with fake_loader(20, **way) as loader:
        loop = iter(loader)
        got = [next(loop).id for _ in range(3)]
        with loader.paused():
            got += [next(loop).id for _ in range(7)]
        assert got + [batch.id for batch in loop] == [str(number) for number in range(20)]


def test_a_loop_that_begins_in_a_pause_starts_no_thread() -> None:
    readers = Readers(0.001)
    loader = fake_loader(20, readers.load, workers=2)
    with loader.paused(), loader.paused():
        for _ in loader:
            time.sleep(0.001)
    assert set(readers.threads) == {threading.get_ident()}


@pytest.mark.parametrize("load_s", [0.0, 0.001])
def test_a_helper_begins_with_several_batches_only_where_they_take_a_moment(load_s: float) -> None:
    begun: dict[bool, list[int]] = {True: [], False: []}
    loop_thread = threading.get_ident()

    def load_many(ids: Sequence[str]) -> Iterator[FakeBatch]:
        begun[threading.get_ident() == loop_thread].append(len(ids))
        for batch_id in ids:
            time.sleep(load_s)
            yield load(batch_id)

    loader = BatchLoader(replace(fake_source(400), load_many=load_many), LoaderOptions(prefetch=16))
    loader._pace.saw = _let_threads_help(loader._pace)  # type: ignore[method-assign]
    got = []
    for batch in loader:
        got.append(batch.id)
        time.sleep(0.0002)
    assert got == [str(number) for number in range(400)]
    assert sum(begun[True]) + sum(begun[False]) == 400
    assert max(begun[False]) == (4 if load_s == 0 else 1)
    assert set(begun[True]) <= {1}


def _let_threads_help(pace: Pace) -> Any:
    """A way to take notice of windows that never does without threads."""
    saw = pace.saw

    def take_notice(periods: Sequence[float], step_s: float, load_s: float) -> None:
        saw(periods, step_s, load_s)
        pace.pays = True

    return take_notice


# ---- sources that do not do as they should


def refuse_three(ids: Sequence[str]) -> list[FakeBatch]:
    """Raises when it is called, and not when a batch is asked for."""
    if "3" in ids:
        raise ArithmeticError("cannot stand 3")
    return [load(batch_id) for batch_id in ids]


def all_but_three(ids: Sequence[str]) -> Iterator[FakeBatch]:
    """Gives too few, where the last one is 3."""
    return (load(batch_id) for batch_id in ids if batch_id != "3")


@pytest.mark.parametrize("way", [{}, {"workers": 3}, {"prefetch": 0}, {"cache": "cpu"}, BY_PROCESSES])
@pytest.mark.parametrize(("load_many", "error"), [(refuse_three, ArithmeticError), (all_but_three, BatchError)])
def test_an_error_of_a_source_comes_at_its_turn(way: dict[str, Any], load_many: Any, error: type[Exception]) -> None:
    source = replace(fake_source(6 if error is ArithmeticError else 4), load_many=load_many)
    with BatchLoader(source, LoaderOptions(**way)) as loader:
        loop = iter(loader)
        assert [next(loop).id for _ in range(3)] == ["0", "1", "2"]
        with pytest.raises(error) as told:
            next(loop)
        assert "batch '3'" in "".join(told.value.__notes__)
    with BatchLoader(source, LoaderOptions(on_error="skip", **way)) as loader:
        assert [batch.id for batch in loader] == [f"{number}" for number in range(len(source.ids)) if number != 3]
        assert loader.stats.skipped_ids == ["3"]


def test_a_helper_never_begins_with_many() -> None:
    begun: list[int] = []

    def load_many(ids: Sequence[str]) -> Iterator[FakeBatch]:
        if threading.current_thread().name == "zensols_like.loader":
            begun.append(len(ids))
        return map(load, ids)

    loader = BatchLoader(replace(fake_source(2000), load_many=load_many), LoaderOptions(prefetch=400))
    loader._pace.saw = _let_threads_help(loader._pace)  # type: ignore[method-assign]
    for _ in loader:
        time.sleep(0.0001)
    assert max(begun) == 4


@pytest.mark.parametrize("way", [{"prefetch": 0}, {"workers": 0}])
def test_a_loop_that_nobody_helps_looks_up_many_at_once(way: dict[str, Any]) -> None:
    begun: list[int] = []

    def load_many(ids: Sequence[str]) -> Iterator[FakeBatch]:
        begun.append(len(ids))
        return map(load, ids)

    assert len(list(BatchLoader(replace(fake_source(100), load_many=load_many), LoaderOptions(**way)))) == 100
    assert begun == [64, 36]


def test_a_paused_loop_begins_one_at_a_time_while_loads_may_be_long() -> None:
    begun: list[int] = []

    def load_many(ids: Sequence[str]) -> Iterator[FakeBatch]:
        begun.append(len(ids))
        return map(load, ids)

    loader = BatchLoader(replace(fake_source(300), load_many=load_many), LoaderOptions(prefetch=2))
    with loader.paused():
        assert len(list(loader)) == 300
    assert begun[:64] == [1] * 64
