from __future__ import annotations

import io
import pickle
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from zensols_like.dataset import (
    DatasetError,
    DatasetSplitStash,
    SortedDatasetSplitStash,
    SplitKeyContainer,
    SplitStashContainer,
)
from zensols_like.persist import DictionaryStash, NumberedKeys, Stash
from zensols_like.protocols import Writable


class Unscannable(tuple[str, ...]):
    """Keys that may be looked through once, to make an index, but not to find one."""

    def __contains__(self, key: object) -> bool:
        raise AssertionError(f"looked through all keys for {key!r}")


@dataclass
class Splits(SplitKeyContainer):
    """Splits in memory."""

    keys: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {"train": Unscannable(("10", "9", "1")), "test": Unscannable(("8",))}
    )
    primed: int = 0
    cleared: int = 0

    def _get_keys_by_split(self) -> Mapping[str, tuple[str, ...]]:
        return self.keys

    def prime(self) -> None:
        self.primed += 1

    def clear(self) -> None:
        self.cleared += 1


@dataclass
class Parted(DictionaryStash, Writable):
    """A delegate that says how it was used, and whose values have parts."""

    calls: list[Any] = field(default_factory=list)

    def load_many(self, keys: Iterable[str]) -> Iterable[tuple[str, Any]]:
        names = list(keys)
        self.calls.append(names)
        return super().load_many(names)

    def selecting(self, parts: Collection[str] | None) -> Stash:
        return DictionaryStash({name: {part: value[part] for part in parts or value} for name, value in self})

    def lines(self) -> Iterable[tuple[int, str]]:
        yield 0, "the delegate"


@pytest.fixture
def delegate() -> Parted:
    return Parted({key: {"x": int(key), "y": 0} for key in ("1", "8", "9", "10", "77")})


@pytest.fixture
def dataset(delegate: Parted) -> DatasetSplitStash:
    return DatasetSplitStash(delegate, Splits())


def test_a_dataset_has_the_keys_of_its_splits_in_their_order(dataset: DatasetSplitStash) -> None:
    assert list(dataset.keys()) == ["10", "9", "1", "8"]
    assert len(dataset) == 4
    assert dataset.counts_by_key == {"train": 3, "test": 1}
    assert list(dataset.split_names) == ["train", "test"]
    assert dataset.load("77") is None
    assert "77" not in dataset
    assert isinstance(dataset, SplitStashContainer)
    assert dataset.split_name is None


@pytest.mark.parametrize("kind", [tuple, NumberedKeys])
def test_of_keys_that_the_delegate_lacks_it_is_told_once(kind: type, caplog: pytest.LogCaptureFixture) -> None:
    def keys(*numbers: int) -> Any:
        return NumberedKeys(np.array(numbers)) if kind is NumberedKeys else tuple(map(str, numbers))

    @dataclass
    class Numbered(DictionaryStash):
        def keys(self) -> Iterable[str]:
            return keys(*map(int, super().keys()))

    delegate = Numbered({"1": 1, "2": 2})
    dataset = DatasetSplitStash(delegate, Splits({"train": keys(1, 3, 4), "test": keys(2)}))
    for _ in range(2):
        assert dataset.keys_by_split == {"train": ("1",), "test": ("2",)}
        assert not dataset.check_key_consistent()
        assert list(dataset.splits["train"].keys()) == ["1"]
    (told,) = caplog.messages
    assert told == (
        "the delegate, a Numbered, lacks 2 of the 3 keys of the split 'train', as '3': they are left out; "
        "correct the keys of the split, or give a delegate that has them"
    )
    delegate.delete("2")
    assert list(dataset.splits["test"].keys()) == []
    assert "1 of the 1 keys of the split 'test', as '2'" in caplog.messages[-1]
    dataset.clear_keys()
    delegate.dump("3", 3)
    assert dataset.counts_by_key == {"train": 2, "test": 0}
    assert [message.partition("keys")[0] for message in caplog.messages[2:]] == [
        "the delegate, a Numbered, lacks 1 of the 3 ",
        "the delegate, a Numbered, lacks 1 of the 1 ",
    ]


def test_get_honours_the_default(dataset: DatasetSplitStash) -> None:  # weakness C10
    assert dataset.get("missing", "default") == "default"
    assert dataset.splits["train"].get("8", "default") == "default"
    assert dataset.get("8", "default") == {"x": 8, "y": 0}


def test_a_split_is_a_view_of_its_own_keys(dataset: DatasetSplitStash, delegate: Parted) -> None:
    train = dataset.splits["train"]
    assert train.split_name == "train"
    assert [key for key, _ in train] == ["10", "9", "1"]
    assert train.load("8") is None
    assert "8" not in train
    assert dict(train.keys_by_split) == {"train": ("10", "9", "1")}
    assert train.splits == {"train": train}
    assert train.delegate is delegate


def test_views_are_made_once(dataset: DatasetSplitStash) -> None:
    assert dataset.splits is dataset.splits
    assert dataset.splits["train"] is dataset.splits["train"]


def test_views_are_of_the_class_of_the_dataset(delegate: Parted) -> None:
    @dataclass
    class Shouting(DatasetSplitStash):
        mark: str

        def load(self, name: str) -> Any:
            value = super().load(name)
            return None if value is None else f"{value['x']}{self.mark}"

    dataset = Shouting(delegate, Splits(), "!")
    assert dataset.splits["test"]["8"] == "8!"
    assert list(dataset.splits["train"].values()) == ["10!", "9!", "1!"]


def test_only_keys_that_the_delegate_has_are_there(dataset: DatasetSplitStash) -> None:
    assert dataset.check_key_consistent()
    dataset.delete("9")
    assert list(dataset.splits["train"].keys()) == ["10", "1"]
    assert dataset.counts_by_key == {"train": 2, "test": 1}
    assert not dataset.check_key_consistent()
    dataset.dump("9", {"x": 9})
    assert dataset.check_key_consistent()
    assert dataset.splits["train"]["9"] == {"x": 9}


def test_a_key_is_found_without_looking_through_all(dataset: DatasetSplitStash) -> None:  # weakness D5
    assert "1" in dataset
    assert dataset.splits["train"]["1"]["x"] == 1
    assert [value["x"] for value in dataset.values()] == [10, 9, 1, 8]


def test_many_are_loaded_by_the_delegate_in_one_go(dataset: DatasetSplitStash, delegate: Parted) -> None:
    found = list(dataset.splits["train"].load_many(["1", "8", "missing", "10"]))
    assert [(key, value and value["x"]) for key, value in found] == [
        ("1", 1),
        ("8", None),
        ("missing", None),
        ("10", 10),
    ]
    assert delegate.calls == [["1", "10"]]


def test_parts_are_selected_in_the_dataset_and_its_views(dataset: DatasetSplitStash) -> None:
    assert dataset.splits["test"]["8"] == {"x": 8, "y": 0}
    view = dataset.selecting({"x"})
    assert view["8"] == {"x": 8}
    assert view.splits["test"]["8"] == {"x": 8}
    assert dataset.splits["test"]["8"] == {"x": 8, "y": 0}


def test_sorted_splits_are_sorted_once(delegate: Parted) -> None:  # weakness D5
    sorted_keys = []

    def number(key: str) -> int:
        sorted_keys.append(key)
        return int(key)

    dataset = SortedDatasetSplitStash(delegate, Splits(), number)
    for _ in range(3):
        assert list(dataset.splits["train"].keys()) == ["1", "9", "10"]
        assert list(dataset.keys()) == ["1", "9", "10", "8"]
    assert len(sorted_keys) == 4
    assert list(SortedDatasetSplitStash(delegate, Splits()).splits["train"].keys()) == ["1", "10", "9"]


@pytest.mark.parametrize("name", ["test", None])
def test_clearing_the_keys_makes_them_again_here_and_in_the_views(dataset: DatasetSplitStash, name: str | None) -> None:
    test = dataset.splits["test"]
    dataset.split_container.keys = {"train": ("10",), "test": ("1", "8")}
    assert list(test.keys()) == ["8"]
    (dataset if name is None else dataset.splits[name]).clear_keys()
    assert dataset.split_container.cleared == 1
    assert list(test.keys()) == ["1", "8"]
    assert list(dataset.keys()) == ["10", "1", "8"]


def test_clearing_a_view_forgets_the_values_of_its_split_only(dataset: DatasetSplitStash, delegate: Parted) -> None:
    dataset.splits["train"].clear()
    assert sorted(delegate.keys()) == ["77", "8"]
    assert dataset.split_container.cleared == 0
    dataset.clear()
    assert list(delegate.keys()) == []
    assert dataset.split_container.cleared == 1


def test_priming_primes_what_it_is_made_of(dataset: DatasetSplitStash) -> None:
    dataset.prime()
    assert dataset.split_container.primed == 1


def test_a_dataset_is_written_with_its_delegate_if_wanted(dataset: DatasetSplitStash) -> None:
    short, long = io.StringIO(), io.StringIO()
    dataset.write(writer=short)
    dataset.write(writer=long, include_delegate=True)
    assert short.getvalue() == "splits:\n    train: 3\n    test: 1\ntotal: 4\n"
    assert long.getvalue() == f"{short.getvalue()}    the delegate\n"


def test_a_used_dataset_and_its_views_travel_to_a_worker(delegate: Parted) -> None:
    dataset = SortedDatasetSplitStash(delegate, Splits(), int)
    assert len(dataset.splits["train"]) == 3
    there = pickle.loads(pickle.dumps(dataset))
    assert list(there.splits["train"].keys()) == ["1", "9", "10"]
    assert pickle.loads(pickle.dumps(dataset.splits["test"]))["8"]["x"] == 8


def test_a_key_in_two_splits_is_listed_once(delegate: Parted) -> None:
    dataset = DatasetSplitStash(delegate, Splits({"fold-1": ("1", "8"), "fold-2": ("8", "9")}))
    assert list(dataset.keys()) == ["1", "8", "9"]
    assert dataset.counts_by_key == {"fold-1": 2, "fold-2": 2}


def test_a_view_of_a_split_that_is_no_more_is_empty(dataset: DatasetSplitStash) -> None:
    test = dataset.splits["test"]
    dataset.split_container.keys = {"train": ("10",)}
    dataset.clear_keys()
    assert list(test) == []
    assert test.load("8") is None
    assert list(dataset.splits) == ["train"]


@pytest.mark.parametrize(("by", "why"), [(int, "ValueError: invalid literal"), ("int", "TypeError: 'str' object")])
def test_a_sort_function_that_cannot_order_the_keys_is_told(by: Any, why: str) -> None:
    delegate, splits = DictionaryStash({"r67": 1, "r8": 2}), Splits({"train": ("r67", "r8")})
    with pytest.raises(
        DatasetError, match=rf"cannot order the keys\.  {why}(.|\n)*SortedDatasetSplitStash sort_function"
    ):
        SortedDatasetSplitStash(delegate, splits, by).keys()
    assert SortedDatasetSplitStash(delegate, splits, None).keys() == ("r67", "r8")
    assert SortedDatasetSplitStash(delegate, splits, len).keys() == ("r8", "r67")
