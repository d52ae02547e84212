"""Who reads: threads where they hide something, the loop itself where a hand-over costs more than it saves."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from typing import Any

import pytest
from loader_fakes import FakeBatch, fake_loader, load

from zensols_like.loader.pace import Pace

QUICK, SLOW = 1e-6, 5e-3
BY_PROCESSES = pytest.param({"workers": 2, "worker_type": "process"}, marks=pytest.mark.process)


def paced(workers: int, *steps: tuple[float, float]) -> bool:
    pace = Pace(workers)
    for load_s, step_s in steps:
        pace.saw(load_s, step_s)
    return pace.pays


def test_threads_are_asked_until_it_is_seen_that_they_do_not_pay() -> None:
    assert paced(1)
    assert paced(1, (QUICK, QUICK))
    assert not paced(1, (QUICK, QUICK), (QUICK, QUICK))


@pytest.mark.parametrize(
    ("workers", "load_s", "step_s", "pays"),
    [
        (1, SLOW, SLOW, True),
        (1, SLOW, QUICK, False),  # nothing to hide behind
        (1, QUICK, SLOW, False),  # nothing to hide
        (2, SLOW, QUICK, True),  # side by side
        (2, QUICK, SLOW, False),
    ],
)
def test_threads_pay_where_they_save_more_than_a_hand_over(
    workers: int, load_s: float, step_s: float, pays: bool
) -> None:
    assert paced(workers, *[(load_s, step_s)] * 3) is pays


def test_one_step_that_was_disturbed_changes_nothing() -> None:
    quick, slow = (QUICK, QUICK), (SLOW, SLOW)
    assert not paced(1, quick, quick, slow, quick, slow, quick)
    assert paced(1, slow, slow, quick, slow, quick, slow)
    assert paced(1, quick, quick, slow, slow)


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
    for _ in fake_loader(300, readers.load):
        pass
    assert readers.threads.count(threading.get_ident()) > 200


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
    readers = Readers(0.02)  # slower than the loop, so that threads have always something to begin
    loader = fake_loader(40, readers.load, workers=2, prefetch=8)
    got = []
    for batch in loader:
        got.append(batch.id)
        time.sleep(0.003)
        if len(got) == 10:
            with loader.paused():
                time.sleep(0.05)  # what is being read is read to its end
                before = readers.counts.total()
                time.sleep(0.1)
                assert readers.counts.total() == before < 10 + 8
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
