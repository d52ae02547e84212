from __future__ import annotations

import os
import random
import threading
import time
import traceback
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from loader_fakes import FakeBatch, fake_loader, fake_source, ids, load, load_all_but_three, wait_for
from support.flowers import GROUPS, flower_stash

from zensols_like.batch import BatchShardStash, CorruptBatch
from zensols_like.errors import BatchError, ConfigurationError, DatasetError, DeepLearnError, WorkerError
from zensols_like.loader import BatchLoader, LoaderOptions, ShardContext, Tensors
from zensols_like.torchconfig import TorchConfig

WAYS: list[dict[str, Any]] = [
    {"workers": 0},
    {},
    {"workers": 4, "prefetch": 3},
    {"prefetch": 0},
    {"max_bytes": 1},
    {"cache": "cpu"},
    {"cache": "cuda"},
]
PROCESSES = {"workers": 2, "worker_type": "process"}
BY_PROCESSES = pytest.param(PROCESSES, marks=pytest.mark.process)
EVERY_WAY = [*WAYS, BY_PROCESSES]
TRANSFORMING_WAYS = [*WAYS[:-1], {"cache": "cpu", "workers": 2}, BY_PROCESSES]


def noisy(tensors: Tensors) -> Tensors:
    """Draws from all three generators."""
    x = tensors["x"]
    assert x is not None
    return {**tensors, "noise": x + random.random() + float(np.random.rand()) + torch.rand(2, 3)}


def fails_at_three(tensors: Tensors) -> Tensors:
    if tensors["y"] == 3:
        raise LookupError("three")
    return tensors


def assert_equal(found: Tensors, expected: Tensors) -> None:
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        assert torch.equal(found[name], tensor) if tensor is not None else found[name] is None  # type: ignore[arg-type]


def collect(loader: BatchLoader[Any], into: list[str]) -> None:
    for batch in loader:
        into.append(batch.id)  # noqa: PERF401 - what came before a failure counts


def loader_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "zensols_like.loader"]


# ---- what a loop gets


@pytest.mark.parametrize("way", EVERY_WAY)
def test_every_way_to_read_gives_the_same_batches_in_the_same_order(way: dict[str, Any]) -> None:
    with fake_loader(12, shuffle="batch", **way) as loader:
        epochs = [list(loader) for _ in range(2)]
    plain = fake_loader(12, shuffle="batch", workers=0)
    assert [[batch.id for batch in batches] for batches in epochs] == [ids(plain), ids(plain)]
    for batch in (batch for batches in epochs for batch in batches):
        assert_equal(batch.attributes, load(batch.id).attributes)


def test_its_length_is_the_steps_of_an_epoch() -> None:
    loader = fake_loader(10, shard=ShardContext(4, 3))
    assert (len(loader), len(list(loader)), loader.epoch) == (3, 3, 1)
    assert len(fake_loader(10, steps_per_epoch=7)) == 7


def test_padding_is_said() -> None:
    loader = fake_loader(5, shard=ShardContext(4, 2))
    said = [(batch.id, loader.last.is_padding) for batch in loader if loader.last is not None]
    assert said == [("2", False), ("1", True)]


def test_a_rank_without_a_batch_of_its_own_goes_on_to_the_next_epoch() -> None:
    loader = fake_loader(2, shard=ShardContext(4, 3), uneven="allow")
    assert (ids(loader), loader.epoch) == ([], 1)


def test_a_short_last_batch_may_be_left_out() -> None:
    short = fake_source(5, is_last_short=True)
    assert ids(BatchLoader(short, LoaderOptions(drop_last=True))) == ["0", "1", "2", "3"]
    assert len(BatchLoader(short)) == 5
    assert len(BatchLoader(fake_source(5), LoaderOptions(drop_last=True))) == 5
    with pytest.raises(ConfigurationError, match=r"(?s)No batch is left.*drop_last=True for train of fakes"):
        BatchLoader(fake_source(1, is_last_short=True), LoaderOptions(drop_last=True))


def test_epochs_end() -> None:
    loader = fake_loader(3, shuffle="batch", epochs=2)
    seen = [(epoch, ids(loader)) for epoch in loader.epochs]
    assert [epoch for epoch, _ in seen] == [0, 1]
    assert seen[0][1] != seen[1][1]
    assert list(loader.epochs) == []
    with pytest.raises(DeepLearnError, match="All 2 epochs are done"):
        iter(loader)


def test_the_epochs_go_on_when_a_loop_is_left_early() -> None:
    loader = fake_loader(4, epochs=3)
    for epoch in loader.epochs:
        assert loader.epoch == epoch
        next(iter(loader))
    assert loader.epoch == 3


def test_a_loop_that_is_left_early_begins_again() -> None:
    loader = fake_loader(6, shuffle="batch")
    expected = ids(fake_loader(6, shuffle="batch"))
    for batch in loader:
        if batch.id == expected[2]:
            break
    assert loader.state_dict()["position"] == 3
    assert ids(loader) == expected
    loader.seek(0, 4)
    next(iter(loader))
    assert ids(loader) == expected[4:]


@pytest.mark.parametrize("shard", [ShardContext(), ShardContext(4, 1)])
@pytest.mark.parametrize("uneven", ["pad", "allow"])
def test_a_loop_that_is_left_after_its_last_batch_is_over(shard: ShardContext, uneven: str) -> None:
    def loader() -> BatchLoader[FakeBatch]:
        return fake_loader(6, shuffle="batch", shard=shard, uneven=uneven)

    counted, whole = loader(), loader()
    counted.seek(0, 1)
    whole.seek(0, 1)
    for _ in range(3):
        loop = iter(counted)
        assert [next(loop).id for _ in range(counted.steps_left)] == ids(whole)


@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_new_loop_ends_an_old_one(way: dict[str, Any]) -> None:
    loader = fake_loader(4, **way)
    forgotten, old = iter(loader), iter(loader)
    next(old)
    new = iter(loader)
    assert next(new).id == "0"
    del forgotten
    assert [batch.id for batch in new] == ["1", "2", "3"]
    with pytest.raises(DeepLearnError, match="Another loop began"):
        next(old)
    assert loader.epoch == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_batch_that_is_kept_never_changes(way: dict[str, Any]) -> None:
    loader = fake_loader(6, **way)
    kept = [batch for _ in range(3) for batch in loader]
    for batch in kept[:6]:
        assert batch.attributes["x"] is not None
        batch.attributes["x"].zero_()
    for batch in (*kept[6:], *loader):
        assert_equal(batch.attributes, load(batch.id).attributes)


def test_a_batch_that_nobody_holds_is_freed() -> None:
    loop = iter(fake_loader(3, workers=0))
    batch = weakref.ref(next(loop))
    next(loop)
    assert batch() is None


# ---- a real stash


def test_a_stash_gives_its_batches(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path, n=20)
    loader = stash.loader("train")
    batches = list(loader)
    assert [batch.id for batch in batches] == list(stash.ids_of("train"))
    for batch in batches:
        stored = stash.load(batch.id)
        assert batch.data_point_ids == stored.data_point_ids
        assert batch.split_name == "train"
        assert all(torch.equal(batch[name], stored[name]) for name in stored)
    assert loader.global_batch_size == 4


@pytest.mark.process
def test_a_stash_is_read_by_processes(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path, n=20)
    with stash.loader("train", **PROCESSES) as loader:
        for batch, plain in zip(loader, stash.loader("train"), strict=True):
            assert batch.to().state_name == "memory copied"  # it has its stash
            assert batch.data_point_ids == plain.data_point_ids
            assert all(torch.equal(batch[name], plain[name]) for name in plain)


@pytest.mark.parametrize("steps", [None, 40])
@pytest.mark.parametrize("writes_in", ["loop", "transform"])
def test_a_loop_that_writes_into_its_batches_finds_them_unchanged_later(
    tmp_path: Path, steps: int | None, writes_in: str
) -> None:
    stash = flower_stash(tmp_path, n=20, delegate=BatchShardStash(tmp_path / "shards", GROUPS))
    size = {batch.id: batch["size"] for batch in flower_stash(tmp_path, n=20).loader("train")}
    transform = add_one if writes_in == "transform" else None
    loader = stash.loader("train", epochs=3, steps_per_epoch=steps, prefetch=8, workers=2, transform=transform)
    for _ in loader.epochs:
        for batch in loader:
            assert torch.equal(batch["size"], size[batch.id] + (transform is not None))
            batch["size"].zero_()
            time.sleep(0.001)  # others read meanwhile


def add_one(tensors: Tensors) -> Tensors:
    tensors["size"].add_(1)  # type: ignore[union-attr]
    return tensors


def sized(tensors: Tensors) -> Tensors:
    return {**tensors, "size": tensors["size"] + 1}  # type: ignore[operator]


@pytest.mark.parametrize("way", [{"transform": sized}, {"cache": "cpu"}, {}])
def test_a_loop_beside_another_writes_into_tensors_of_its_own(tmp_path: Path, way: dict[str, Any]) -> None:
    stash = flower_stash(tmp_path, n=20, delegate=BatchShardStash(tmp_path / "shards", GROUPS))
    size = {batch.id: batch["size"].clone() for batch in stash.loader("train")}
    for batch in stash.loader("train", prefetch=8):
        for other in stash.loader("train", **way):
            (other if way else other.clone())["size"].zero_()
        assert torch.equal(batch["size"], size[batch.id])


def test_a_byte_budget_counts_what_is_stored(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path, n=20)
    source = stash.loader("train").source
    assert source.size_bytes is not None
    stored = sum(path.stat().st_size for path in (tmp_path / "batch").rglob("*") if path.is_file())
    assert 0 < sum(map(source.size_bytes, source.ids)) < stored
    label_only = stash.selecting({"label"}).loader("train").source
    assert label_only.size_bytes is not None
    assert label_only.size_bytes("0") < source.size_bytes("0")
    assert [len(batch.attributes) for batch in stash.selecting({"label"}).loader("train")] == [1, 1, 1]


def test_the_same_store_elsewhere_has_the_same_state_and_another_does_not(tmp_path: Path) -> None:
    digests = [
        flower_stash(tmp_path / name, n=n).loader(split).source.digest
        for name, n, split in [("a", 20, "train"), ("b", 20, "train"), ("c", 21, "train"), ("a", 20, "test")]
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_a_split_that_is_not_there_is_named(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path)
    with pytest.raises(DatasetError, match="no split 'dev'") as raised:
        stash.loader("dev")
    assert "['train', 'test']" in str(raised.value)


def test_a_split_without_batches_is_refused(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path, keys={"train": ("0", "1"), "dev": ()})
    with pytest.raises(DatasetError, match="no batches"):
        stash.loader("dev")


def test_a_damaged_batch_is_reported_at_its_place(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path, n=30)
    stash.prime()
    (damaged, *_) = sorted((tmp_path / "batch").rglob("*/2.*")) or sorted((tmp_path / "batch").rglob("*2*rec*"))
    data = bytearray(damaged.read_bytes())
    data[-1] ^= 1
    damaged.write_bytes(data)
    got: list[str] = []
    with pytest.raises(CorruptBatch) as raised:
        collect(stash.loader("train"), got)
    assert got == ["0", "1"]
    assert "while loading batch '2', position 2 of epoch 0" in raised.value.__notes__


# ---- the device


def test_a_device_that_is_not_there_is_refused() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(ConfigurationError, match="no device 'cuda' here"):
        fake_loader(3, device="cuda")


def test_the_device_is_that_of_the_model(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path, model_torch_config=TorchConfig(device_name="meta"))
    assert stash.loader("train", device="cpu").device == torch.device("cpu")
    assert stash.loader("train").device == torch.device("meta")


# ---- failures


@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_failure_keeps_type_message_traceback_and_place(way: dict[str, Any]) -> None:
    got: list[str] = []
    with fake_loader(6, load_all_but_three, **way) as loader:
        with pytest.raises(ArithmeticError, match="cannot stand 3") as raised:
            collect(loader, got)
        assert got == ["0", "1", "2"]
        assert raised.value.__notes__ == ["while loading batch '3', position 3 of epoch 0"]
        assert "load_all_but_three" in "".join(traceback.format_exception(raised.value))
        assert loader.state_dict()["position"] == 3
        wait_for(lambda: loader_threads() == [])


@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_failure_can_be_skipped_and_is_counted(way: dict[str, Any]) -> None:
    with fake_loader(6, load_all_but_three, on_error="skip", **way) as loader:
        assert ids(loader) == ["0", "1", "2", "4", "5"]
        assert (loader.stats.skipped, loader.stats.skipped_ids, loader.stats.batches) == (1, ["3"], 5)


def load_neither_three_nor_four(batch_id: str) -> FakeBatch:
    if batch_id in ("3", "4"):
        raise ArithmeticError(f"cannot stand {batch_id}")
    return load(batch_id)


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (4, [["0", "1", "2"], ["5", "0", "1"], ["2", "5"]]),
        (3, [["0", "1", "2"], ["5"], ["0", "1", "2"]]),
        (5, [["0", "1", "2"], ["5", "0", "1", "2"], ["5", "0", "1", "2"]]),
    ],
)
def test_a_step_that_is_skipped_is_done(way: dict[str, Any], steps: int, expected: list[list[str]]) -> None:
    options = {"steps_per_epoch": steps, "epochs": 3, "on_error": "skip", **way}
    with fake_loader(6, load_neither_three_nor_four, **options) as loader:
        assert [ids(loader) for _ in loader.epochs] == expected
        whole = fake_loader(6, **options)
        whole.seek(2, steps)
        assert loader.state_dict() == whole.state_dict()


@pytest.mark.parametrize("way", EVERY_WAY)
def test_an_epoch_of_which_no_batch_can_be_read_is_an_error(way: dict[str, Any]) -> None:
    with fake_loader(6, load_neither_three_nor_four, steps_per_epoch=1, on_error="skip", **way) as loader:
        loader.seek(3)
        for batch in ("3", "4"):
            with pytest.raises(ArithmeticError, match=f"cannot stand {batch}") as raised:
                ids(loader)
            assert f"all batches of epoch {batch} were skipped, this one as the last" in raised.value.__notes__
        assert ids(loader) == ["5"]


def test_the_rest_of_an_epoch_may_be_skipped() -> None:
    loader = fake_loader(5, load_neither_three_nor_four, on_error="skip")
    loader.seek(0, 3)
    assert (ids(loader), loader.epoch) == ([], 1)


def test_ranks_may_not_skip_alone() -> None:
    with pytest.raises(ConfigurationError, match="the others wait"):
        fake_loader(6, on_error="skip", shard=ShardContext(2, 0))
    assert ids(fake_loader(6, on_error="skip", uneven="allow", shard=ShardContext(2, 0))) == ["0", "2", "4"]


@pytest.mark.parametrize("way", TRANSFORMING_WAYS)
def test_a_transform_that_fails_says_for_which_batch(way: dict[str, Any]) -> None:
    with fake_loader(6, transform=fails_at_three, **way) as loader:
        with pytest.raises(LookupError, match="three") as raised:
            ids(loader)
        assert raised.value.__notes__ == ["while loading batch '3', position 3 of epoch 0"]
        assert loader.state_dict()["position"] == 3


def forgets_to_return(tensors: dict[str, Any]) -> None:
    tensors["x"] = tensors["x"] + 1


@pytest.mark.parametrize("way", TRANSFORMING_WAYS)
def test_a_transform_that_returns_nothing_is_told(way: dict[str, Any]) -> None:
    with fake_loader(6, transform=forgets_to_return, **way) as loader:
        with pytest.raises(
            BatchError, match=r"(?s)The transform gave a NoneType.*return the tensors by name"
        ) as raised:
            ids(loader)
        assert raised.value.__notes__ == ["while loading batch '0', position 0 of epoch 0"]


def gives_an_array(tensors: Tensors) -> dict[str, Any]:
    return {**tensors, "z": np.ones(3)}


def gives_a_number(tensors: Tensors) -> dict[str, Any]:
    return {**tensors, "z": 3}


@pytest.mark.parametrize("way", TRANSFORMING_WAYS)
@pytest.mark.parametrize(("transform", "kind"), [(gives_an_array, "ndarray"), (gives_a_number, "int")])
def test_a_transform_that_gives_no_tensors_is_told(way: dict[str, Any], transform: Any, kind: str) -> None:
    with fake_loader(6, transform=transform, **way) as loader:
        with pytest.raises(BatchError, match=f"(?s)The transform gave a {kind} as 'z'.*as_tensor") as raised:
            ids(loader)
        assert raised.value.__notes__ == ["while loading batch '0', position 0 of epoch 0"]


@pytest.mark.process
def test_a_transform_that_no_process_can_get_is_refused() -> None:
    with pytest.raises(WorkerError, match="cannot be read by worker processes"):
        ids(fake_loader(6, transform=lambda tensors: tensors, **PROCESSES))


def die(batch_id: str) -> FakeBatch:
    if batch_id == "3":
        os._exit(9)
    return load(batch_id)


@pytest.mark.process
def test_a_process_that_dies_is_reported_and_the_next_loop_has_new_ones() -> None:
    with fake_loader(6, die, **PROCESSES) as loader:
        for _ in range(2):
            with pytest.raises(WorkerError, match="worker process of the loader died"):
                ids(loader)


def test_a_loader_that_was_made_before_the_ranks_were_known_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    early, told = fake_loader(4), fake_loader(4, shard=ShardContext(2, 0))
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    with pytest.raises(ConfigurationError, match=r"(?s)shard 0 of 1 .* is shard 1 of 2 now.*after init_process_group"):
        iter(early)
    assert ids(told) == ["0", "2"]
    assert ids(fake_loader(4)) == ["1", "3"]


def test_more_ranks_than_batches_are_refused_where_ends_are_dropped() -> None:
    with pytest.raises(ConfigurationError, match="No step is left: 3 batches for 4 ranks"):
        fake_loader(3, uneven="drop", shard=ShardContext(4, 0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"worker_type": "fiber"}, "no worker_type='fiber'"),
        ({"cache": "disk"}, "no cache='disk'"),
        ({"device": "nope"}, "no device='nope'"),
        ({"on_error": "ignore"}, "no on_error='ignore'"),
        ({"workers": -1}, "option workers is -1"),
        ({"prefetch": 1.5}, "option prefetch is 1.5"),
        ({"max_bytes": 0}, "option max_bytes is 0"),
        ({"shard": (2, 0)}, r"option shard is \(2, 0\)\.(.|\n)*ShardContext\(num_shards, index\)"),
        ({"transform": 3}, "option transform is 3"),
        ({"cache": "cuda", "transform": noisy}, "transform runs before the copy"),
        ({"shuffle": "item"}, "order by item is not there yet"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        fake_loader(3, **options)


# ---- random numbers


@pytest.mark.parametrize("way", TRANSFORMING_WAYS)
def test_random_numbers_depend_on_seed_epoch_and_batch_only(way: dict[str, Any]) -> None:
    golden = noise(workers=0)
    assert noise(**way) == golden
    assert noise(shard=ShardContext(2, 1), **way).items() <= golden.items()
    assert not set(noise(seed=1, **way).values()) & set(golden.values())
    assert len(set(golden.values())) == 10  # 5 batches in 2 epochs


def noise(**options: Any) -> dict[tuple[int, str], float]:
    with fake_loader(5, transform=noisy, epochs=2, **options) as loader:
        return {
            (epoch, batch.id): float(batch.attributes["noise"].sum())  # type: ignore[union-attr]
            for epoch in loader.epochs
            for batch in loader
        }


@pytest.mark.parametrize("way", WAYS[:-1])
def test_a_transform_leaves_the_random_numbers_of_the_loop_alone(way: dict[str, Any]) -> None:
    def draw() -> tuple[float, float, float]:
        return random.random(), float(np.random.rand()), float(torch.rand(()))

    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    expected = [draw() for _ in range(5)]
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    assert [draw() for _ in fake_loader(5, transform=noisy, **way)] == expected
