from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from loader_fakes import FakeBatch, fake_loader, fake_source, ids, load
from support.restarts import WORKERS, WORLDS, Run, require_exact

from zensols_like.errors import BatchError, ConfigurationError
from zensols_like.loader import BatchLoader, LoaderOptions, ShardContext

# ---- loops that are stopped anywhere and go on with other workers and ranks; test/torture has the long form


RUNS = st.builds(
    Run,
    world=st.sampled_from(WORLDS),
    workers=st.sampled_from(WORKERS),
    prefetch=st.integers(0, 5),
    steps=st.integers(1, 20),
)


@settings(max_examples=300)
@given(n=st.integers(1, 14), seed=st.integers(0, 2**31), runs=st.lists(RUNS, min_size=2, max_size=6))
def test_any_sequence_of_runs_gives_every_batch_of_every_epoch_once_and_in_order(
    n: int, seed: int, runs: list[Run]
) -> None:
    def make(run: Run, rank: int) -> BatchLoader[FakeBatch]:
        return fake_loader(
            n,
            shuffle="batch",
            seed=seed,
            shard=ShardContext(run.world, rank),
            workers=run.workers,
            prefetch=run.prefetch,
            max_bytes=25 if run.prefetch == 5 else None,
        )

    for got in require_exact(make, runs).values():
        for _, batch in got:  # kept all the time, and as it was
            assert_same(batch, load(batch.id))


def assert_same(batch: FakeBatch, expected: FakeBatch) -> None:
    for name, tensor in expected.attributes.items():
        found = batch.attributes[name]
        assert found is None if tensor is None else torch.equal(found, tensor)  # type: ignore[arg-type]


@pytest.mark.process
@pytest.mark.parametrize("number", range(3))
def test_runs_with_worker_processes_go_on_too(number: int) -> None:
    chance = random.Random(number)

    def make(run: Run, rank: int) -> BatchLoader[FakeBatch]:
        by_processes = {"workers": 2, "worker_type": "process"} if rank == 0 else {"workers": run.workers}
        return fake_loader(13, shuffle="batch", seed=number, shard=ShardContext(run.world, rank), **by_processes)

    require_exact(make, [Run.draw(chance) for _ in range(3)])


# ---- what a state is


def test_a_state_is_small_plain_json() -> None:
    loader = BatchLoader(fake_source(10**6), LoaderOptions(shuffle="batch", seed=2**62, shard=ShardContext(8, 1)))
    loader.seek(10**6, 10**5)
    state = loader.state_dict()
    assert json.loads(json.dumps(state)) == state
    assert len(json.dumps(state)) < 1024


def test_a_state_is_small_whatever_the_stash_is_called() -> None:
    source = fake_source(3)
    named = type(source)(**{**vars(source), "name": "🌼" * 1000})
    assert len(json.dumps(BatchLoader(named).state_dict())) < 1024


def test_a_state_counts_what_the_loop_got_and_not_what_was_read_ahead() -> None:
    loader = fake_loader(10, prefetch=8)
    for number, _ in enumerate(loader, 1):
        assert loader.state_dict()["position"] == number % 10
        assert loader.steps_left == 10 - number % 10


def test_a_loop_goes_on_several_times_in_one_epoch() -> None:
    got: list[str] = []
    state = fake_loader(10, shuffle="batch").state_dict()
    for _ in range(3):
        loader = fake_loader(10, shuffle="batch")
        loader.load_state_dict(state)
        for batch, _ in zip(loader, range(3), strict=False):
            got.append(batch.id)
            state = loader.state_dict()
    assert got == ids(fake_loader(10, shuffle="batch"))[:9]


def test_a_state_of_the_end_of_an_epoch_goes_on_with_the_next() -> None:
    loader = fake_loader(4, shuffle="batch")
    for _ in loader:
        state = loader.state_dict()
    assert (state["epoch"], state["position"]) == (1, 0)
    again = fake_loader(4, shuffle="batch")
    again.load_state_dict(state)
    assert ids(again) == ids(loader)


def test_the_state_between_two_epochs_is_the_beginning_of_the_second() -> None:
    loader = fake_loader(4)
    ids(loader)
    assert loader.state_dict() == {**fake_loader(4).state_dict(), "epoch": 1, "data_epoch": 1}


def test_a_state_with_dropped_ends_goes_on_with_other_ranks() -> None:
    first = fake_loader(10, uneven="drop", shard=ShardContext(4, 0))
    first.seek(0, 2)  # 8 of 10, and the last two are dropped
    assert first.epoch == 1
    second = fake_loader(10, uneven="drop", shard=ShardContext(4, 0))
    second.load_state_dict({**first.state_dict(), "epoch": 0, "data_epoch": 0, "position": 8})
    assert second.epoch == 1


def test_a_length_of_epochs_goes_on_in_the_middle_of_the_data() -> None:
    whole = fake_loader(5, steps_per_epoch=3, shuffle="batch")
    expected = [ids(whole) for _ in range(5)]
    loader = fake_loader(5, steps_per_epoch=3, shuffle="batch")
    ids(loader)
    next(iter(loader))
    again = fake_loader(5, steps_per_epoch=3, shuffle="batch")
    again.load_state_dict(loader.state_dict())
    assert again.steps_left == 2
    assert [ids(again) for _ in range(4)] == [expected[1][1:], *expected[2:]]


# ---- what is refused


def test_the_state_of_another_store_is_refused_by_name() -> None:
    state = fake_loader(3).state_dict()
    with pytest.raises(
        BatchError, match=r"'train of fakes' with 3 batches \(store batches 0 to 3\); this is .* with 4"
    ):
        fake_loader(4).load_state_dict(state)


@pytest.mark.parametrize("options", [{"seed": 1}, {"shuffle": None}])
def test_the_state_of_another_order_is_refused(options: dict[str, Any]) -> None:
    state = fake_loader(3, shuffle="batch").state_dict()
    with pytest.raises(ConfigurationError, match="saved for another order"):
        fake_loader(3, **{"shuffle": "batch", **options}).load_state_dict(state)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "model"},
        {"version": 2},
        {"position": 4},
        {"position": -1},
        {"epoch": 1.5},
        {"step": "1"},
        {"data_epoch": None},
        {"position": True},
    ],
)
def test_a_state_that_is_none_is_refused_and_changes_nothing(change: dict[str, Any]) -> None:
    loader = fake_loader(3)
    before = loader.state_dict()
    with pytest.raises(ConfigurationError, match="load_state_dict of the loader"):
        loader.load_state_dict({**before, **change})
    with pytest.raises(ConfigurationError, match="no state of a loader: KeyError"):
        loader.load_state_dict({"kind": "zensols_like loader"})
    assert loader.state_dict() == before


def test_another_global_batch_size_warns() -> None:
    state = fake_loader(8).state_dict()
    with pytest.warns(UserWarning, match="has 2 data points, and had 1"):
        fake_loader(8, shard=ShardContext(2, 0)).load_state_dict(state)


# ---- seek


def test_a_seek_is_for_the_next_loop() -> None:
    loader = fake_loader(5)
    loader.seek(2, 3)
    assert loader.epoch == 2
    assert ids(loader) == ["3", "4"]
    assert (loader.epoch, ids(loader)) == (3, ["0", "1", "2", "3", "4"])


@pytest.mark.parametrize("step", [0, 900_000])
def test_a_seek_in_a_million_batches_reads_one_batch_wherever_it_goes(step: int) -> None:
    read: list[str] = []

    def noted(batch_id: str) -> FakeBatch:
        read.append(batch_id)
        return load(batch_id)

    loader = fake_loader(10**6, noted, shuffle="batch", workers=0)
    loader.seek(2, step)
    batch = next(iter(loader))
    assert read == [batch.id] == [loader.schedule.ref(2, step).batch_id]


def test_setting_the_epoch_that_is_going_on_keeps_the_place() -> None:
    loader = fake_loader(5)
    loader.seek(1, 2)
    loader.set_epoch(1)
    assert ids(loader) == ["2", "3", "4"]
    loader.set_epoch(7)
    assert (loader.epoch, loader.steps_left) == (7, 5)


def test_a_place_that_is_set_before_the_first_batch_is_that_of_the_loop() -> None:
    loader = fake_loader(5)
    loop = iter(loader)
    loader.seek(2, 3)
    assert [batch.id for batch in loop] == ["3", "4"]
    assert loader.epoch == 3


def test_a_loader_is_the_sampler_whose_epoch_a_trainer_sets() -> None:
    loader = fake_loader(5)
    loader.sampler.set_epoch(4)
    assert (loader.epoch, loader.batch_sampler.sampler, loader.batch_sampler.batch_size) == (4, loader, 1)


@pytest.mark.parametrize("number", [1.0, 1.5, True, "1", None])
def test_a_place_that_is_no_whole_number_is_refused(number: Any) -> None:
    loader = fake_loader(5)
    loader.seek(1)
    for move in (loader.seek, loader.set_epoch, lambda step: loader.seek(0, step)):
        with pytest.raises(ConfigurationError, match=r"(?s)is .*use a whole number"):
            move(number)
    assert loader.epoch == 1


def test_a_place_may_be_said_in_numbers_of_numpy() -> None:
    loader = fake_loader(5, epochs=3)
    for epoch in np.arange(3):
        loader.set_epoch(epoch)
        loader.seek(epoch, np.int64(3))
        assert json.loads(json.dumps(loader.state_dict()))["position"] == 3
        assert ids(loader) == ["3", "4"]


@pytest.mark.parametrize("step", [5, 7])
def test_a_state_beyond_the_end_of_shorter_epochs_goes_on_with_the_next(step: int) -> None:
    longer = fake_loader(10, steps_per_epoch=8)
    longer.seek(0, step)
    shorter = fake_loader(10, steps_per_epoch=5, epochs=2)
    shorter.load_state_dict(longer.state_dict())
    assert (shorter.epoch, shorter.steps_left) == (1, 5)
    assert [ids(shorter) for _ in shorter.epochs] == [[str((step + number) % 10) for number in range(5)]]
