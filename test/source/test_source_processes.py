"""Sources are used by several processes at once, each with files and connections of its own."""

import json
import multiprocessing
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from zensols_like.source import ArrayStash, ArrowStash, FileStash, JsonLinesStash, LineStash, SqlStash

COUNT = 3000


def backwards(stash):
    """Every value from the last key to the first, as text."""
    return repr(list(stash.load_many(list(stash.keys())[::-1])))


@pytest.fixture
def sources(tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    numbers = list(range(COUNT))
    (tmp_path / "values.jsonl").write_text("".join(f"{json.dumps({'id': f'n{n}', 'n': n})}\n" for n in numbers))
    (tmp_path / "lines.txt").write_text("".join(f"line {n}\n" for n in numbers))
    np.save(tmp_path / "n.npy", np.arange(COUNT))
    parquet.write_table(arrow.table({"n": numbers}), tmp_path / "n.parquet", row_group_size=500)
    with closing(sqlite3.connect(tmp_path / "n.db")) as database, database:
        database.execute("create table item (n integer primary key, name text)")
        database.executemany("insert into item values (?, ?)", [(n, f"n{n}") for n in numbers])
    return [
        JsonLinesStash(tmp_path / "values.jsonl", "id"),
        LineStash(tmp_path),
        FileStash(tmp_path),
        ArrayStash(tmp_path / "n.npy"),
        ArrowStash(tmp_path / "n.parquet", memory_bytes=10_000),
        SqlStash(tmp_path / "n.db", "select n from item order by n", "select * from item where n = :key"),
    ]


@pytest.mark.process
def test_every_process_reads_the_same(sources):
    expected = [backwards(stash) for stash in sources]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(backwards, sources * 2, chunksize=1) == expected * 2
