"""Batches that are looked up together are those that are loaded one by one, and so are their errors."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.batch import ArrayBatchStash, BatchDirectoryCompositeStash, BatchShardStash, BatchStash
from zensols_like.batch.split import BatchIDs, position_of, positions_of
from zensols_like.errors import BatchError, CorruptBatch
from zensols_like.persist import DictionaryStash, GroupedStash
from zensols_like.torchconfig import TorchConfig

POINTS, SIZE = 200, 3
BATCHES = -(-POINTS // SIZE)
ARRAYS = {
    "x": np.arange(POINTS * 2, dtype=np.float32).reshape(POINTS, 2),
    "y": np.arange(POINTS) % 3,
    "z": np.arange(POINTS, dtype=np.int16),
}


def stash_of(
    folder: Path,
    container: type[GroupedStash] = BatchShardStash,
    verify: str = "always",
    kind: type[ArrayBatchStash] = ArrayBatchStash,
    **options: Any,
) -> BatchStash:
    """Batches of three points in two groups."""
    delegate = container(folder / "batch", ({"x"}, {"y", "z"}), verify=verify)
    return kind.from_arrays(
        ARRAYS,
        delegate.path,
        label="y",
        batch_size=SIZE,
        split={"train": 0.6, "test": 0.4},
        shuffle=False,
        delegate=delegate,
        torch_config=TorchConfig(use_gpu=False),
        **options,
    )


class SmallShardStash(BatchShardStash):
    """Shards that hold few batches each, so that neighbours lie in several."""

    def __post_init__(self) -> None:
        self.shard_size = 4_000
        super().__post_init__()


CONTAINERS = [BatchShardStash, SmallShardStash, BatchDirectoryCompositeStash]


@pytest.fixture(scope="module", params=CONTAINERS)
def stashes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[BatchStash]:
    """A store, opened in each way that reads otherwise."""
    folder = tmp_path_factory.mktemp("store")
    stash_of(folder, request.param).prime()
    return [
        stash_of(folder, request.param, verify, decoded_attributes=wanted)
        for verify in ("always", "never")
        for wanted in (None, {"x"}, {"z"}, {"x", "y"}, set())
    ]


def same(found: Any, expected: Any) -> bool:
    """Whether two batches have the same tensors."""
    return list(found) == list(expected) and all(torch.equal(found[name], expected[name]) for name in expected)


def walk(tensors: Iterator[Any]) -> tuple[list[Any], Exception | None]:
    """What came, and the error after it."""
    came = []
    try:
        came.extend(tensors)
    except BatchError as error:
        return came, error
    return came, None


@given(
    keys=st.lists(st.integers(0, BATCHES - 1).map(str), max_size=50), kind=st.sampled_from([list, tuple, deque, iter])
)
def test_any_keys_in_any_order(stashes: list[BatchStash], keys: list[str], kind: Callable[[Any], Any]) -> None:
    for stash in stashes:
        expected = [stash.load(key) for key in keys]
        for found, batch in zip(stash.tensors(kind(keys)), expected, strict=True):
            assert same(found, batch.attributes)
        wanted = kind(keys)
        for key, (name, found), batch in zip(keys, stash.load_many(wanted), expected, strict=True):
            assert (name, found.id, found.split_name) == (key, key, batch.split_name)
            assert found.data_point_ids == batch.data_point_ids
            assert same(found.attributes, batch.attributes)


@given(keys=st.lists(st.sampled_from(["0", "5", "40", "99999", "x", "01"]), max_size=40))
def test_what_is_not_planned_comes_at_its_turn(stashes: list[BatchStash], keys: list[str]) -> None:
    stash = stashes[0]
    is_there = [stash.load(key) is not None for key in keys]
    assert [batch is not None for _, batch in stash.load_many(keys)] == is_there
    came, error = walk(stash.tensors(keys))
    assert len(came) == (is_there.index(False) if False in is_there else len(keys))
    assert (error is None) == all(is_there)


@given(first=st.integers(0, BATCHES), last=st.integers(0, 2 * BATCHES), step=st.sampled_from([1, 2, -1]))
def test_ids_beyond_the_plan_are_not_planned(stashes: list[BatchStash], first: int, last: int, step: int) -> None:
    ids, stash = BatchIDs(range(first, last)[::step]), stashes[0]
    is_there = [position < BATCHES for position in ids.positions]
    assert [(key, batch is not None) for key, batch in stash.load_many(ids)] == [*zip(ids, is_there, strict=True)]
    came, error = walk(stash.tensors(ids))
    assert len(came) == (is_there.index(False) if False in is_there else len(ids))
    assert (error is None) == all(is_there)
    own = stash.ids_of("test")
    found = [key for key, batch in stash.splits["test"].load_many(ids) if batch is not None]
    assert found == [key for key in ids if key in own]


@given(
    keys=st.lists(
        st.one_of(
            st.integers(-2, 100).map(str),
            st.text("0123 -+_٣", max_size=3),
            st.sampled_from([3, 3.0, float("inf"), None, b"3", "9" * 5000]),
        ),
        max_size=4,
    )
)
def test_many_ids_are_told_as_one_is(keys: list[Any]) -> None:
    expected = [position_of(key) for key in keys]
    assert positions_of(keys) == (None if None in expected else expected)
    own = BatchIDs(range(10, 60, 2))
    assert own.covers(keys) == all(key in own for key in keys)


def test_a_split_gives_its_own_only(stashes: list[BatchStash]) -> None:
    stash = stashes[0]
    train, test = stash.splits["train"], stash.splits["test"]
    mixed = [str(number) for number in range(0, BATCHES, 2)]
    assert [key for key, batch in train.load_many(mixed) if batch is not None] == [key for key in mixed if key in train]
    assert [batch.id for _, batch in test.load_many(list(test.keys())[::-1])] == list(test.keys())[::-1]


def test_keys_are_taken_when_it_is_their_turn(stashes: list[BatchStash]) -> None:
    taken: list[str] = []

    def keys() -> Iterator[str]:
        for number in range(40):
            taken.append(str(number))
            yield str(number)

    for walk_over in (stashes[0].tensors, stashes[0].load_many):
        taken.clear()
        next(iter(walk_over(keys())))
        assert taken == ["0"]


def damage(folder: Path, stash: BatchStash, position: int, group: int) -> None:
    """Turn a bit in the middle of a record."""
    receipt = stash.store.index.receipt(group, position)
    assert receipt is not None
    path = next(path for path in folder.rglob("*") if str(path).endswith(receipt.file))
    with path.open("r+b") as file:
        file.seek(receipt.offset + receipt.length - 5)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 16]))


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize(("position", "group"), [(0, 0), (7, 0), (7, 1), (BATCHES - 1, 1)])
def test_damage_comes_at_its_turn(tmp_path: Path, container: type[GroupedStash], position: int, group: int) -> None:
    written = stash_of(tmp_path, container)
    written.prime()
    damage(tmp_path, written, position, group)
    stash = stash_of(tmp_path, container)
    came, error = walk(stash.tensors())
    assert len(came) == position
    assert isinstance(error, CorruptBatch)
    assert repr(str(position)) in str(error)
    came, error = walk(stash.load_many(list(stash.keys())))
    assert (len(came), type(error)) == (position, CorruptBatch)


def cut_shard(folder: Path, part: float) -> None:
    """Cut the end of each shard."""
    for path in folder.rglob("*.shard"):
        with path.open("r+b") as file:
            file.truncate(int(path.stat().st_size * part))


@pytest.mark.parametrize("container", [BatchShardStash, SmallShardStash])
def test_a_shard_that_is_cut_is_damage(tmp_path: Path, container: type[GroupedStash]) -> None:
    stash_of(tmp_path, container).prime()
    cut_shard(tmp_path, 0.5)
    came, error = walk(stash_of(tmp_path, container).tensors())
    assert 0 < len(came) < BATCHES
    assert isinstance(error, CorruptBatch)


@pytest.mark.parametrize("container", [BatchShardStash, SmallShardStash])
def test_what_was_written_into_a_tensor_is_not_read_again(tmp_path: Path, container: type[GroupedStash]) -> None:
    stash = stash_of(tmp_path, container)
    expected = {key: batch.clone() for key, batch in stash.items()}
    for number, tensors in enumerate(stash.tensors()):
        if number % 3 == 0:
            tensors["x"].fill_(-1)
    for key, tensors in zip(stash.keys(), stash.tensors(), strict=True):
        assert same(tensors, expected[key].attributes)


def test_what_is_not_committed_comes_at_its_turn(tmp_path: Path) -> None:
    stash = stash_of(tmp_path)
    stash.prime()
    receipts, positions = stash.store.index.receipts(0), range(4, 9)
    found = receipts.columns(positions)
    assert found is not None
    assert [*found] == [found[number] for number in range(5)] == [receipts[position] for position in positions]
    stash.store.index.file[0, 7] = -1
    assert receipts.columns(positions) is None
    came, error = walk(stash._reader.read_all([*map(str, positions)], positions))
    assert len(came) == 3
    assert error is not None


class Ending(DictionaryStash):
    """A stash that leaks the end of an iterator."""

    def load(self, name: str) -> Any:
        return next(iter(())) if name == "20" else super().load(name)


def test_an_iterator_that_ends_within_a_stash_is_no_end_of_the_walk() -> None:
    stash = ArrayBatchStash.from_arrays(ARRAYS, None, label="y", batch_size=SIZE, delegate=Ending())
    stash.prime()
    for walk_over in (stash.tensors, stash.load_many):
        with pytest.raises(RuntimeError, match="StopIteration"):
            list(walk_over([*map(str, range(BATCHES))]))


def test_a_walk_that_ends_lets_go_of_the_store(tmp_path: Path) -> None:
    stash = stash_of(tmp_path)
    stash.prime()
    for way in (lambda: stash.tensors(), lambda: stash.loader("train", prefetch=0), lambda: stash.loader("train")):
        loop = way()
        next(iter(loop))
        del loop
    maps = Path("/proc/self/maps")
    stash.clear()
    gc.collect()
    assert not maps.exists() or str(tmp_path) not in maps.read_text()


class Renamed(ArrayBatchStash):
    """A stash that changes how a batch is loaded."""

    def load(self, name: str) -> Any:
        batch = super().load(name)
        batch.split_name = "mine"
        return batch


def test_who_changes_load_changes_it_for_many(tmp_path: Path) -> None:
    stash_of(tmp_path).prime()
    stash = stash_of(tmp_path, kind=Renamed, stale="ignore")
    names: Sequence[str] = stash.ids_of("train")
    assert {batch.split_name for _, batch in stash.load_many(names)} == {"mine"}
