from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.dataset import DatasetError, DatasetSplitStash, LeaveNOutSplitKeyContainer
from zensols_like.persist import DictionaryStash


def numbers(n: int) -> DictionaryStash:
    return DictionaryStash({str(i): i for i in range(n)})


def rounds(container: LeaveNOutSplitKeyContainer) -> list[dict[str, tuple[str, ...]]]:
    found = [dict(container.keys_by_split)]
    while container.next_split():
        found.append(dict(container.keys_by_split))
    return found


@given(st.integers(4, 30), st.integers(1, 4), st.booleans(), st.integers(1, 2))
def test_each_key_is_left_out_once_by_each_split(n: int, size: int, shuffle: bool, left_out: int) -> None:
    distribution = {"train": -1, **dict.fromkeys(("validate", "test")[:left_out], size)}
    container = LeaveNOutSplitKeyContainer(numbers(n), distribution, shuffle)
    if -(-n // size) <= left_out:
        with pytest.raises(DatasetError, match="give more keys"):
            rounds(container)
        return
    found = rounds(container)
    assert len(found) == container.n_iterations == -(-n // size)
    for splits in found:
        assert list(splits) == list(distribution)
        assert sorted(key for keys in splits.values() for key in keys) == sorted(numbers(n).keys())
        assert len(splits["train"]) >= 1
    for name in [*distribution][1:]:
        assert Counter(key for splits in found for key in splits[name]) == Counter(numbers(n).keys())


def test_the_last_round_is_the_last(tmp_path: Path) -> None:
    container = LeaveNOutSplitKeyContainer(numbers(3))
    assert [container.next_split() for _ in range(4)] == [True, True, False, False]
    assert container.iteration == 2


def test_the_order_is_the_same_whatever_order_the_stash_has(tmp_path: Path) -> None:
    reverse = DictionaryStash(dict(reversed(list(numbers(20)))))
    assert rounds(LeaveNOutSplitKeyContainer(numbers(20))) == rounds(LeaveNOutSplitKeyContainer(reverse))
    other = LeaveNOutSplitKeyContainer(numbers(20), seed=1)
    assert rounds(other) != rounds(LeaveNOutSplitKeyContainer(numbers(20)))


def test_a_round_may_be_asked_for_and_travels() -> None:
    all_rounds = rounds(LeaveNOutSplitKeyContainer(numbers(5)))
    container = LeaveNOutSplitKeyContainer(numbers(5), iteration=3)
    assert dict(container.keys_by_split) == all_rounds[3]
    assert dict(pickle.loads(pickle.dumps(container)).keys_by_split) == all_rounds[3]
    with pytest.raises(DatasetError, match="no round 5 of 5"):
        _ = LeaveNOutSplitKeyContainer(numbers(5), iteration=5).keys_by_split


def test_a_dataset_sees_the_next_round() -> None:
    container = LeaveNOutSplitKeyContainer(numbers(3), shuffle=False)
    dataset = DatasetSplitStash(container.delegate, container)
    seen = [list(dataset.splits["test"].keys())]
    while container.next_split():
        dataset.clear_keys()
        seen.append(list(dataset.splits["test"].keys()))
    assert seen == [["0"], ["1"], ["2"]]


def test_an_order_that_is_kept_is_that_of_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "order.txt"
    first = LeaveNOutSplitKeyContainer(numbers(10), path=path, seed=1)
    repr(first)
    assert not path.exists()
    expected = rounds(first)
    assert rounds(LeaveNOutSplitKeyContainer(numbers(10), path=path, seed=2)) == expected
    more = LeaveNOutSplitKeyContainer(numbers(11), path=path)
    with pytest.raises(DatasetError, match="10 keys was made for other keys than the 11"):
        rounds(more)
    more.clear()
    assert len(rounds(more)) == 11
    more.clear()
    more.clear()
    assert not path.exists()


@pytest.mark.parametrize(
    "distribution",
    [
        {},
        {"train": -1},
        {"test": 1},
        {"a": -1, "b": -1, "c": 1},
        {"train": -1, "a": 1, "b": 2},
        {"t": -1, "s": 0},
    ],
)
def test_a_distribution_that_does_not_say_how_many_is_refused(distribution: Any) -> None:
    with pytest.raises(DatasetError, match="give -1 for one split"):
        LeaveNOutSplitKeyContainer(numbers(5), distribution)
