from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.flowers import FlowerBatch, flower_stash
from torch.utils.data import DataLoader

from zensols_like.batch import ArrayBatchStash
from zensols_like.errors import BatchError
from zensols_like.loader import BatchDataset, unwrap

WRAPPED = {"batch_size": 1, "collate_fn": unwrap}
PLAIN = {"batch_size": None}


def assert_all_there(loader: Any, stash: Any) -> None:
    batches = list(loader)
    assert [batch.id for batch in batches] == list(stash.ids_of("train"))
    for batch in batches:
        assert isinstance(batch, FlowerBatch)
        stored = stash.load(batch.id)
        assert all(torch.equal(batch[name], stored[name]) for name in stored)
        assert batch.data_point_ids == stored.data_point_ids
        assert stash.attach(batch).to()["size"].equal(stored["size"])


def test_batches_have_numbers(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path)
    dataset = stash.as_dataset("test")
    assert len(dataset) == len(stash.ids_of("test")) == 2
    assert [dataset[0].id, dataset[-1].id] == list(stash.ids_of("test"))
    assert [batch.id for batch in dataset.__getitems__([1, 0])] == list(stash.ids_of("test"))[::-1]
    with pytest.raises(IndexError):
        dataset[2]


class Numbered(BatchDataset[Any]):
    """A dataset that makes something else of a batch."""

    def __getitem__(self, index: int) -> Any:
        return f"{index} is {super().__getitem__(index).id}"


def test_who_changes_what_a_number_gives_changes_it_for_many(tmp_path: Path) -> None:
    dataset = Numbered(flower_stash(tmp_path).as_dataset("train").source)
    for options in (WRAPPED, PLAIN):
        assert list(DataLoader(dataset, **options)) == [f"{number} is {number}" for number in range(len(dataset))]


class Shifted(ArrayBatchStash):
    """A stash that forgets a batch."""

    def load_many(self, keys: Any) -> Any:
        return (pair for pair in super().load_many(keys) if pair[0] != "3")


def test_a_stash_that_gives_another_batch_is_told(tmp_path: Path) -> None:
    arrays = {"x": np.arange(40), "y": np.arange(40)}
    stash = Shifted.from_arrays(arrays, tmp_path, label="y", batch_size=4, split={"train": 1.0})
    for way in (stash.loader("train"), stash.loader("train", workers=0)):
        with pytest.raises(BatchError, match=r"'4' was given where '3'|no such batch"):
            list(way)
    with pytest.raises(BatchError, match="'4' was given where '3'"):
        stash.as_dataset("train").__getitems__([2, 3, 4])


def test_a_dataset_is_small_when_it_is_pickled(tmp_path: Path) -> None:
    small, large = flower_stash(tmp_path / "a", n=12), flower_stash(tmp_path / "b", n=400)
    for stash in (small, large):
        stash.prime()
        stash.split_stash_container = None  # loading does without the source
    sizes = [len(pickle.dumps(stash.as_dataset("train"))) for stash in (small, large)]
    assert sizes[1] - sizes[0] < 100


@pytest.mark.parametrize("options", [WRAPPED, PLAIN])
def test_the_data_loader_of_torch_takes_it(tmp_path: Path, options: dict[str, Any]) -> None:
    stash = flower_stash(tmp_path)
    assert_all_there(DataLoader(stash.as_dataset("train"), **options), stash)


@pytest.mark.process
@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # more workers than this machine has cores
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
@pytest.mark.parametrize(("workers", "options"), [(2, WRAPPED), (4, WRAPPED), (2, PLAIN)])
def test_workers_of_the_data_loader_of_torch_take_it(
    tmp_path: Path, method: str, workers: int, options: dict[str, Any]
) -> None:
    stash = flower_stash(tmp_path, n=40)
    loader = DataLoader(stash.as_dataset("train"), num_workers=workers, multiprocessing_context=method, **options)
    assert_all_there(loader, stash)
