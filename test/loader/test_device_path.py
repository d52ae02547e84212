"""The way to a device, walked on the CPU: slots, landings and caches, with plain memory in place of pinned memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from loader_fakes import FakeBatch, fake_source, load, load_all_but_three

from zensols_like.loader import BatchSchedule, Cursor, LoaderOptions, LoaderStats, ShardContext
from zensols_like.loader.crew import CallingThread, Threads
from zensols_like.loader.device import DeviceCopier
from zensols_like.loader.pace import Pace
from zensols_like.loader.pipeline import Pipeline
from zensols_like.loader.placing import Placer, plan_work
from zensols_like.loader.queue import Cache, ReadQueue
from zensols_like.loader.stats import DeliveryLog

CPU = torch.device("cpu")
WAYS: list[dict[str, Any]] = [
    {"workers": 0},
    {},
    {"workers": 3, "prefetch": 8},
    {"prefetch": 1},
    {"max_bytes": 30},
    {"cache": "cpu"},
    {"cache": "cuda"},
    {"transform": dict},
    {"cache": "cpu", "transform": dict},
]


def slow(batch_id: str) -> FakeBatch:
    time.sleep(0.001)
    return load(batch_id)


def run(kept: Cache[FakeBatch], load: Callable[[str], FakeBatch], n: int = 12, **way: Any) -> list[Any]:
    """An epoch in order, as a loader for a device runs it: batches, and the errors of those that are skipped."""
    options = LoaderOptions(**way)
    source = fake_source(n, load)
    work = plan_work(source, options, torch.device("cuda"))  # which is only a name here
    steps, stats = BatchSchedule(source.ids).walk(Cursor(), ShardContext()), LoaderStats()
    queue = ReadQueue(steps, options, kept, Pace(options.workers), source.size_bytes)
    log = DeliveryLog(stats, queue.pace)
    crew = Threads(queue, work, options.workers, log) if options.reads_ahead else CallingThread(queue, work)
    placer = Placer(source, options, queue, DeviceCopier(CPU), stats)
    try:
        return [batch for _, batch in Pipeline(options, queue, crew, placer, log).run()]
    finally:
        crew.close()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("load_batch", [load, slow])
def test_batches_arrive_in_order_and_stay_as_they_were(
    way: dict[str, Any], load_batch: Callable[[str], FakeBatch]
) -> None:
    kept: Cache[FakeBatch] = {}
    epochs = [run(kept, load_batch, **way) for _ in range(3)]
    assert len(kept) == (12 if way.get("cache") else 0)
    for batch in epochs[0]:  # who writes into a batch changes no other one
        assert batch.attributes["x"] is not None
        batch.attributes["x"].fill_(-1)
    for batches in epochs[1:]:
        assert [batch.id for batch in batches] == [str(number) for number in range(12)]
        for batch in batches:
            expected = load(batch.id).attributes
            assert list(batch.attributes) == list(expected)
            assert all(
                found is None if tensor is None else torch.equal(found, tensor)
                for found, tensor in zip(batch.attributes.values(), expected.values(), strict=True)
            )


@pytest.mark.parametrize("way", [way for way in WAYS if "transform" not in way])
def test_a_failure_uses_up_no_slot(way: dict[str, Any]) -> None:
    for _ in range(10):
        with pytest.raises(ArithmeticError, match="cannot stand 3"):
            run({}, load_all_but_three, n=6, **way)
    batches = run({}, load_all_but_three, n=40, on_error="skip", **way)
    assert isinstance(batches.pop(3), ArithmeticError)
    assert [batch.id for batch in batches] == [str(number) for number in range(40) if number != 3]
