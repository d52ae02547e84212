import os
import pickle
import sys

import pytest

from zensols_like.source import ArrowStash, SourceError, SourceFileNotFoundError

arrow = pytest.importorskip("pyarrow")
feather = pytest.importorskip("pyarrow.feather")
parquet = pytest.importorskip("pyarrow.parquet")

ROWS = [{"name": f"flower {number}", "size": number / 2, "tags": ["a"] * (number % 3)} for number in range(10)]


@pytest.fixture(params=["parquet", "arrow", "compressed"])
def path(request, tmp_path):
    table, path = arrow.Table.from_pylist(ROWS), tmp_path / f"flowers.{request.param}"
    if request.param == "parquet":
        parquet.write_table(table, path, row_group_size=3)
    else:
        kind = "lz4" if request.param == "compressed" else "uncompressed"
        feather.write_feather(table, path, compression=kind, chunksize=3)
    return path


def test_rows_are_dictionaries_by_column(path):
    stash = ArrowStash(path)
    assert list(stash.keys()) == [str(number) for number in range(10)]
    assert list(stash.values()) == ROWS
    assert len(stash) == 10
    assert list(stash.load_many(["9", "10", "0", "9"])) == [
        ("9", ROWS[9]),
        ("10", None),
        ("0", ROWS[0]),
        ("9", ROWS[9]),
    ]
    assert not any(stash.exists(key) for key in ("10", "-1", "01", "", "x"))


def test_a_column_can_be_the_key_and_be_left_out(path):
    stash = ArrowStash(path, "name", ["size"])
    assert list(stash.keys()) == [row["name"] for row in ROWS]
    assert stash["flower 4"] == {"size": 2.0}
    assert stash.load("4") is None


@pytest.mark.parametrize("memory_bytes", [0, 200, 1 << 20])
def test_what_is_kept_is_limited_but_for_the_last_piece(path, memory_bytes):
    stash = ArrowStash(path, memory_bytes=memory_bytes)
    assert list(stash.load_many(map(str, reversed(range(10))))) == [(str(n), ROWS[n]) for n in reversed(range(10))]
    kept = stash._pieces._kept.values()
    assert len(kept) >= 1
    assert len(kept) == 1 or sum(table.nbytes for table in kept) <= memory_bytes


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"columns": ["sizes"]}, r"(?s)No columns \['sizes'\].*\['name', 'size', 'tags'\]"),
        ({"key_column": "id"}, r"No columns \['id'\]"),
        ({"key_column": "size"}, "The column 'size' holds 0.0"),
    ],
)
def test_a_column_that_is_not_there_or_holds_no_keys_is_named(path, options, said):
    with pytest.raises(SourceError, match=said):
        dict(ArrowStash(path, **options))


def test_a_key_that_comes_twice_is_refused(tmp_path):
    parquet.write_table(arrow.table({"id": [1, 2, 1]}), tmp_path / "twice.parquet")
    with pytest.raises(SourceError, match=r"such as \['1'\]"):
        ArrowStash(tmp_path / "twice.parquet", "id").keys()


def test_files_of_other_kinds_are_refused(tmp_path):
    with pytest.raises(SourceFileNotFoundError, match=r"No file 'no.parquet'"):
        len(ArrowStash(tmp_path / "no.parquet"))
    for content, said in ((b"a,b\n", "neither Parquet nor Arrow"), (b"PAR1 no", "cannot be read"), (b"", "neither")):
        (tmp_path / "a.parquet").write_bytes(content)
        with pytest.raises(SourceError, match=said):
            len(ArrowStash(tmp_path / "a.parquet"))


def test_a_file_that_changes_is_refused(path):
    stash = ArrowStash(path)
    assert stash.exists("1")
    os.utime(path, ns=(1, 1))
    with pytest.raises(SourceError, match=r"changed while it was read"):
        stash.load("1")


def test_it_travels_small(path):
    stash = ArrowStash(path, "name")
    rows = dict(stash)
    assert len(pickle.dumps(stash)) < 500
    assert dict(pickle.loads(pickle.dumps(stash))) == rows


def test_a_digest_tells_of_a_change(path):
    stash = ArrowStash(path)
    before = [stash.source_digest(level) for level in ("stat", "keys", "content")]
    os.utime(path, ns=(1, 1))
    assert stash.source_digest("stat") != before[0]
    assert [stash.source_digest(level) for level in ("keys", "content")] == before[1:]


def test_without_pyarrow_the_extra_is_named(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(SourceError, match=r"pip install 'zensols_like\[parquet\]'"):
        ArrowStash(path).load("0")
