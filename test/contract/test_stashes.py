"""Every stash that we ship keeps the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from zensols_like.batch import BatchDirectoryCompositeStash, BatchShardStash
from zensols_like.dataset import DatasetSplitStash, SortedDatasetSplitStash, SplitKeyContainer
from zensols_like.errors import MissingDataKeysError, UnsafeError
from zensols_like.persist import (
    CacheFactoryStash,
    CacheStash,
    DelegateStash,
    DictionaryStash,
    DirectoryCompositeStash,
    DirectoryStash,
    FactoryStash,
    KeyLimitStash,
    KeySubsetStash,
    LRUCacheStash,
    OneShotFactoryStash,
    PreemptiveStash,
    PrimablePreemptiveStash,
    ProtectiveStash,
    ReadOnlyDelegateStash,
    ShardStash,
    SortedStash,
    Stash,
    UnionStash,
    register,
)
from zensols_like.testing.stash import HOSTILE_KEYS, KEYS, StashContract


class ReadOnlyContract(StashContract):
    """What is put in goes to the delegate."""

    def put(self, stash: Stash, name: str, value: Any) -> None:
        stash.delegate.dump(name, value)

    def remove(self, stash: Stash, name: str) -> None:
        stash.delegate.delete(name)

    def empty(self, stash: Stash) -> None:
        stash.delegate.clear()


class TestDictionaryStash(StashContract):
    def make(self, tmp_path: Path) -> Stash:
        return DictionaryStash()


class TestDirectoryStash(StashContract):
    def make(self, tmp_path: Path) -> Stash:
        return DirectoryStash(tmp_path / "values")


class TestDirectoryStashWithAPattern(StashContract):
    def make(self, tmp_path: Path) -> Stash:
        return DirectoryStash(tmp_path, pattern="value-{name}.record")


class TestDelegateStash(StashContract):
    def make(self, tmp_path: Path) -> Stash:
        return DelegateStash(DirectoryStash(tmp_path))


class TestDelegateStashWithAttributesOfItsDelegate(StashContract):
    def make(self, tmp_path: Path) -> Stash:
        stash = DelegateStash(DirectoryStash(tmp_path))
        stash.delegate_attr = True
        return stash


class TestReadOnlyDelegateStash(ReadOnlyContract):
    def make(self, tmp_path: Path) -> Stash:
        return ReadOnlyDelegateStash(DirectoryStash(tmp_path))


class TestCacheStash(StashContract):
    def make(self, tmp_path: Path) -> Stash:
        return CacheStash(DirectoryStash(tmp_path))


class TestLRUCacheStash(StashContract):
    def make(self, tmp_path: Path) -> Stash:
        return LRUCacheStash(DirectoryStash(tmp_path), maxsize=2)


class TestProtectiveStash(StashContract):
    def make(self, tmp_path: Path) -> Stash:
        return ProtectiveStash(DirectoryStash(tmp_path))


class TestKeyLimitStash(ReadOnlyContract):
    def make(self, tmp_path: Path) -> Stash:
        return KeyLimitStash(DictionaryStash(), 1000)


class TestKeySubsetStash(ReadOnlyContract):
    def make(self, tmp_path: Path) -> Stash:
        keys = [*KEYS, *HOSTILE_KEYS, str(tmp_path.parents[3] / "absolute")]
        return KeySubsetStash(DirectoryStash(tmp_path), keys, frozenset(keys))


class TestSortedStash(StashContract):
    def make(self, tmp_path: Path) -> Stash:
        return SortedStash(DictionaryStash())


class TestUnionStash(StashContract):
    def make(self, tmp_path: Path) -> Stash:
        return UnionStash([DirectoryStash(tmp_path / "first"), DictionaryStash()])

    def put(self, stash: Stash, name: str, value: Any) -> None:
        stash.stashes[len(name) % 2].dump(name, value)

    def remove(self, stash: Stash, name: str) -> None:
        for part in stash.stashes:
            part.delete(name)

    def empty(self, stash: Stash) -> None:
        for part in stash.stashes:
            part.clear()


class TestPreemptiveStash(StashContract):
    def make(self, tmp_path: Path) -> Stash:
        return PreemptiveStash(DirectoryStash(tmp_path))


class TestPrimablePreemptiveStash(StashContract):
    def make(self, tmp_path: Path) -> Stash:
        return PrimablePreemptiveStash(DirectoryStash(tmp_path))


class TestFactoryStash(StashContract):
    def make(self, tmp_path: Path) -> Stash:
        return FactoryStash(DirectoryStash(tmp_path), DictionaryStash())


class TestFactoryStashThatMakesEveryValue(StashContract):
    def make(self, tmp_path: Path) -> Stash:
        return FactoryStash(DirectoryStash(tmp_path), DictionaryStash(), force_clear_factory=True)

    def put(self, stash: Stash, name: str, value: Any) -> None:
        stash.factory.dump(name, value)
        stash.delegate.delete(name)

    def remove(self, stash: Stash, name: str) -> None:
        stash.factory.delete(name)
        stash.delete(name)


class TestCacheFactoryStash(TestFactoryStashThatMakesEveryValue):
    def make(self, tmp_path: Path) -> Stash:
        return CacheFactoryStash(DirectoryStash(tmp_path), DictionaryStash(), force_clear_factory=True)


class TestOneShotFactoryStash(StashContract):
    def make(self, tmp_path: Path) -> Stash:
        stash = OneShotFactoryStash(DictionaryStash())  # one that stores files is locked while it is filled
        stash.worker = ()
        return stash


@register
@dataclass
class Item:
    """What a composite stash keeps in parts."""

    id: int
    parts: dict[str, Any] = field(default_factory=dict)


class TestDirectoryCompositeStash(StashContract):
    values = tuple(Item(number, {"first": number, "second": [number]}) for number in range(4))

    def make(self, tmp_path: Path) -> Stash:
        return DirectoryCompositeStash(tmp_path / "items", ({"first"}, {"second"}), "parts")


class GroupedContract(StashContract):
    """A value is a mapping, of which each group lies in a record of its own."""

    values = tuple({"first": number, "second": [number]} for number in range(4))
    groups = ({"first"}, {"second"})

    def test_a_value_that_cannot_be_stored_leaves_what_was_there(self, filled: Stash, folder: Path) -> None:
        for name in ("a", "new"):
            with pytest.raises(UnsafeError):
                filled.dump(name, {"first": 7, "second": object()})
        for stash in (filled, self.make(folder)):
            assert stash["a"] == filled["a"] == self.values[1]
            assert (stash.exists("new"), stash.load("new"), len(stash)) == (False, None, len(KEYS))

    def test_a_value_without_all_names_is_refused(self, filled: Stash) -> None:
        with pytest.raises(MissingDataKeysError, match=r"\['second'\](.|\n)*key 'a'"):
            filled.dump("a", {"first": 7})
        assert filled["a"] == self.values[1]


class TestShardStash(GroupedContract):
    def make(self, tmp_path: Path) -> Stash:
        return ShardStash(tmp_path / "values", self.groups)

    def remove(self, stash: Stash, name: str) -> None:
        """A shard only grows: without one value, the others are stored again."""
        others = {key: value for key, value in stash if key != name}
        stash.clear()
        for key, value in others.items():
            stash.dump(key, value)


class TestBatchShardStash(TestShardStash):
    def make(self, tmp_path: Path) -> Stash:
        return BatchShardStash(tmp_path / "values", self.groups)


class TestBatchDirectoryCompositeStash(GroupedContract):
    def make(self, tmp_path: Path) -> Stash:
        return BatchDirectoryCompositeStash(tmp_path / "values", self.groups)


@dataclass
class HalfAndHalf(SplitKeyContainer):
    """Names the keys that a stash has, half of them for each split."""

    stash: Stash

    def _get_keys_by_split(self) -> Mapping[str, tuple[str, ...]]:
        keys = tuple(self.stash.keys())
        return {"first": keys[::2], "second": keys[1::2]}


class DatasetContract(StashContract):
    """What is put in gets a split, too."""

    def put(self, stash: Stash, name: str, value: Any) -> None:
        stash.dump(name, value)
        stash.clear_keys()


class TestDatasetSplitStash(DatasetContract):
    def make(self, tmp_path: Path) -> Stash:
        delegate = DirectoryStash(tmp_path)
        return DatasetSplitStash(delegate, HalfAndHalf(delegate))


class TestSortedDatasetSplitStash(DatasetContract):
    def make(self, tmp_path: Path) -> Stash:
        delegate = DictionaryStash()
        return SortedDatasetSplitStash(delegate, HalfAndHalf(delegate))
