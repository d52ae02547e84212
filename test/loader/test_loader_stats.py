from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence

import pytest
from loader_fakes import FakeBatch, fake_loader, load, wait_for

from zensols_like.loader import LoaderStats, Tensors
from zensols_like.loader.pace import WINDOW, Pace
from zensols_like.loader.stats import DeliveryLog


def slow_to_read(batch_id: str) -> FakeBatch:
    time.sleep(0.01)
    return load(batch_id)


class SlowToDecode(FakeBatch):
    @property
    def attributes(self) -> Tensors:
        time.sleep(0.01)
        return load(self.id).attributes

    @attributes.setter
    def attributes(self, tensors: Tensors) -> None: ...


def slow_to_decode(batch_id: str) -> FakeBatch:
    return SlowToDecode(batch_id, {})


def slow_transform(tensors: Tensors) -> Tensors:
    time.sleep(0.01)
    return tensors


@pytest.mark.parametrize("workers", [0, 1])
def test_the_wait_that_is_said_is_the_wait_that_is_seen(workers: int) -> None:
    loader = fake_loader(21, slow_to_read, workers=workers)
    loop = iter(loader)
    waits = []
    for _ in range(21):
        began = time.perf_counter()
        next(loop)
        waits.append(time.perf_counter() - began)
    stats = loader.stats
    assert (stats.batches, stats.steps) == (21, 20)
    assert 0.01 <= stats.first_wait_s <= waits[0]
    assert (0.2 if workers == 0 else 0.0) <= stats.wait_s <= sum(waits[1:])  # a thread reads between two of them, too
    assert stats.read_s >= 0.21
    assert stats.wait_share == stats.wait_s / (stats.wait_s + stats.step_s)


def test_the_wait_is_nothing_where_the_step_takes_longer_than_the_load() -> None:
    begun = []

    def read(batch_id: str) -> FakeBatch:
        begun.append(batch_id)
        time.sleep(0.03)
        return load(batch_id)

    loader = fake_loader(11, read, prefetch=2)
    for number, _ in enumerate(loader):
        wait_for(lambda number=number: len(begun) >= min(number + 3, 11))  # so that the next is read
    stats = loader.stats
    assert stats.first_wait_s + stats.wait_s + stats.step_s >= 0.3
    assert stats.wait_s < stats.read_s / 2  # nearly all of it is hidden
    assert stats.ready >= 9


def test_the_stage_that_takes_longest_is_named() -> None:
    by_stage = {
        "read": fake_loader(5, slow_to_read),
        "decode": fake_loader(5, slow_to_decode),
        "transform": fake_loader(5, transform=slow_transform),
    }
    for stage, loader in by_stage.items():
        list(loader)
        assert loader.stats.slowest == stage
        assert f"mostly {stage}" in str(loader.stats)


def test_bytes_and_cached_batches_are_counted() -> None:
    loader = fake_loader(5, cache="cpu")
    list(loader)
    list(loader)
    assert (loader.stats.batches, loader.stats.cached, loader.stats.nbytes) == (10, 5, 10 * (24 + 8))


def test_a_snapshot_stays_and_a_reset_begins_anew() -> None:
    loader = fake_loader(5)
    list(loader)
    before = loader.stats.snapshot(reset=True)
    assert (before.batches, loader.stats) == (5, LoaderStats())
    list(loader)
    assert (before.batches, loader.stats.batches) == (5, 5)


def test_stats_are_one_line_of_json() -> None:
    stats = LoaderStats(batches=2, steps=1, wait_s=1.0, step_s=3.0, ready=3)
    stats.skip("7")
    found = json.loads(stats.to_json())
    assert (found["wait_share"], found["queue_depth"], found["skipped_ids"]) == (0.25, 1.5, ["7"])
    assert "\n" not in stats.to_json()
    assert str(stats).startswith("data wait 25.0 % of step · ")


def test_only_some_of_many_skipped_batches_are_named() -> None:
    stats = LoaderStats()
    for number in range(1000):
        stats.skip(str(number))
    assert (stats.skipped, len(stats.skipped_ids)) == (1000, 100)


def test_who_looks_at_the_numbers_takes_nothing_from_the_pace() -> None:
    seen: list[tuple[list[float], float, float]] = []

    class Watch(Pace):
        def saw(self, periods: Sequence[float], step_s: float, load_s: float) -> None:
            seen.append((list(periods), step_s, load_s))

    log = DeliveryLog(LoaderStats(), Watch(1))
    log.begin()
    for number in range(2 * WINDOW + 2):
        log.entries.append((number + 0.75, number + 1.0, 0, 8, (0.1, 0.2, 0.0, 0.0)))
        log.settle()
    assert log.stats.batches == 2 * WINDOW + 2
    assert seen == [([1.0] * WINDOW, pytest.approx(0.75), pytest.approx(0.3))] * 2


def test_a_reset_takes_away_what_was_looked_at_and_nothing_else() -> None:
    stats = LoaderStats(batches=3, wait_s=0.5, skipped=1, skipped_ids=["7"])
    taken = stats.snapshot(reset=True)
    assert (taken.batches, taken.wait_s, taken.skipped_ids) == (3, 0.5, ["7"])
    assert stats == LoaderStats()


def test_numbers_may_be_asked_for_by_another_thread() -> None:
    loader = fake_loader(2000, workers=0)
    is_over = threading.Event()

    def look() -> None:
        while not is_over.is_set():
            loader.stats.as_dict()

    looking = threading.Thread(target=look)
    looking.start()
    count = sum(1 for _ in loader)
    is_over.set()
    looking.join()
    assert loader.stats.batches == count == 2000
