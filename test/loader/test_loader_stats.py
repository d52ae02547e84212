from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence

import pytest
from loader_fakes import FakeBatch, fake_loader, load

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
    assert stats.first_wait_s == pytest.approx(waits[0], rel=0.05, abs=0.005)  # the threads start in it
    assert stats.wait_s == pytest.approx(sum(waits[1:]), rel=0.05)
    assert stats.read_s >= 0.2
    assert stats.wait_share > 0.5


def test_the_wait_is_nothing_where_the_step_takes_longer_than_the_load() -> None:
    loader = fake_loader(11, slow_to_read)
    for _ in loader:
        time.sleep(0.03)
    assert loader.stats.step_s >= 0.3
    assert loader.stats.wait_s < loader.stats.read_s / 2  # nearly all of it is hidden
    assert loader.stats.queue_depth > 0.5


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
