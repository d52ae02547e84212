"""One data point by its ID."""

from __future__ import annotations

import pytest
from support.flowers import flower_stash

from zensols_like.errors import ConfigurationError
from zensols_like.inspect import NotFoundError, StashReader, open_store, report_point


@pytest.fixture
def reader(tmp_path):
    stash = flower_stash(tmp_path)
    stash.prime()
    return StashReader(stash)


@pytest.mark.parametrize(
    ("id", "batch", "split", "row"), [("0", "0", "train", 0), ("7", "1", "train", 3), ("19", "4", "test", 3)]
)
def test_every_data_point_is_found_in_its_batch(reader, id, batch, split, row):
    report = report_point(reader, id)
    assert (report.batch_id, report.split, report.row) == (batch, split, row)
    values = {one.name: one.preview for one in report.attributes}
    assert values["size"][0] == (float(id),)
    assert values["leaves"] == ((int(id), int(id) + 1),)


def test_its_class_and_its_source_are_shown(reader):
    report = report_point(reader, "7", ["label"], with_points=True)
    assert report.label == "lily"
    assert [one.name for one in report.attributes] == ["label"]
    assert report.source.id == "7"
    assert report_point(reader, "7", ["size"]).label is None


def test_a_store_shows_it_without_a_configuration(reader, tmp_path):
    report = report_point(open_store(tmp_path / "batch"), "7")
    assert (report.batch_id, report.row, report.label) == ("1", 3, "1")
    with pytest.raises(ConfigurationError):
        report_point(open_store(tmp_path / "batch"), "7", with_points=True)


def test_one_that_is_not_there_is_not_found(reader):
    with pytest.raises(NotFoundError, match="There is no data point '20'"):
        report_point(reader, "20")
