"""Sources keep the contract of stashes; what is put in is written to what they read from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from zensols_like.persist import Stash
from zensols_like.source import ArrayStash, ArrowStash, FileStash, JsonLinesStash, LineStash, SourceError, SqlStash
from zensols_like.testing.stash import StashContract


class SourceContract(StashContract):
    """A source of which the whole data are written anew with each change."""

    values: ClassVar[list[dict[str, Any]]] = [{"size": number, "name": str(number)} for number in range(4)]

    def put(self, stash: Stash, name: str, value: Any) -> None:
        self.write(stash, {**self.read(stash), name: value})

    def remove(self, stash: Stash, name: str) -> None:
        self.write(stash, {key: value for key, value in self.read(stash).items() if key != name})

    def empty(self, stash: Stash) -> None:
        self.write(stash, {})

    def read(self, stash: Stash) -> dict[str, Any]:
        return dict(stash)

    def write(self, stash: Stash, items: dict[str, Any]) -> None:
        raise NotImplementedError


class TestJsonLinesStash(SourceContract):
    def make(self, tmp_path: Path) -> Stash:
        path = tmp_path / "values.jsonl"
        path.touch()
        return JsonLinesStash(path, key_field="key")

    def write(self, stash, items):
        stash.path.write_text("".join(f"{json.dumps({'key': key, **value})}\n" for key, value in items.items()))
        stash.clear()

    def same(self, first, second):
        return {**first, "key": ""} == {**second, "key": ""}


class TestSqlStash(SourceContract):
    def make(self, tmp_path: Path) -> Stash:
        path = tmp_path / "values.db"
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("create table item (key text primary key, size integer, name text)")
        return SqlStash(path, "select key from item order by rowid", "select size, name from item where key = :key")

    def write(self, stash, items):
        with closing(sqlite3.connect(stash.database)) as database, database:
            database.execute("delete from item")
            database.executemany(
                "insert into item values (:key, :size, :name)", [{"key": key, **value} for key, value in items.items()]
            )
        stash.clear()


class TestArrowStash(SourceContract):
    def make(self, tmp_path: Path) -> Stash:
        stash = ArrowStash(tmp_path / "values.parquet", key_column="key")
        self.write(stash, {})
        return stash

    def write(self, stash, items):
        arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        schema = arrow.schema({"key": arrow.string(), "size": arrow.int64(), "name": arrow.string()})
        table = arrow.Table.from_pylist([{"key": key, **value} for key, value in items.items()], schema)
        parquet.write_table(table, stash.path, row_group_size=3)
        stash.clear()

    def same(self, first, second):
        return {**first, "key": ""} == {**second, "key": ""}


class TestFileStash(SourceContract):
    values = (b"one", b"", b"three", b"\0\xff")

    def make(self, tmp_path: Path) -> Stash:
        return FileStash(tmp_path)

    def put(self, stash, name, value):
        path = stash.folder / name
        if name.strip("/.") != name or ".." in name or "\0" in name or not name or len(name) > 255:
            raise SourceError(f"The test writes no file {name!r}.")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(value)
        stash.clear()

    def remove(self, stash, name):
        (stash.folder / name).unlink(missing_ok=True)
        stash.clear()

    def empty(self, stash):
        for name in list(stash.keys()):
            self.remove(stash, name)

    test_hostile_keys_stay_inside = None
    """Nothing is written but by the test itself."""


def array_stash(path: Path) -> Stash:
    return ArrayStash({"size": np.arange(3)})


def line_stash(path: Path) -> Stash:
    (path / "sizes.txt").write_text("0\n1\n2\n")
    return LineStash(path)


def written(contract: type[SourceContract]) -> Callable[[Path], Stash]:
    def make(path: Path) -> Stash:
        test = contract()
        stash = test.make(path)
        test.write(stash, {str(number): {"size": number, "name": "x"} for number in range(3)})
        return stash

    return make


@pytest.mark.parametrize(
    "make", [array_stash, line_stash, *map(written, (TestJsonLinesStash, TestSqlStash, TestArrowStash))]
)
def test_who_changes_how_a_row_of_a_source_is_loaded_changes_it_for_many(make, tmp_path):
    stash = make(tmp_path)
    before = dict(stash)

    @dataclass
    class Changed(type(stash)):
        def load(self, name):
            row = super().load(name)
            return row and ("changed", row)

    stash.__class__ = Changed
    assert dict(stash) == {key: ("changed", row) for key, row in before.items()}
    assert [*stash.load_many([*before, "nope"])] == [*((key, stash[key]) for key in before), ("nope", None)]
    assert stash.load_columns([*before]) is None
