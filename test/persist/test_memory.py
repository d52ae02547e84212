from __future__ import annotations

import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from zensols_like.errors import PersistableError
from zensols_like.persist import (
    CacheStash,
    Deallocatable,
    DictionaryStash,
    LRUCacheStash,
    PersistableContainer,
    dealloc,
)


@dataclass
class Counting(DictionaryStash):
    loads: list[str] = field(default_factory=list)

    def load(self, name: str) -> Any:
        self.loads.append(name)
        return super().load(name)


def test_a_dictionary_may_change_while_it_is_iterated_over() -> None:
    stash = DictionaryStash({"a": 1, "b": 2})
    for name, _ in stash:
        stash.delete(name)
        stash.dump(f"{name}{name}", 1)
    assert list(stash.keys()) == ["aa", "bb"]


def test_two_dictionary_stashes_share_nothing() -> None:
    DictionaryStash().dump("a", 1)
    assert len(DictionaryStash()) == 0


def test_a_value_is_loaded_once_and_then_kept() -> None:
    delegate = Counting({"a": 1})
    stash = CacheStash(delegate)
    assert [stash.load("a"), stash["a"], dict(stash)] == [1, 1, {"a": 1}]
    assert delegate.loads == ["a"]


def test_the_cache_never_keeps_a_miss() -> None:  # weakness A6
    delegate = DictionaryStash()
    stash = CacheStash(delegate)
    assert stash.load("a") is None
    delegate.dump("a", 1)
    assert stash.load("a") == 1


def test_a_dump_is_seen_at_once_by_both() -> None:  # weakness A6
    stash = CacheStash(DictionaryStash({"a": 1}), DictionaryStash())
    assert stash.load("a") == 1
    stash.dump("a", 2)
    assert (stash.load("a"), stash.delegate.load("a"), stash.cache_stash.load("a")) == (2, 2, 2)


def test_delete_and_clear_empty_the_cache_too() -> None:
    stash = CacheStash(DictionaryStash({"a": 1, "b": 2}))
    dict(stash)
    stash.delete("a")
    assert stash.load("a") is None
    stash.clear()
    assert stash.load("b") is None
    assert len(stash.cache_stash) == 0


def test_a_refused_dump_leaves_nothing_stale_in_the_cache() -> None:
    @dataclass
    class Refusing(DictionaryStash):
        def dump(self, name: str, inst: Any) -> None:
            raise PersistableError("no")

    stash = CacheStash(Refusing({"a": 1}))
    assert stash.load("a") == 1
    with pytest.raises(PersistableError):
        stash.dump("a", 2)
    assert stash.load("a") == 1


def test_parts_never_get_into_the_cache() -> None:
    @dataclass
    class WithParts(DictionaryStash):
        def selecting(self, parts: Any) -> Any:
            return DictionaryStash({name: value[:1] for name, value in self.data.items()})

    stash = CacheStash(WithParts({"a": "xyz"}))
    assert stash.selecting({"first"}).load("a") == "x"
    assert stash.load("a") == "xyz"
    whole = CacheStash(DictionaryStash())
    assert whole.selecting({"first"}) is whole


def test_a_bounded_cache_keeps_what_was_used_last() -> None:
    delegate = Counting({"a": 1, "b": 2, "c": 3})
    stash = LRUCacheStash(delegate, 2)
    assert [stash.load(key) for key in "abacab"] == [1, 2, 1, 3, 1, 2]
    assert delegate.loads == ["a", "b", "c", "b"]
    assert list(stash.cache_stash.keys()) == ["a", "b"]


def test_what_is_dumped_counts_as_used_and_replaces_what_is_cached() -> None:
    stash = LRUCacheStash(DictionaryStash(), maxsize=2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        stash.dump(key, value)
    assert dict(stash.cache_stash) == {"a": 3, "c": 4}
    assert dict(stash.delegate) == {"a": 3, "b": 2, "c": 4}
    stash.delete("a")
    assert list(stash.cache_stash.keys()) == ["c"]


def test_the_cache_of_a_bounded_stash_is_its_own() -> None:
    delegate = DictionaryStash({"a": 1})
    first, second = LRUCacheStash(delegate), LRUCacheStash(delegate)
    first.load("a")
    assert len(second.cache_stash) == 0
    assert first == second
    with pytest.raises(PersistableError, match="maxsize of 1 or more"):
        LRUCacheStash(delegate, 0)


def test_a_bounded_cache_is_used_by_several_threads_at_once() -> None:
    stash = LRUCacheStash(DictionaryStash({str(number): number for number in range(20)}), maxsize=4)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def use(first: int) -> bool:
        sound = True
        for number in range(first, first + 5_000):
            key = str(number % 20)
            sound &= stash.load(key) == number % 20
            if number % 7 == 0:
                stash.cache_stash.delete(key)
                sound &= len(list(stash.cache_stash.keys())) <= 4
        return sound

    try:
        with ThreadPoolExecutor(4) as threads:
            assert all(threads.map(use, range(4)))
    finally:
        sys.setswitchinterval(interval)
    there = pickle.loads(pickle.dumps(stash))
    assert there.cache_stash == stash.cache_stash
    there.delete("1")
    assert (there.load("1"), stash.load("1")) == (None, 1)


class Base(PersistableContainer):
    _PERSITABLE_TRANSIENT_ATTRIBUTES = frozenset({"cache"})

    def __init__(self) -> None:
        self.name, self.cache, self.handle = "x", {"a": 1}, lambda: None


class Derived(Base):
    _PERSITABLE_TRANSIENT_ATTRIBUTES = frozenset({"name"})
    _PERSITABLE_REMOVE_ATTRIBUTES = ("handle",)


def test_a_container_leaves_behind_what_it_and_its_bases_name() -> None:
    original = Derived()
    there = pickle.loads(pickle.dumps(original))
    assert vars(there) == {"name": None, "cache": None}
    assert original.cache == {"a": 1}


def test_dealloc_lets_go_even_after_an_error() -> None:
    class Memory(Deallocatable):
        held = True

        def deallocate(self) -> None:
            self.held = False

    memory = Memory()
    with pytest.raises(ZeroDivisionError), dealloc(memory):
        1 / 0  # noqa: B018 - an error in the block
    assert not memory.held
    with dealloc(Memory) as made:
        assert made.held
    assert not made.held
