from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loader_fakes import Ids

from zensols_like.errors import ConfigurationError, DatasetError
from zensols_like.loader import BatchSchedule, Cursor, ShardContext, Step

sizes = st.integers(1, 50)
worlds = st.sampled_from([1, 2, 3, 4, 5, 8])
shuffles = st.sampled_from([None, "batch"])


def schedule(n: int, **options: object) -> BatchSchedule:
    return BatchSchedule(Ids(range(n)), **options)  # type: ignore[arg-type]


def walks(schedule: BatchSchedule, cursor: Cursor, world: int) -> list[list[Step]]:
    return [list(schedule.walk(cursor, ShardContext(world, rank))) for rank in range(world)]


def order(schedule: BatchSchedule, epoch: int) -> list[str]:
    return [schedule.ref(epoch, position).batch_id for position in range(len(schedule))]


# ---- order


def test_without_shuffle_the_order_is_that_of_the_split() -> None:
    assert order(schedule(5), 3) == ["0", "1", "2", "3", "4"]


def test_the_order_of_a_seed_never_changes() -> None:  # or a state of an older release goes on elsewhere
    assert "".join(order(schedule(10, shuffle="batch", seed=7), 0)) == "3417906285"
    assert "".join(order(schedule(10, shuffle="batch", seed=7), 1)) == "5028931467"


@given(n=sizes, seed=st.integers(0, 2**63), epoch=st.integers(0, 10**6))
def test_every_epoch_has_every_batch_once(n: int, seed: int, epoch: int) -> None:
    assert sorted(order(schedule(n, shuffle="batch", seed=seed), epoch), key=int) == list(map(str, range(n)))


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = {
        tuple(order(schedule(20, shuffle="batch", seed=seed), epoch)) for seed in range(10) for epoch in range(10)
    }
    assert len(orders) == 100


def test_every_batch_comes_first_about_as_often() -> None:
    first = Counter(schedule(8, shuffle="batch", seed=seed).ref(0, 0).batch_id for seed in range(4000))
    assert set(first) == set("01234567")
    assert all(400 < count < 600 for count in first.values())  # 500, with a deviation of 21


# ---- ranks


@given(n=sizes, world=worlds, shuffle=shuffles, uneven=st.sampled_from(["pad", "drop", "allow"]))
def test_ranks_share_an_epoch_without_loss_and_without_doubles(n: int, world: int, shuffle: str, uneven: str) -> None:
    pure = schedule(n, shuffle=shuffle, uneven=uneven)
    steps = walks(pure, Cursor(), world)
    counts = {len(own) for own in steps}
    own = Counter(step.ref.batch_id for rank in steps for step in rank if not step.is_padding)
    if uneven == "drop":
        assert own == Counter(order(pure, 0)[: n - n % world])
        assert counts == {n // world}
        assert not any(step.is_padding for rank in steps for step in rank)
    else:
        assert own == Counter(order(pure, 0))
        assert sum(counts) == -(-n // world) if uneven == "pad" else max(counts) - min(counts) <= 1
        assert uneven == "pad" or not any(step.is_padding for rank in steps for step in rank)
    assert [len(rank) for rank in steps] == [pure.steps(ShardContext(world, index)) for index in range(world)]


@given(n=sizes, world=worlds, shuffle=shuffles)
def test_a_step_of_all_ranks_takes_batches_that_follow_one_another(n: int, world: int, shuffle: str) -> None:
    pure = schedule(n, shuffle=shuffle)
    together = [step.ref.batch_id for steps in zip(*walks(pure, Cursor(), world), strict=True) for step in steps]
    assert together[:n] == order(pure, 0)
    assert together[n:] == [pure.ref(0, position).batch_id for position in range(len(together) - n)]


@given(n=sizes, world=worlds, epochs=st.integers(1, 5), data=st.data())
def test_epochs_of_a_fixed_length_lose_nothing(n: int, world: int, epochs: int, data: st.DataObject) -> None:
    length = data.draw(st.integers(1, 40))
    pure = schedule(n, shuffle="batch", steps_per_epoch=length)
    cursor = Cursor()
    for epoch in range(epochs):
        steps = walks(pure, cursor, world)
        assert {len(rank) for rank in steps} == {length}
        assert pure.seek(epoch, 0, world) == cursor
        for step, taken in enumerate(steps[0]):
            assert taken.after == pure.seek(epoch, step + 1, world)
        cursor = steps[0][-1].after
        assert (cursor.epoch, cursor.step) == (epoch + 1, 0)
    straight = schedule(n, shuffle="batch")
    whole = -(-n // world)
    assert cursor[2:] == straight.seek((epochs * length) // whole, (epochs * length) % whole, world)[2:]


# ---- seek


@given(n=sizes, world=worlds, shuffle=shuffles, epoch=st.integers(0, 3), data=st.data())
def test_a_seek_is_where_a_walk_comes_to(n: int, world: int, shuffle: str, epoch: int, data: st.DataObject) -> None:
    pure = schedule(n, shuffle=shuffle)
    step = data.draw(st.integers(0, pure.steps(ShardContext(world, 0))))
    cursor = pure.seek(epoch, 0, world)
    for taken in list(pure.walk(cursor, ShardContext(world, 0)))[:step]:
        cursor = taken.after
    assert pure.seek(epoch, step, world) == cursor


@dataclass(frozen=True)
class CountedIds(Ids):
    """Notes which IDs were asked for."""

    asked: list[int] = field(default_factory=list)

    def __getitem__(self, index: Any) -> Any:
        self.asked.append(index)
        return super().__getitem__(index)


def test_a_seek_far_into_a_million_batches_replays_nothing() -> None:
    ids = CountedIds(range(10**6))
    pure = BatchSchedule(ids, shuffle="batch")
    step = pure.take(pure.seek(3, 225_000, world=4), ShardContext(4, 1))
    assert (step.data_epoch, step.position) == (3, 900_001)
    assert ids.asked == [int(step.ref.batch_id)]


@pytest.mark.parametrize(("epoch", "step"), [(-1, 0), (0, -1), (0, 4)])
def test_a_seek_to_nowhere_is_refused(epoch: int, step: int) -> None:
    with pytest.raises(ConfigurationError, match=f"no step {step} of epoch {epoch}"):
        schedule(6).seek(epoch, step, world=2)


# ---- elastic


@given(n=sizes, first=worlds, second=worlds, uneven=st.sampled_from(["pad", "allow"]), data=st.data())
def test_other_ranks_go_on_with_exactly_the_rest(
    n: int, first: int, second: int, uneven: str, data: st.DataObject
) -> None:
    pure = schedule(n, shuffle="batch", uneven=uneven)
    done = data.draw(st.integers(0, pure.steps(ShardContext(first, 0)) - 1))
    cursor = pure.seek(0, done, first)
    before = [step for rank in walks(pure, Cursor(), first) for step in rank[:done]]
    after = [step for rank in walks(pure, cursor, second) for step in rank]
    taken = Counter(step.ref.batch_id for step in before + after if not step.is_padding)
    assert taken == Counter(order(pure, 0))


# ---- what is refused


@pytest.mark.parametrize("shuffle", ["item", "window"])
def test_orders_that_come_later_say_so(shuffle: str) -> None:
    with pytest.raises(ConfigurationError, match=f"order by {shuffle} is not there yet"):
        schedule(3, shuffle=shuffle)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shuffle": "all"}, "no shuffle='all'"),
        ({"uneven": "even"}, "no uneven='even'"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"epochs": 0}, "number epochs is 0"),
        ({"steps_per_epoch": True}, "number steps_per_epoch is True"),
        ({"steps_per_epoch": 3, "uneven": "allow"}, "fixed number of steps"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        schedule(3, **options)


def test_no_batches_have_no_schedule() -> None:
    with pytest.raises(DatasetError, match="no batches"):
        schedule(0)
