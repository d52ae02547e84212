"""Batches of arrays, a column at a time: what is stored is what the arrays hold, however it gets there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from zensols_like.batch import ArrayBatchStash, BatchDirectoryCompositeStash, RowDataPoint, Status
from zensols_like.errors import BatchError, ConfigurationError, DatasetError, StaleError
from zensols_like.source import ArrayStash, SourceError

SIZE = 23


@pytest.fixture
def arrays():
    generator = np.random.default_rng(0)
    return {
        "image": generator.integers(0, 255, (SIZE, 3, 2), dtype=np.uint8),
        "half": generator.standard_normal((SIZE, 4)).astype(np.float16),
        "brain": torch.arange(SIZE * 2, dtype=torch.bfloat16).reshape(SIZE, 2),
        "flag": generator.integers(0, 2, SIZE).astype(bool),
        "label": np.arange(SIZE) % 3,
    }


def whole(stash, split: str, name: str) -> torch.Tensor:
    return torch.cat([tensors[name] for tensors in stash.splits[split].tensors()])


@pytest.mark.parametrize("shuffle", [False, True])
def test_every_row_is_in_one_batch_in_its_own_data_type(tmp_path, arrays, shuffle):
    stash = ArrayBatchStash.from_arrays(arrays, tmp_path, label="label", batch_size=4, shuffle=shuffle)
    rows = [int(key) for keys in stash.batch_data_point_sets for key in keys.data_point_ids]
    assert sorted(rows) == list(range(SIZE))
    assert (rows == sorted(rows)) == (not shuffle and stash.splits.keys() == {"train"})
    for name, array in arrays.items():
        found = torch.cat([whole(stash, split, name) for split in stash.splits])
        assert torch.equal(found, torch.as_tensor(array)[rows])
        assert found.dtype == torch.as_tensor(array).dtype


def test_conjugate_and_negative_views_are_tensors(tmp_path):
    waves = torch.arange(6).reshape(3, 2) * (1 + 2j)
    views = {"wave": waves.conj(), "minus": torch._neg_view(torch.arange(3.0))}
    stash = ArrayBatchStash.from_arrays(views, tmp_path, split={"all": 1.0}, shuffle=False)
    (batch,) = (batch for _, batch in stash)
    assert all(torch.equal(batch[name], view) for name, view in views.items())


def test_rows_and_columns_are_encoded_to_the_same_bytes(tmp_path, arrays, monkeypatch):
    columns = ArrayBatchStash.from_arrays(arrays, tmp_path / "columns", label="label", batch_size=5)
    columns.prime()
    monkeypatch.setattr(ArrayStash, "load_columns", lambda self, keys: None)
    rows = ArrayBatchStash.from_arrays(arrays, tmp_path / "rows", label="label", batch_size=5)
    rows.prime()
    assert rows.store.content_digest(rows.delegate) == columns.store.content_digest(columns.delegate)


def test_a_batch_of_points_has_the_tensors_of_a_stored_one(tmp_path, arrays):
    stash = ArrayBatchStash.from_arrays(arrays, tmp_path, label="label", batch_size=5)
    stored = stash["0"]
    made = stash.create_batch(stash.create_data_points(stored.data_point_ids))
    assert all(torch.equal(made[name], stored[name]) for name in arrays)
    assert isinstance(made.data_points[0], RowDataPoint)


def test_an_unseen_row_needs_no_label_but_must_be_a_data_point(tmp_path, arrays):
    stash = ArrayBatchStash.from_arrays(arrays, tmp_path, label="label", batch_size=5)
    row = {name: array[3] for name, array in arrays.items()} | {"label": None}
    made = stash.create_batch([RowDataPoint("unseen", stash, row)])
    assert torch.equal(made["image"], torch.as_tensor(arrays["image"][3:4]))
    assert made.attributes["label"] is None
    for given, kind in (([row], "dict"), (row, "dict"), (made.data_points[0], "RowDataPoint"), (iter([]), "list_iter")):
        with pytest.raises(
            BatchError, match=rf"(?s)Of a {kind}.* no batch is made.*\[RowDataPoint\('ID', stash, value"
        ):
            stash.create_batch(given)


@pytest.mark.parametrize("change", [{"seed": 1}, {"shuffle": False}, {"split": {"train": 0.5, "test": 0.5}}])
def test_other_splits_of_the_same_arrays_make_the_batches_stale(tmp_path, arrays, change):
    made = [ArrayBatchStash.from_arrays(arrays, tmp_path, label="label", **options) for options in ({}, {}, change)]
    made[0].prime()
    assert made[1].status is Status.COMPLETE
    with pytest.raises(StaleError, match="splits: their keys changed"):
        made[2].prime()


def test_classes_keep_their_shares_in_the_splits(tmp_path):
    label = np.repeat([0, 1, 2], [60, 30, 10])
    stash = ArrayBatchStash.from_arrays({"x": np.arange(100.0), "label": label}, tmp_path, label="label")
    counts = {split: torch.bincount(whole(stash, split, "label")).tolist() for split in stash.splits}
    assert counts == {"train": [48, 24, 8], "validation": [6, 3, 1], "test": [6, 3, 1]}


def test_an_array_may_name_the_splits(tmp_path):
    arrays = {"x": np.arange(6), "home": np.array(["b", "a", "b", "a", "b", "b"])}
    stash = ArrayBatchStash.from_arrays(arrays, tmp_path, split="home", shuffle=False)
    assert {split: whole(stash, split, "x").tolist() for split in stash.splits} == {"b": [0, 2, 4, 5], "a": [1, 3]}
    assert "home" not in stash["0"]


def test_arrays_in_files_are_enough(tmp_path, arrays):
    folder = tmp_path / "arrays"
    folder.mkdir()
    for name in ("image", "label"):
        np.save(folder / f"{name}.npy", arrays[name])
    stash = ArrayBatchStash.from_arrays(folder, tmp_path / "store", label="label", split={"all": 1.0}, shuffle=False)
    assert torch.equal(whole(stash, "all", "image"), torch.as_tensor(arrays["image"]))
    whole(stash, "all", "image").zero_()
    assert np.array_equal(np.load(folder / "image.npy"), arrays["image"])


def test_an_encode_takes_no_array_of_the_source_along(tmp_path, arrays):
    """The same rows in other memory are the same source; other rows are noticed."""
    ArrayBatchStash.from_arrays(arrays, tmp_path, label="label").prime()
    same = {name: array.copy() if isinstance(array, np.ndarray) else array.clone() for name, array in arrays.items()}
    assert ArrayBatchStash.from_arrays(same, tmp_path, label="label").differences() == []
    same["image"][0, 0, 0] += 1
    assert "content changed" in "".join(ArrayBatchStash.from_arrays(same, tmp_path, label="label").differences())


def test_wrong_arrays_are_told(tmp_path, arrays):
    with pytest.raises(DatasetError, match="no array 'nope'"):
        ArrayBatchStash.from_arrays(arrays, tmp_path, label="nope")
    with pytest.raises(SourceError, match="do not have one length"):
        ArrayBatchStash.from_arrays({**arrays, "short": np.arange(2)}, tmp_path)
    with pytest.raises(DatasetError, match="'text' of <U1 is no array of numbers"):
        ArrayBatchStash.from_arrays({"text": np.array(["a", "b", "c"])}, tmp_path, split={"train": 1.0})
    with pytest.raises(DatasetError, match="named 'id'"):
        ArrayBatchStash.from_arrays({"id": np.arange(3)}, tmp_path, split={"train": 1.0})
    with pytest.raises(DatasetError, match="both the label and the split"):
        ArrayBatchStash.from_arrays(arrays, tmp_path, label="label", split="label")
    with pytest.raises(DatasetError, match=r"'half' names no split for each row: its shape is \(23, 4\)"):
        ArrayBatchStash.from_arrays(arrays, tmp_path, split="half")
    with pytest.raises(DatasetError, match="The splits are a list"):
        ArrayBatchStash.from_arrays(arrays, tmp_path, split=["train", "test"])
    with pytest.raises(BatchError, match="names are taken"):
        ArrayBatchStash.from_arrays({"row": np.arange(3)}, tmp_path / "b", split={"train": 1.0}).prime()


def test_tensors_come_in_any_order_and_only_those_that_are_asked_for(tmp_path, arrays):
    delegate = BatchDirectoryCompositeStash(tmp_path, ({"image", "half"}, {"brain", "flag", "label"}))
    options = {"label": "label", "batch_size": 5, "split": {"all": 1.0}, "delegate": delegate}
    stash = ArrayBatchStash.from_arrays(arrays, tmp_path, decoded_attributes={"half", "label"}, **options)
    for name, tensors in zip(["3", "0", "4"], stash.splits["all"].tensors(["3", "0", "4"]), strict=True):
        assert list(tensors) == ["half", "label"]
        assert all(torch.equal(tensors[one], stash[name][one]) for one in tensors)
    with pytest.raises(BatchError, match="'9' is not planned"):
        list(stash.tensors(["9"]))
    with pytest.raises(BatchError, match=r"Batch 0 is not planned(.|\n)*one of the texts '0' to '[0-9]+'"):
        list(stash.tensors([0]))
    for read in (stash.tensors, stash.load_many):
        with pytest.raises(BatchError, match=r"The keys are the text '10'.(.|\n)*a list of IDs: \['10'\]"):
            list(read("10"))


@dataclass
class Clipped(ArrayStash):
    """A source that changes the rows of its base."""

    def load(self, name):
        row = super().load(name)
        return row and {**row, "size": min(row["size"], 9.0)}


class Clipping(ArrayBatchStash):
    """A stash that changes the data points of its base."""

    def create_data_points(self, ids):
        points = super().create_data_points(ids)
        return tuple(RowDataPoint(p.id, self, {**p.row, "size": min(p.row["size"], 9.0)}) for p in points)


@pytest.mark.parametrize(("source", "kind"), [(Clipped, ArrayBatchStash), (ArrayStash, Clipping)])
@pytest.mark.parametrize("batch_size", [2, 4])
def test_what_is_encoded_is_what_a_class_of_the_user_makes_of_a_row(tmp_path, source, kind, batch_size):
    arrays = {"size": np.array([1.0, 5000.0, 3.0, 4000.0]), "label": np.array([0, 1, 0, 1])}
    stash = kind.from_arrays(arrays, tmp_path, label="label", batch_size=batch_size, split={"all": 1.0}, shuffle=False)
    stash.split_stash_container.delegate = source(arrays)
    assert whole(stash, "all", "size").tolist() == [1.0, 9.0, 3.0, 9.0]
    assert [point.size for _, batch in stash for point in batch.data_points] == [1.0, 9.0, 3.0, 9.0]


@pytest.mark.parametrize("stale", ["error", "rebuild", "ignore"])
def test_a_store_in_another_container_is_told(tmp_path, arrays, stale):
    ArrayBatchStash.from_arrays(arrays, tmp_path, label="label").prime()
    delegate = BatchDirectoryCompositeStash(tmp_path, ({"label"}, set(arrays) - {"label"}))
    stash = ArrayBatchStash.from_arrays(arrays, tmp_path, label="label", delegate=delegate, stale=stale)
    with pytest.raises(StaleError, match="kind 'shards'; the delegate is one of kind 'composite'"):
        stash["0"]


@pytest.mark.process
def test_two_workers_store_the_same_bytes(tmp_path, arrays):
    digests = set()
    for workers in (1, 2):
        stash = ArrayBatchStash.from_arrays(arrays, tmp_path / str(workers), label="label", workers=workers)
        stash.timeout_s = 600  # so that there are processes
        stash.prime()
        digests.add(stash.store.content_digest(stash.delegate))
    assert len(digests) == 1


def test_a_split_that_is_not_there_and_a_senseless_size_are_told(tmp_path, arrays):
    stash = ArrayBatchStash.from_arrays(arrays, tmp_path, label="label")
    with pytest.raises(KeyError, match=r"no split 'valid'; there are \['train', 'validation', 'test'\]"):
        stash.splits["valid"]
    with pytest.raises(ConfigurationError, match="batch_size is 'four'"):
        ArrayBatchStash.from_arrays(arrays, tmp_path, label="label", batch_size="four")
