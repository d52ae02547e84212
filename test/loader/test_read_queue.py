"""What is read comes in the order of the steps, each batch once, as far ahead as there is room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from loader_fakes import Ids, fake_loader, fake_source, ids, size_bytes

from zensols_like.loader import BatchLoader, BatchSchedule, Cursor, LoaderOptions, ShardContext
from zensols_like.loader.pace import Pace
from zensols_like.loader.packed import pack
from zensols_like.loader.queue import Cache, Reading, ReadQueue
from zensols_like.loader.work import Loaded


def queue_of(
    n: int, depth: int, cache: Cache[Any] | None = None, size: Callable[[str], int] = size_bytes, **options: Any
) -> ReadQueue[Any]:
    steps = BatchSchedule(Ids(range(n))).walk(Cursor(), ShardContext())
    queue: ReadQueue[Any] = ReadQueue(steps, LoaderOptions(**options), cache or {}, Pace(1), size)
    queue.depth = depth
    return queue


def queue_of_views(schedule: BatchSchedule, shard: ShardContext) -> ReadQueue[Any]:
    queue: ReadQueue[Any] = ReadQueue(schedule.walk(Cursor(), shard), LoaderOptions(), {}, Pace(1))
    queue.depth = queue.most_ahead = 8
    queue.gives_views = True
    return queue


def positions(readings: list[Reading[Any]]) -> list[int]:
    return [reading.step.position for reading in readings]


def name(readings: list[Reading[Any]]) -> str | None:
    assert len(readings) < 2
    return readings[0].step.ref.batch_id if readings else None


def test_helpers_read_as_far_ahead_as_there_is_room() -> None:
    queue = queue_of(6, depth=2)
    assert [name(queue.begin_ahead()) for _ in range(3)] == ["0", "1", None]
    assert name([queue.waiting.popleft()]) == "0"
    assert [name(queue.begin_ahead()) for _ in range(2)] == ["2", None]


def test_the_loop_begins_with_what_nobody_has_begun() -> None:
    queue = queue_of(4, depth=2)
    own = queue.begin()
    assert name(own) == "0"
    assert not own[0].is_ahead
    assert name(queue.begin_ahead()) == "1"
    other = queue.begin()  # a helper was quicker
    assert name(other) == "1"
    assert other[0].is_ahead
    assert [name(queue.begin()) for _ in range(3)] == ["2", "3", None]


def test_a_batch_for_which_there_is_no_room_is_read_in_its_turn() -> None:
    queue = queue_of(4, depth=4, max_bytes=30)  # the batches have 10, 20, 30 and 40
    assert [name(queue.begin_ahead()) for _ in range(3)] == ["0", "1", None]
    queue.release(queue.waiting.popleft().size)
    assert name(queue.begin_ahead()) is None
    queue.release(queue.waiting.popleft().size)
    assert [name(queue.begin_ahead()) for _ in range(2)] == ["2", None]  # one always is
    queue.release(queue.waiting.popleft().size)
    assert [name(queue.begin()), name(queue.begin())] == ["3", None]


def test_nobody_begins_anything_in_a_pause() -> None:
    queue = queue_of(4, depth=4)
    queue.pace.is_paused = True
    assert queue.begin_ahead() == []
    assert name(queue.begin()) == "0"  # but the loop
    queue.pace.is_paused = False
    assert name(queue.begin_ahead()) == "1"


def test_what_is_kept_is_there_at_once() -> None:
    packed = pack({"x": torch.ones(2)})
    queue = queue_of(2, depth=2, cache={"0": ("kept", packed)})  # type: ignore[dict-item]
    (first,), (second,) = queue.begin_ahead(), queue.begin_ahead()
    assert isinstance(first.found, Loaded)
    assert (first.is_cached, first.found.tensors is packed, second.is_there) == (True, True, False)


def test_several_are_begun_at_once() -> None:
    queue = queue_of(9, depth=5)
    queue.most_ahead = 3
    assert [[reading.step.position for reading in queue.begin_ahead()] for _ in range(3)] == [[0, 1, 2], [3, 4], []]
    assert [reading.step.position for reading in queue.begin(8)] == [0]  # a helper has it
    queue.waiting.clear()
    own = queue.begin(3)
    assert [(reading.step.position, reading.is_ahead) for reading in own] == [(5, False), (6, False), (7, False)]
    assert [[reading.step.position for reading in queue.begin(8)] for _ in range(2)] == [[8], []]


def test_what_may_be_in_use_already_is_begun_by_the_loop_when_it_has_nothing_left() -> None:
    queue = queue_of_views(BatchSchedule(Ids(range(3)), steps_per_epoch=8), ShardContext())
    assert positions(queue.begin_ahead()) == [0, 1, 2]
    assert positions(queue.begin_ahead()) == []  # the first batch again
    assert [positions(queue.begin(8)) for _ in range(3)] == [[0], [1], [2]]
    assert positions(queue.begin_ahead()) == []  # the loop may still write into one of them
    assert positions(queue.begin()) == [0]
    assert positions(queue.begin_ahead()) == [1, 2]
    assert [positions(queue.begin(8)) for _ in range(4)] == [[1], [2], [0, 1], []]


def test_padding_is_begun_by_the_loop_when_it_has_nothing_left() -> None:
    queue = queue_of_views(BatchSchedule(Ids(range(5))), ShardContext(4, 1))
    assert positions(queue.begin_ahead()) == [1]
    assert positions(queue.begin_ahead()) == []
    assert [positions(queue.begin(8)) for _ in range(2)] == [[1], [5]]


def test_copies_are_read_ahead_however_often_a_batch_comes() -> None:
    queue = queue_of_views(BatchSchedule(Ids(range(3)), steps_per_epoch=8), ShardContext())
    queue.gives_views = False
    assert positions(queue.begin_ahead()) == [0, 1, 2, 0, 1, 2, 0, 1]


class Torn(Ids):
    """IDs of which one cannot be said."""

    def __getitem__(self, index: Any) -> Any:
        if index == 5:
            raise OSError("the IDs are torn")
        return super().__getitem__(index)


def no_size_of_five(batch_id: str) -> int:
    if batch_id == "5":
        raise OSError("the sizes are torn")
    return 1


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("way", [{"ids": Torn(range(9))}, {"size_bytes": no_size_of_five}])
def test_a_step_that_fails_is_told_in_its_turn(way: dict[str, Any], workers: int) -> None:
    loop = iter(BatchLoader(replace(fake_source(9), **way), LoaderOptions(workers=workers, max_bytes=1000)))
    assert [next(loop).id for _ in range(5)] == list("01234")
    with pytest.raises(OSError, match="are torn"):
        next(loop)


def test_small_batches_are_read_further_ahead() -> None:
    assert [LoaderOptions().depth(size) for size in (10_000, 2**22, 2**40)] == [16, 4, 2]
    assert LoaderOptions(workers=4).depth(2**40) == 4
    assert LoaderOptions(prefetch=3).depth(10_000) == 3
    assert [LoaderOptions(workers=0).depth(1), LoaderOptions(prefetch=0).depth(1)] == [0, 0]


def test_the_stats_are_those_of_now_at_any_time() -> None:
    loader = fake_loader(100)
    for number, _ in enumerate(loader, 1):
        if number % 7 == 0:
            assert (loader.stats.batches, loader.stats.nbytes) == (number, 32 * number)
    assert loader.stats.steps == 99
    assert len(ids(loader)) == 100
    assert (loader.stats.batches, loader.stats.steps) == (200, 198)
