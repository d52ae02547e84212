"""What of a source and its splits makes a store stale, and what does not."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from zensols_like.batch.fingerprint import Fingerprint, describe_splits, find_digested
from zensols_like.dataset import DatasetSplitStash, FixedSplitKeyContainer, SortedDatasetSplitStash
from zensols_like.persist import DelegateStash, DictionaryStash, DirectoryStash, LRUCacheStash, UnionStash
from zensols_like.source import ArrowStash, FileStash, JsonLinesStash, SqlStash

KEYS = FixedSplitKeyContainer({"train": ("1", "2")})
QUERIES = ("select id from t order by id", "select * from t where id = :key")


def grey(path: Path) -> bytes:
    return path.read_bytes()[:1]


def backwards(key: str) -> int:
    return -int(key)


def described(source):
    return describe_splits(DatasetSplitStash(source, KEYS))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (FileStash(Path("photos")), FileStash(Path("photos"), reader=grey)),
        (FileStash(Path("photos"), reader=grey), FileStash(Path("photos"), reader=Path.read_text)),
        (FileStash(Path("photos")), FileStash(Path("photos"), ["**/*.png"])),
        (UnionStash([FileStash(Path("a"))]), UnionStash([FileStash(Path("a"), reader=grey)])),
        (ArrowStash(Path("a.arrow")), ArrowStash(Path("a.arrow"), columns=["x"])),
    ],
)
def test_options_that_change_values_are_described(one, other):
    assert described(one) != described(other)


def test_a_sort_function_is_described_by_its_name():
    def sorted_by(function):
        return describe_splits(SortedDatasetSplitStash(DictionaryStash({"1": 1}), KEYS, function))

    assert sorted_by(backwards)["sort_function"] == f"{__name__}.backwards"
    assert sorted_by(str.lower)["sort_function"] == "builtins.str.lower"
    assert sorted_by(int) != sorted_by(None)
    assert "sort_function" not in sorted_by(partial(backwards))  # what is no function of a name is not known


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (FileStash(Path("photos")), FileStash(Path("elsewhere"), reader=Path.read_bytes)),
        (UnionStash([FileStash(Path("a"))]), UnionStash([FileStash(Path("b"))])),
        (ArrowStash(Path("a.arrow")), ArrowStash(Path("a.arrow"), memory_bytes=5)),
        (DirectoryStash(Path("a")), DirectoryStash(Path("a"), verify="never")),
        (DirectoryStash(Path("a")), DirectoryStash(Path("a"), trusted=True)),
        (LRUCacheStash(DictionaryStash(), maxsize=2), LRUCacheStash(DictionaryStash(), maxsize=3)),
        (SqlStash("postgresql://me@one/flowers", *QUERIES), SqlStash("postgresql://me@two/flowers", *QUERIES)),
    ],
)
def test_options_that_change_no_value_are_not(one, other):
    assert described(one) == described(other)


def test_a_store_that_holds_such_options_is_as_fresh_as_one_that_does_not():
    old = {"splits": {"delegate": {"verify": "always", "maxsize": 3, "format": "record"}, "stratified_write": True}}
    new = Fingerprint({"splits": {"delegate": {"format": "record"}}})
    assert Fingerprint(old).differences(new) == []
    old["splits"]["delegate"] |= {"limit": 5}
    assert list(map(str, Fingerprint(old).differences(new))) == ["splits.delegate.limit: 5 -> null"]


def test_a_union_tells_whether_one_of_its_stashes_changed(tmp_path):
    one, other = tmp_path / "one.jsonl", tmp_path / "other.jsonl"
    one.write_text('{"x": 1}\n')
    other.write_text('{"x": 2}\n')

    def digests(*more):
        source = DelegateStash(UnionStash([JsonLinesStash(one), DelegateStash(JsonLinesStash(other)), *more]))
        return {level: find_digested(source).source_digest(level) for level in ("stat", "content")}

    before = digests()
    assert digests(DictionaryStash()) == before  # which cannot tell
    assert all(before.values())
    other.write_text('{"x": 30}\n')
    assert all(after != before[level] for level, after in digests().items())
    assert find_digested(UnionStash([DictionaryStash()])) is None
