from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.errors import PersistableError
from zensols_like.persist import (
    BulkStash,
    CloseableStash,
    DelegateStash,
    DictionaryStash,
    NoopStash,
    ReadOnlyStash,
    Stash,
    chunks,
)


@dataclass
class Letters(ReadOnlyStash):
    """What a user writes: a bare dataclass with a field of its own."""

    letters: str

    def load(self, name: str) -> Any:
        return self.letters.index(name) if name in self.letters else None

    def exists(self, name: str) -> bool:
        return name in self.letters

    def keys(self) -> tuple[str, ...]:
        return tuple(self.letters)


def test_five_methods_make_a_stash() -> None:
    stash = Letters("ab")
    assert dict(stash) == {"a": 0, "b": 1}
    assert list(stash.values()) == [0, 1]
    assert list(stash.key_groups(1)) == [["a"], ["b"]]
    assert "b" in stash
    assert len(stash) == 2


def test_a_value_that_is_false_is_not_missing() -> None:
    assert Letters("a").get("a", "default") == 0
    assert Letters("a")["a"] == 0


def test_brackets_raise_a_key_error_and_load_gives_none() -> None:
    assert Letters("a").load("x") is None
    with pytest.raises(KeyError) as found:
        Letters("a")["x"]
    assert found.value.args == ("x",)


def test_a_number_in_brackets_is_told_that_keys_are_text() -> None:
    with pytest.raises(KeyError, match=r"0 is no text, as keys are; try '0'"):
        DictionaryStash({"0": "zero"})[0]  # type: ignore[index]


def test_brackets_store_and_delete() -> None:
    stash = DictionaryStash()
    stash["a"] = 1
    assert stash["a"] == 1
    del stash["a"]
    assert "a" not in stash


def test_a_stash_can_be_cleared_while_its_keys_are_a_view_of_it() -> None:
    @dataclass
    class Live(DictionaryStash):
        def keys(self) -> Any:
            return self.data.keys()

        clear = Stash.clear

    stash = Live({"a": 1, "b": 2})
    stash.clear()
    assert len(stash) == 0


def test_values_are_loaded_as_they_are_asked_for() -> None:
    loaded = []

    @dataclass
    class Counting(DictionaryStash):
        def load(self, name: str) -> Any:
            loaded.append(name)
            return super().load(name)

    values = iter(Counting({"a": 1, "b": 2}).values())
    assert loaded == []
    next(values)
    assert loaded == ["a"]


def test_a_stash_of_whole_values_is_its_own_selection() -> None:
    stash = DictionaryStash()
    assert stash.selecting(["part"]) is stash


@pytest.mark.parametrize("change", [lambda s: s.dump("a", 1), lambda s: s.delete("a"), lambda s: s.clear()])
def test_a_read_only_stash_ignores_changes_and_a_strict_one_refuses_them(change: Any) -> None:
    stash = Letters("ab")
    change(stash)
    assert dict(stash) == {"a": 0, "b": 1}
    with pytest.raises(PersistableError, match="read-only"):
        change(Letters("ab", strict=True))


def test_a_noop_stash_stays_empty() -> None:
    stash = NoopStash()
    stash.dump("a", 1)
    stash.delete("a")
    assert stash.load("a") is None
    assert "a" not in stash
    assert list(stash) == []


def test_a_closeable_stash_closes_after_the_block() -> None:
    @dataclass
    class Open(DictionaryStash, CloseableStash):
        closed: bool = field(default=False)

        def close(self) -> None:
            self.closed = True

    with Open() as stash:
        assert not stash.closed
    assert stash.closed


@given(st.lists(st.integers()), st.integers(1, 10))
def test_chunks_lose_nothing_and_keep_the_order(values: list[int], size: int) -> None:
    pieces = list(chunks(values, size))
    assert [value for piece in pieces for value in piece] == values
    assert all(len(piece) == size for piece in pieces[:-1])
    assert all(0 < len(piece) <= size for piece in pieces)
    assert list(chunks(values, size, enum=True)) == list(enumerate(pieces))


def test_chunks_are_taken_as_they_are_asked_for() -> None:
    endless = iter(int, 1)
    assert next(chunks(endless, 3)) == [0, 0, 0]


@pytest.mark.parametrize("size", [0, -1])
def test_chunks_refuse_a_senseless_size_at_once(size: int) -> None:
    with pytest.raises(PersistableError, match="give a size of 1 or more"):
        chunks("abc", size)


@dataclass
class Numbers(BulkStash, ReadOnlyStash):
    """Reads many at once."""

    def load_many(self, keys: Iterable[str]) -> Iterable[tuple[str, Any]]:
        return ((key, int(key) if self.exists(key) else None) for key in keys)

    def exists(self, name: str) -> bool:
        return name in self.keys()

    def keys(self) -> tuple[str, ...]:
        return ("1", "2", "3")


@dataclass
class Behind(DelegateStash):
    """Reads many at once where its delegate does."""

    delegate: Stash = field(default_factory=Numbers)


class Single(Numbers):
    """Has a way of its own to read one."""

    def load(self, name: str) -> Any:
        return int(name) if self.exists(name) else None


def tenfold(base: Any) -> Any:
    class Tenfold(base):
        def load(self, name: str) -> Any:
            value = super().load(name)
            return value and 10 * value

    return Tenfold


def one_more(base: Any) -> Any:
    class OneMore(base):
        def load_many(self, keys: Iterable[str]) -> Iterable[tuple[str, Any]]:
            return ((key, value and value + 1) for key, value in super().load_many(keys))

    return OneMore


def unchanged(base: Any) -> Any:
    return type("Unchanged", (base,), {})


def tenfold_before(base: Any) -> Any:
    class Mixin:  # no stash by itself
        def load(self, name: str) -> Any:
            value = super().load(name)  # type: ignore[misc]
            return value and 10 * value

    return type("Mixed", (Mixin, base), {})


@pytest.mark.parametrize("base", [Numbers, Behind, Single])
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], 3),
        ([tenfold], 30),
        ([tenfold_before], 30),
        ([tenfold, unchanged, tenfold], 300),
        ([tenfold, one_more], 31),
        ([tenfold, one_more, tenfold_before, unchanged], 300),
    ],
)
def test_who_changes_load_changes_it_for_many(
    base: Any, changes: Sequence[Callable[[Any], Any]], expected: int
) -> None:
    for change in changes:
        base = change(base)
    stash = base()
    assert [*stash.load_many(iter(["x", "3"]))] == [("x", None), ("3", expected)]
    assert [*stash.values()][2] == expected
    if changes[-1:] != [one_more]:
        assert [stash.load("x"), stash["3"]] == [None, expected]


@pytest.mark.parametrize(
    ("base", "changes", "expected"),
    [
        (Numbers, [one_more], 4),
        (Numbers, [one_more, unchanged, one_more], 5),
        (Numbers, [one_more, tenfold], 40),
        (Numbers, [tenfold, one_more], 30),
        (Single, [one_more], 3),
    ],
)
def test_who_changes_many_of_a_bulk_stash_changes_one_unless_a_class_loads_one_by_itself(
    base: Any, changes: Sequence[Callable[[Any], Any]], expected: int
) -> None:
    for change in changes:
        base = change(base)
    assert [base().load("x"), base()["3"]] == [None, expected]


def test_a_bulk_stash_without_load_many_is_abstract() -> None:
    with pytest.raises(TypeError, match="load_many"):
        type("Empty", (BulkStash, NoopStash), {})()
