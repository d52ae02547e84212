from __future__ import annotations

import pickle
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.errors import PersistableError
from zensols_like.persist import (
    DelegateStash,
    DictionaryStash,
    KeyLimitStash,
    KeySubsetStash,
    ReadOnlyDelegateStash,
    ReadOnlyStash,
    SortedStash,
    Stash,
    UnionStash,
    read_keys,
    write_keys,
)


@dataclass
class Recording(DictionaryStash):
    """A stash that says how it was used, and whose values have parts."""

    calls: list[Any] = field(default_factory=list)
    parts: Collection[str] | None = None

    def load(self, name: str) -> Any:
        self.calls.append(("load", name))
        value = super().load(name)
        if value is None or self.parts is None:
            return value
        return {part: value[part] for part in self.parts}

    def load_many(self, keys: Iterable[str]) -> Iterable[tuple[str, Any]]:
        names = list(keys)
        self.calls.append(("load_many", names))
        return [(name, DictionaryStash.load(self, name)) for name in names]

    def clear(self) -> None:
        self.calls.append("clear")
        super().clear()

    def selecting(self, parts: Collection[str] | None) -> Stash:
        return Recording(self.data, self.calls, parts)


@pytest.fixture
def abc() -> DictionaryStash:
    return DictionaryStash({"b": 1, "a": 2, "c": 3})


def test_a_stash_without_a_delegate_is_refused() -> None:
    with pytest.raises(PersistableError, match="delegate"):
        DelegateStash(None)  # type: ignore[arg-type]


def test_attributes_of_the_delegate_are_hidden_unless_asked_for(abc: DictionaryStash) -> None:
    stash = DelegateStash(abc)
    with pytest.raises(AttributeError, match="data"):
        _ = stash.data
    stash.delegate_attr = True
    assert stash.data is abc.data
    with pytest.raises(AttributeError):
        _ = stash._data


def test_an_error_inside_of_a_property_is_the_one_that_is_seen(abc: DictionaryStash) -> None:
    @dataclass
    class Broken(DelegateStash):
        @property
        def answer(self) -> Any:
            return self.delegate.no_such_thing  # type: ignore[attr-defined]

    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = Broken(abc).answer


def test_a_stash_that_shows_its_delegate_can_be_pickled(abc: DictionaryStash) -> None:
    stash = DelegateStash(abc)
    stash.delegate_attr = True
    assert pickle.loads(pickle.dumps(stash)).data == abc.data


def test_many_are_loaded_by_the_delegate_in_one_go() -> None:
    delegate = Recording({"a": 1, "b": 2})
    assert list(DelegateStash(delegate).load_many(["b", "x"])) == [("b", 2), ("x", None)]
    assert delegate.calls == [("load_many", ["b", "x"])]


def test_a_subclass_that_changes_load_changes_it_for_many_and_for_iteration(abc: DictionaryStash) -> None:
    @dataclass
    class Doubling(DelegateStash):
        def load(self, name: str) -> Any:
            return 2 * super().load(name)

    assert dict(Doubling(abc)) == {"b": 2, "a": 4, "c": 6}
    assert list(Doubling(abc).values()) == [2, 4, 6]


def test_clearing_and_selecting_are_handed_on() -> None:
    delegate = Recording({"a": {"x": 1, "y": 2}})
    stash = DelegateStash(delegate)
    view = stash.selecting(["x"])
    assert view.load("a") == {"x": 1}
    assert stash.load("a") == {"x": 1, "y": 2}
    assert type(view) is DelegateStash
    stash.clear()
    assert delegate.calls[-1] == "clear"


def test_a_read_only_delegate_keeps_what_it_reads_from(abc: DictionaryStash) -> None:
    stash = ReadOnlyDelegateStash(abc)
    stash.dump("d", 4)
    stash.delete("a")
    stash.clear()
    assert list(abc.keys()) == ["b", "a", "c"]
    assert isinstance(stash, ReadOnlyStash)
    with pytest.raises(PersistableError, match="Cannot clear"):
        ReadOnlyDelegateStash(abc, strict=True).clear()


def test_a_limit_shows_the_first_keys_only(abc: DictionaryStash) -> None:
    stash = KeyLimitStash(abc, 2)
    assert list(stash.keys()) == ["b", "a"]
    assert len(stash) == 2
    assert stash.load("c") is None
    assert "c" not in stash
    assert dict(stash) == {"b": 1, "a": 2}
    assert len(KeyLimitStash(abc, 0)) == 0
    with pytest.raises(PersistableError, match="limit is -1"):
        KeyLimitStash(abc, -1)


def test_a_limit_goes_through_the_keys_once_for_all_that_are_shown() -> None:
    class Counted(DictionaryStash):
        asked = 0

        def keys(self) -> Iterable[str]:
            self.asked += 1
            return super().keys()

    delegate = Counted({str(number): number for number in range(20)})
    stash = KeyLimitStash(delegate, 10)
    assert [stash.load(str(number)) for number in range(10)] == [*range(10)]
    assert all(stash.exists(str(number)) for number in range(10))
    assert delegate.asked == 1
    assert [stash.load("10"), stash.exists("11")] == [None, False]
    for key in ("3", "4"):
        delegate.delete(key)
    assert [stash.load("3"), stash.load("10"), stash.load("11"), stash.load("12")] == [None, 10, 11, None]


@given(
    steps=st.lists(st.tuples(st.sampled_from(["come", "go", "look"]), st.integers(0, 9)), max_size=30),
    limit=st.integers(0, 4),
)
def test_a_limit_shows_what_its_keys_say_whatever_comes_and_goes(steps: list[tuple[str, int]], limit: int) -> None:
    delegate = DictionaryStash()
    stash = KeyLimitStash(delegate, limit)
    for number, (step, key) in enumerate(steps):
        if step == "come":
            delegate.dump(str(number), number)
        elif step == "go":
            delegate.delete(str(key))
        else:
            is_shown = str(key) in tuple(stash.keys())
            assert stash.exists(str(key)) == is_shown == (stash.load(str(key)) == key)
            assert [value for _, value in stash.load_many([str(key), "x"])] == [stash.load(str(key)), None]


def test_a_subset_is_the_intersection_in_the_order_of_the_delegate(abc: DictionaryStash) -> None:
    stash = KeySubsetStash(abc, ["c", "b", "missing"])
    assert dict(stash) == {"b": 1, "c": 3}
    assert stash.load("a") is None
    assert not stash.exists("missing")


def test_a_dynamic_subset_restricts_further_and_may_change(abc: DictionaryStash) -> None:  # weakness B10
    dynamic = {"a", "b"}
    stash = KeySubsetStash(abc, ["b", "c"], dynamic)
    assert list(stash.keys()) == ["b"]
    dynamic.add("c")
    assert list(stash.keys()) == ["b", "c"]


@pytest.mark.parametrize("written", [True, False])
def test_a_subset_from_a_file_works_every_time(
    abc: DictionaryStash, tmp_path: Path, written: bool
) -> None:  # weakness B10
    path = tmp_path / "keys.txt"
    if written:
        write_keys(path, ["a", "c"])
    else:
        path.write_text("a\nc\n")
    stash = KeySubsetStash(abc, path)
    for _ in range(3):
        assert list(stash.keys()) == ["a", "c"]
        assert stash["a"] == 2


def test_a_subset_that_is_a_string_is_refused(abc: DictionaryStash) -> None:
    with pytest.raises(PersistableError, match="give a list or a Path"):
        KeySubsetStash(abc, "abc")


def test_a_subset_is_read_from_its_delegate_in_one_go() -> None:
    delegate = Recording({"a": 1, "b": 2, "c": 3})
    stash = KeySubsetStash(delegate, ["a", "c"])
    assert list(stash.load_many(["c", "b", "x", "a"])) == [("c", 3), ("b", None), ("x", None), ("a", 1)]
    assert delegate.calls == [("load_many", ["c", "a"])]


def test_sorted_keys_follow_the_sort_function() -> None:
    delegate = DictionaryStash({"10": 1, "9": 2, "1": 3})
    assert list(SortedStash(delegate).keys()) == ["1", "10", "9"]
    assert dict(SortedStash(delegate, int)) == {"1": 3, "9": 2, "10": 1}
    assert list(SortedStash(delegate, int)) == [("1", 3), ("9", 2), ("10", 1)]


def test_a_union_has_the_keys_of_all(abc: DictionaryStash) -> None:
    stash = UnionStash((abc, DictionaryStash({"d": 4})))
    assert list(stash) == [("b", 1), ("a", 2), ("c", 3), ("d", 4)]
    assert stash.load("x") is None


def test_a_key_in_two_stashes_of_a_union_is_an_error(abc: DictionaryStash) -> None:
    stash = UnionStash((abc, DictionaryStash({"a": 4, "e": 5})))
    with pytest.raises(PersistableError, match=r"more than one stash: \['a'\]"):
        list(stash.keys())
    with pytest.raises(PersistableError, match=r"more than one stash: \['a'\]"):
        stash.load("a")
    assert stash.load("e") == 5


def test_a_union_selects_in_each_stash() -> None:
    stash = UnionStash([Recording({"a": {"x": 1, "y": 2}}), DictionaryStash({"b": 2})])
    view = stash.selecting({"y"})
    assert view.load("a") == {"y": 2}
    assert view.load("b") == 2


@pytest.mark.parametrize("keys", [["a b ", "c\nd", "é", "", "\u2028", '"', "\udc80", "\r", "007"], []])
def test_keys_survive_a_file_exactly(tmp_path: Path, keys: list[str]) -> None:
    write_keys(tmp_path / "keys", keys)
    assert read_keys(tmp_path / "keys") == tuple(keys)


def test_a_plain_key_file_is_read_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes("1\r\n a b \n\né\n".encode())
    assert read_keys(tmp_path / "keys") == ("1", " a b ", "é")


def test_a_key_file_of_both_kinds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text('"a"\nb\n')
    with pytest.raises(PersistableError, match="line 2"):
        read_keys(path)
    with pytest.raises(PersistableError, match="not there"):
        read_keys(tmp_path / "missing")
