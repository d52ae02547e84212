"""What every stash must do."""
# ruff: noqa: D102 - the name of a test is its docstring

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from zensols_like.errors import APIError
from zensols_like.persist import Stash

__all__ = ["HOSTILE_KEYS", "KEYS", "StashContract"]

KEYS = ("b", "a", "10", "9")
"""The harmless keys of the suite."""

HOSTILE_KEYS = (
    "",
    " ",
    ".",
    "..",
    "../x",
    "../../x",
    "../../../x",
    "a/b",
    "a\\b",
    "/absolute",
    "nul\0byte",
    "CON",
    "line\nbreak",
    " spaces ",
    "x" * 4096,
    "caf\u00e9",
    "cafe\u0301",
    "case",
    "CASE",
    "%s%n{name}%2F",
    "%2E%2E/x",
    ".hidden",
    "a.dat",
    "*?[a]",
)
"""Keys that have led stashes astray; ``/absolute`` stands for a path beside the folder of the stash."""


class StashContract(ABC):
    """Tests that a stash passes; subclass it in a test module, with a name that begins with ``Test``.

    Example:
        .. code-block:: python

            class TestSqliteStash(StashContract):
                def make(self, tmp_path):
                    return SqliteStash(tmp_path / "values.db")
    """

    values: ClassVar[Sequence[Any]] = ("one", 2, ["three", 3.5, None], 0)
    """What is stored under :data:`KEYS`, each different from the others."""

    @abstractmethod
    def make(self, tmp_path: Path) -> Stash:
        """An empty stash that writes below the folder ``tmp_path``, or nowhere."""

    def put(self, stash: Stash, name: str, value: Any) -> None:
        """Store a value; override it for a stash that only reads, and write to what it reads from."""
        stash.dump(name, value)

    def remove(self, stash: Stash, name: str) -> None:
        """Forget a value; override it for a stash that only reads."""
        stash.delete(name)

    def empty(self, stash: Stash) -> None:
        """Forget every value; override it for a stash that only reads."""
        stash.clear()

    def same(self, first: Any, second: Any) -> bool:
        """Whether two values are equal."""
        return bool(first == second)

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """Where the stash lives, with room around it for what goes astray."""
        folder = tmp_path / "1" / "2" / "3" / "inside"
        folder.mkdir(parents=True)
        return folder

    @pytest.fixture
    def stash(self, folder: Path) -> Stash:
        """An empty stash."""
        return self.make(folder)

    @pytest.fixture
    def filled(self, stash: Stash) -> Stash:
        """A stash with a value under each of :data:`KEYS`."""
        for name, value in zip(KEYS, self.values, strict=True):
            self.put(stash, name, value)
        return stash

    def test_every_value_comes_back(self, filled: Stash) -> None:
        for name, value in zip(KEYS, self.values, strict=True):
            assert self.same(filled.load(name), value)
            assert self.same(filled[name], value)
            assert self.same(filled.get(name, "default"), value)
            assert filled.exists(name)
            assert name in filled

    def test_a_missing_key_gives_none_the_default_or_a_key_error(self, filled: Stash) -> None:
        assert filled.load("missing") is None
        assert filled.get("missing") is None
        assert filled.get("missing", "default") == "default"
        assert not filled.exists("missing")
        assert "missing" not in filled
        with pytest.raises(KeyError, match="missing"):
            filled["missing"]

    def test_a_second_value_replaces_the_first(self, stash: Stash) -> None:
        for value in self.values[:2]:
            self.put(stash, "a", value)
            assert self.same(stash.load("a"), value)
        assert list(stash.keys()) == ["a"]

    def test_a_deleted_key_is_gone_and_deleting_a_missing_one_is_quiet(self, filled: Stash) -> None:
        self.remove(filled, "a")
        self.remove(filled, "a")
        self.remove(filled, "missing")
        assert filled.load("a") is None
        assert not filled.exists("a")
        assert sorted(filled.keys()) == sorted(set(KEYS) - {"a"})

    def test_iterating_gives_pairs_in_the_order_of_the_keys(self, filled: Stash) -> None:
        keys = list(filled.keys())
        assert [name for name, _ in filled] == keys
        assert [name for name, _ in filled.items()] == keys
        assert len(list(filled.values())) == len(filled) == len(keys)
        for (name, value), other in zip(filled, filled.values(), strict=True):
            assert self.same(value, filled[name])
            assert self.same(value, other)

    def test_the_keys_are_those_stored_each_once_in_a_stable_order(self, filled: Stash) -> None:
        keys = list(filled.keys())
        assert sorted(keys) == sorted(KEYS)
        assert list(filled.keys()) == keys
        assert [name for group in filled.key_groups(3) for name in group] == keys

    def test_many_come_in_the_order_asked_for_with_none_for_the_missing(self, filled: Stash) -> None:
        wanted = ["9", "missing", "a", "b", "a"]
        found = list(filled.load_many(iter(wanted)))
        assert [name for name, _ in found] == wanted
        for name, value in found:
            assert value is None if name == "missing" else self.same(value, filled[name])

    def test_a_cleared_stash_is_empty_and_takes_values_again(self, filled: Stash) -> None:
        self.empty(filled)
        assert list(filled.keys()) == []
        assert len(filled) == 0
        self.put(filled, "a", self.values[0])
        assert self.same(filled["a"], self.values[0])

    def test_a_view_of_all_parts_gives_the_same(self, filled: Stash) -> None:
        view = filled.selecting(None)
        assert list(view.keys()) == list(filled.keys())
        assert self.same(view["a"], filled["a"])

    def test_looking_creates_nothing(self, stash: Stash, tmp_path: Path) -> None:
        before = sorted(tmp_path.rglob("*"))
        stash.exists("a")
        stash.load("a")
        stash.get("a")
        list(stash.load_many(["a", "b"]))
        list(stash.keys())
        list(stash)
        len(stash)
        repr(stash)
        stash.delete("a")
        assert list(stash.keys()) == []
        assert sorted(tmp_path.rglob("*")) == before

    def test_it_travels_to_a_worker(self, filled: Stash) -> None:
        there = pickle.loads(pickle.dumps(filled))  # noqa: S301 - what was pickled a moment ago
        assert list(there.keys()) == list(filled.keys())
        for name, value in zip(KEYS, self.values, strict=True):
            assert self.same(there[name], value)

    @pytest.mark.parametrize("key", HOSTILE_KEYS, ids=lambda key: ascii(key)[:20])
    def test_hostile_keys_stay_inside(self, stash: Stash, folder: Path, tmp_path: Path, key: str) -> None:
        if key == "/absolute":
            key = str(tmp_path / "absolute")
        if self._accepts(stash, key, self.values[0]):
            assert self.same(stash.load(key), self.values[0])
            assert stash.exists(key)
            assert list(stash.keys()) == [key]
            self.remove(stash, key)
        assert list(stash.keys()) == []
        outside = [path for path in tmp_path.rglob("*") if path not in folder.parents and folder not in path.parents]
        assert outside == [folder]

    def test_hostile_keys_stay_apart(self, stash: Stash) -> None:
        accepted = [key for number, key in enumerate(HOSTILE_KEYS) if self._accepts(stash, key, self._value(number))]
        assert sorted(stash.keys()) == sorted(accepted)
        for number, key in enumerate(HOSTILE_KEYS):
            if key in accepted:
                assert self.same(stash.load(key), self._value(number))

    def _value(self, number: int) -> Any:
        return self.values[number % 2]

    def _accepts(self, stash: Stash, key: str, value: Any) -> bool:
        try:
            self.put(stash, key, value)
        except APIError:
            return False
        return True
