"""Reports of stores and batches."""

from __future__ import annotations

import dataclasses
import io
import json
from dataclasses import dataclass

import pytest
import torch
from rich.console import Console
from support.flowers import NoiseVectorizer, flower_stash, items, managers

from zensols_like.cli.render import render_store
from zensols_like.errors import ConfigurationError, CorruptBatch, MissingBatchError, StaleError
from zensols_like.inspect import (
    NotFoundError,
    StashReader,
    as_value,
    count_batches,
    list_batches,
    open_store,
    report_batch,
    report_store,
)
from zensols_like.inspect.labels import MAX_CLASSES, LabelCounts, class_ids
from zensols_like.inspect.stored import Column
from zensols_like.vectorize import TensorFeatureContext


@pytest.fixture
def stash(tmp_path):
    made = flower_stash(tmp_path)
    made.prime()
    return made


@pytest.fixture(params=["stash", "path"])
def reader(request, stash, tmp_path):
    return StashReader(stash) if request.param == "stash" else open_store(tmp_path / "batch")


def test_a_store_is_reported_with_its_splits(reader):
    report = report_store(reader)
    assert (report.status, report.batches, report.committed, report.data_points) == ("complete", 5, 5, 20)
    assert [(split.name, split.batches, split.data_points) for split in report.splits] == [
        ("train", 3, 12),
        ("test", 2, 8),
    ]
    assert report.size_bytes == sum(split.size_bytes for split in report.splits)
    assert report.size_bytes == sum(group.size_bytes for group in report.groups)
    assert [group.attributes for group in report.groups] == [("label",), ("leaves", "size"), ("noise",)]
    assert report.looked_at == 2


def test_the_numbers_are_those_of_the_tensors(reader):
    report = report_store(reader, batches=None)
    (size,) = (one for one in report.attributes if one.name == "size")
    assert (size.stats.elements, size.stats.min, size.stats.max, size.stats.mean) == (20, 0, 19, 9.5)
    assert size.stats.share_zero == 0.05
    assert report.looked_at == 5


@dataclass
class Odd(NoiseVectorizer):
    """A row too many for one data point, and another data type from another one on."""

    def _encode(self, data):
        tensor = super()._encode(data).tensor.repeat(2 if data == 9 else 1, 1)
        return TensorFeatureContext(self.feature_id, tensor if data < 12 else tensor.double())


def test_rows_that_are_not_the_data_points_and_all_data_types_are_told(tmp_path):
    made = flower_stash(tmp_path, vectorizer_manager_set=managers(Odd))
    made.prime()
    for reader in (StashReader(made), open_store(tmp_path / "batch")):
        found = {one.name: one for one in report_store(reader, batches=None).attributes}
        assert (found["noise"].data_types, found["noise"].has_row_each) == (("float32", "float64"), False)
        assert (found["size"].data_types, found["size"].has_row_each) == (("float32",), True)
        assert all(found[name].has_row_each for name in ("label", "size", "leaves"))
        (first, *_) = [one for one in report_store(reader).attributes if one.name == "noise"]
        assert (first.data_types, first.has_row_each) == (("float32", "float64"), True)  # of batches 0 and 3
    shown = console_text(render_store(report_store(StashReader(made), batches=None)))
    assert "float32|float64[4…5, 3]" in shown
    assert "int16[N, 2]" in shown


def console_text(renderable):
    console = Console(width=200, file=io.StringIO())
    console.print(renderable)
    return console.file.getvalue()


def test_no_batches_read_means_no_numbers(reader):
    report = report_store(reader, batches=0)
    assert report.looked_at == 0
    assert {one.stats for one in report.attributes} == {None}
    assert report.labels == ()


def test_labels_are_counted_by_split(stash, tmp_path):
    named = report_store(StashReader(stash), batches=None).labels
    assert {one.label: one.counts for one in named} == {
        "rose": {"train": 4, "test": 3},
        "lily": {"train": 4, "test": 3},
        "iris": {"train": 4, "test": 2},
    }
    by_path = report_store(open_store(tmp_path / "batch"), batches=None).labels
    assert sorted(sum(one.counts.values()) for one in by_path) == [6, 7, 7]


def test_unlabeled_batches_have_no_labels(tmp_path):
    unlabeled = flower_stash(tmp_path, source=items(20, labeled=False))
    unlabeled.prime()
    for reader in (StashReader(unlabeled), open_store(tmp_path / "batch")):
        assert report_store(reader).labels == ()
        report = report_batch(reader, "0")
        assert report.labels == ()
        assert report.attributes[0].dtype is None
        assert report.attributes[0].note in ("no labels", "no values")


def test_classes_are_integers_or_one_hot_rows():
    assert class_ids(torch.tensor([[2], [1]])) == [2, 1]
    assert class_ids(torch.eye(3, dtype=torch.bool)) == [0, 1, 2]
    assert class_ids(torch.tensor([True, False])) == [1, 0]
    for other in (torch.rand(3, 3), torch.zeros(3, 3), torch.eye(3) * 2, torch.rand(3), torch.ones(3, 1, 1).int()):
        assert class_ids(other) is None


@pytest.mark.parametrize("values", [torch.arange(MAX_CLASSES + 1), torch.rand(9)])
def test_numbers_are_not_counted_as_classes(values):
    counts = LabelCounts()
    counts.add("train", Column(values))
    assert counts.reports(lambda ids: [str(id) for id in ids]) == ()


def test_batches_are_listed_by_split(reader):
    report = list_batches(reader)
    assert [(split.name, [one.id for one in split.batches]) for split in report.splits] == [
        ("train", ["0", "1", "2"]),
        ("test", ["3", "4"]),
    ]
    assert {one.data_points for split in report.splits for one in split.batches} == {4}
    assert all(one.is_committed for split in report.splits for one in split.batches)


def test_a_batch_is_reported_with_its_values(reader, stash):
    report = report_batch(reader, "1", rows=2)
    assert (report.id, report.split, report.data_point_ids) == ("1", "train", ("4", "5", "6", "7"))
    (size,) = (one for one in report.attributes if one.name == "size")
    assert size.shape == tuple(stash["1"]["size"].shape)
    assert [row[0] for row in size.preview] == [4.0, 5.0]
    assert len(report.labels) == 4


def test_a_batch_of_a_stash_has_the_tensors_of_that_stash(stash):
    report, batch = report_batch(StashReader(stash), "0", rows=9), stash["0"]
    for one in report.attributes:
        assert one.shape == tuple(batch[one.name].shape)
        assert torch.equal(torch.tensor(one.preview), batch[one.name].reshape(4, -1)[:, :8])
    assert report.labels == ("rose", "lily", "iris", "rose")


def test_only_the_attributes_that_are_wanted_are_read(tmp_path, reader):
    for path in (tmp_path / "batch" / "comp").glob("*/0.dat"):
        if "noise" not in str(path):
            path.unlink()
    assert [one.name for one in report_batch(reader, "0", ["noise"]).attributes] == ["noise"]
    with pytest.raises(CorruptBatch):
        report_batch(reader, "0")


def test_the_decoded_attributes_of_a_stash_are_shown(tmp_path):
    stash = flower_stash(tmp_path, decoded_attributes={"size"})
    stash.prime()
    reader = StashReader(stash)
    assert [one.name for one in report_batch(reader, "0").attributes] == ["size"]
    assert [one.name for one in report_batch(reader, "0", ["noise"]).attributes] == ["noise"]
    notes = {one.name: one.note for one in report_store(reader).attributes}
    assert notes["size"] is None
    assert notes["noise"] == "not one of the decoded attributes"


def test_points_are_made_from_the_source(stash, tmp_path):
    report = report_batch(StashReader(stash), "0", rows=2, with_points=True)
    assert [point.id for point in report.points] == ["0", "1"]
    assert report.points[0].lines[0] == "id: 0"
    with pytest.raises(ConfigurationError, match="come from the source"):
        report_batch(open_store(tmp_path / "batch"), "0", with_points=True)


def test_what_is_not_there_is_told(reader):
    with pytest.raises(NotFoundError, match="There is no batch '5'"):
        report_batch(reader, "5")
    with pytest.raises(ConfigurationError, match=r"There are no attributes \['nope'\]"):
        report_batch(reader, "0", ["nope"])


def test_looking_at_nothing_makes_nothing(tmp_path):
    reader = StashReader(flower_stash(tmp_path))
    for look in (count_batches, list_batches, report_store):
        with pytest.raises(MissingBatchError, match="There is no store"):
            look(reader)
    assert list(tmp_path.iterdir()) == []


def test_a_stale_store_is_refused_with_what_differs_and_shown_as_stored(stash, tmp_path):
    other = StashReader(flower_stash(tmp_path, batch_size=5))
    with pytest.raises(StaleError, match="batch_size: 4 -> 5"):
        other.require_current()
    assert report_store(other.as_stored()).status == "stale"
    StashReader(stash).require_current()


def test_batches_in_memory_are_reported(tmp_path):
    from zensols_like.persist import DictionaryStash

    stash = flower_stash(None, delegate=DictionaryStash())
    stash.prime()
    reader = StashReader(stash)
    assert report_store(reader).batches == 5
    assert report_batch(reader, "0").labels[0] == "rose"


def test_reports_are_frozen_values_and_json(reader):
    report = report_batch(reader, "0")
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.id = "1"
    assert json.loads(json.dumps(as_value(report), allow_nan=False)) == as_value(report)


def test_numbers_that_json_does_not_have_are_words(tmp_path):
    stash = flower_stash(tmp_path, source={**items(20), "0": {**items(1)["0"], "size": float("nan")}})
    stash.prime()
    value = as_value(report_batch(StashReader(stash), "0", ["size"]))
    assert value["attributes"][0]["preview"][0] == ["nan"]
    assert value["attributes"][0]["stats"]["share_nan"] == 0.25


def test_numbers_can_be_those_of_one_split(reader):
    report = report_store(reader, batches=None, split_name="test")
    (size,) = (one for one in report.attributes if one.name == "size")
    assert (size.stats.elements, size.stats.min, report.looked_at) == (8, 12, 2)
    assert {tuple(one.counts) for one in report.labels} == {("test",)}
    with pytest.raises(NotFoundError, match="There is no split 'dev'") as caught:
        report_store(reader, split_name="dev")
    assert "use one of ['train', 'test']" in str(caught.value)
