"""All stores below a folder, and what they take."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.flowers import flower_stash

from zensols_like.batch import BatchShardStash
from zensols_like.inspect import NotFoundError, find_stores, list_stores, report_usage
from zensols_like.persist import DirectoryStash


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Three stores, one of them damaged."""
    flower_stash(tmp_path / "a").prime()
    flower_stash(tmp_path / "b" / "c", container=BatchShardStash, batch_size=2).prime()
    flower_stash(tmp_path / "d", delegate=DirectoryStash(tmp_path / "d" / "plain")).prime()
    (tmp_path / "d" / "plain.store" / "manifest.json").write_text("{}")
    return tmp_path


def test_all_stores_below_a_folder_are_found_in_order(many):
    assert [str(path.relative_to(many)) for path in find_stores(many)] == ["a/batch", "b/c/batch", "d/plain"]
    assert list(find_stores(many / "a" / "batch")) == [many / "a" / "batch"]


def test_the_depth_is_bounded(many):
    assert [str(path.relative_to(many)) for path in find_stores(many, depth=2)] == ["a/batch", "d/plain"]


def test_links_are_not_followed(many):
    (many / "e").symlink_to(many)
    assert len(list(find_stores(many))) == 3


def test_a_damaged_store_is_listed_as_such(many):
    a, c, plain = list_stores(many).stores
    assert (a.status, a.batches, a.committed, a.data_points, a.note) == ("complete", 5, 5, 20, None)
    assert (c.status, c.batches) == ("complete", 10)
    assert (plain.status, plain.batches) == ("damaged", None)
    assert "manifest is damaged" in plain.note


def test_no_store_at_all_is_not_found(tmp_path):
    with pytest.raises(NotFoundError, match="There is no store"):
        list_stores(tmp_path)
    with pytest.raises(NotFoundError, match="There is no store"):
        list_stores(tmp_path / "nope")


def test_usage_adds_up(many):
    report = report_usage(find_stores(many))
    a, c, plain = report.stores
    assert [group.name for group in a.groups] == ["label", "leaves-size", "noise"]
    assert a.record_bytes == sum(path.stat().st_size for path in (many / "a" / "batch").rglob("*.dat"))
    assert c.file_bytes > c.record_bytes
    assert (plain.status, plain.groups, plain.files) == ("damaged", (), 5 + 4)
    assert report.file_bytes == a.file_bytes + c.file_bytes + plain.file_bytes
