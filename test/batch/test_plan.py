from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.batch.plan import Plan, PlannedSets, plan_batches
from zensols_like.errors import ConfigurationError, DatasetError
from zensols_like.persist import NumberedKeys

unique_keys = st.lists(st.text(max_size=5), unique=True, min_size=1, max_size=40)


def split_up(keys: list[str], parts: int) -> dict[str, list[str]]:
    return {f"split{i}": keys[i::parts] for i in range(parts)}


@given(unique_keys, st.integers(1, 4), st.integers(1, 10))
def test_nothing_is_lost_and_nothing_comes_twice(keys: list[str], parts: int, batch_size: int) -> None:
    by_split = split_up(keys, parts)
    plan = plan_batches(by_split, batch_size)
    for split, expected in by_split.items():
        positions = plan.range_of(split)
        assert list(chain.from_iterable(plan.ids(at) for at in positions)) == expected
        assert all(plan.split_of(at) == split for at in positions)
        assert [plan.batch_size(at) for at in positions[:-1]] == [batch_size] * max(0, len(positions) - 1)
        assert plan.data_points_of(split) == len(expected)
    assert plan.size == len(keys)
    assert [at for split in plan.splits for at in plan.range_of(split)] == list(range(len(plan)))


@given(unique_keys, st.integers(1, 4), st.integers(1, 10), st.integers(1, 3))
def test_the_limit_is_per_split(keys: list[str], parts: int, batch_size: int, limit: int) -> None:
    plan = plan_batches(split_up(keys, parts), batch_size, limit)
    whole = plan_batches(split_up(keys, parts), batch_size)
    for split in plan.splits:
        kept = [plan.ids(at) for at in plan.range_of(split)]
        assert kept == [whole.ids(at) for at in whole.range_of(split)][:limit]


@given(unique_keys)
def test_a_stored_plan_is_the_same_plan(keys: list[str]) -> None:
    plan = plan_batches({"train": keys}, 3)
    again = Plan.from_value(plan.as_value())
    assert again.digest == plan.digest
    assert [again.ids(at) for at in range(len(again))] == [plan.ids(at) for at in range(len(plan))]


def test_another_order_split_or_size_gives_another_digest() -> None:
    digests = {
        plan_batches(keys, size).digest
        for keys, size in [
            ({"train": ["a", "b"], "test": ["c"]}, 2),
            ({"train": ["b", "a"], "test": ["c"]}, 2),
            ({"train": ["a", "b", "c"], "test": []}, 2),
            ({"train": ["a", "b"], "dev": ["c"]}, 2),
            ({"train": ["a", "b"], "test": ["c"]}, 1),
            ({"train": ["ab", ""], "test": ["c"]}, 2),
        ]
    }
    assert len(digests) == 6


@pytest.mark.parametrize("name", ["", "-1", "3", "00", "1.0", " 1", "x", "\u0661", "1e0", "1" * 5000])
def test_only_the_ids_of_planned_batches_have_a_position(name: str) -> None:
    plan = plan_batches({"train": ["a", "b", "c"]}, 1)
    assert plan.position("2") == 2
    assert plan.position(name) is None


def test_sets_are_a_sequence_that_is_made_when_asked() -> None:
    sets = PlannedSets(plan_batches({"train": ["a", "b", "c"]}, 2), {"seed": 5})
    assert len(sets) == 2
    assert sets[-1].data_point_ids == ("c",)
    assert [one.batch_id for one in sets[0:2]] == ["0", "1"]
    assert sets[0].torch_seed_context == {"seed": 5}
    with pytest.raises(IndexError):
        sets[2]


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "8"])
def test_a_batch_size_that_is_none_is_refused(size: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"batch_size is .*\n.*whole number of at least 1"):
        plan_batches({"train": ["a"]}, size)


def test_a_key_that_stands_twice_is_named() -> None:
    with pytest.raises(DatasetError, match=r"as 'a' in \['train', 'test'\]"):
        plan_batches({"train": ["a", "b"], "test": ["a"]}, 2)
    with pytest.raises(DatasetError, match="stand more than once"):
        plan_batches({"train": ["a", "a"]}, 2)


def test_a_key_that_is_no_text_is_named_with_its_split() -> None:
    with pytest.raises(DatasetError, match=r"key 3 is an object of int(.|\n)*the split 'test'"):
        plan_batches({"train": ("1", "2"), "test": ("2", 3)}, 2)  # type: ignore[dict-item]


def test_no_data_points_are_refused() -> None:
    with pytest.raises(DatasetError, match="There are no data points"):
        plan_batches({"train": [], "test": []}, 2)


@given(
    st.lists(st.integers(0, 10**18 - 1) | st.integers(0, 30), unique=True, min_size=1, max_size=40),
    st.lists(st.integers(0, 40), max_size=3),
    st.integers(1, 5),
    st.none() | st.integers(1, 3),
)
def test_keys_that_are_kept_as_numbers_make_the_same_plan(
    numbers: list[int], cuts: list[int], batch_size: int, batch_limit: int | None
) -> None:
    ends = [0, *sorted(min(cut, len(numbers)) for cut in cuts), len(numbers)]
    parts = {f"split {at}": numbers[ends[at] : ends[at + 1]] for at in range(len(ends) - 1)}
    kept = {name: NumberedKeys(np.array(part, dtype=np.int64)) for name, part in parts.items()}
    texts = {name: tuple(map(str, part)) for name, part in parts.items()}
    mixed = {name: kept[name] if at % 2 else texts[name] for at, name in enumerate(parts)}
    plans = [plan_batches(keys, batch_size, batch_limit) for keys in (kept, texts, mixed)]
    assert len({plan.digest for plan in plans}) == 1
    for plan in plans:
        ids = [plan.ids(at) for at in range(len(plan))]
        for name, own in texts.items():
            wanted = own if batch_limit is None else own[: batch_limit * batch_size]
            assert [key for at in plan.range_of(name) for key in ids[at]] == list(wanted)


@given(
    st.lists(st.integers(0, 10**18 - 1) | st.integers(0, 30), unique=True, min_size=1, max_size=40), st.integers(1, 5)
)
def test_numbers_that_were_kept_as_text_are_the_same_plan(numbers: list[int], batch_size: int) -> None:
    plan = plan_batches({"train": NumberedKeys(np.array(numbers))}, batch_size)
    before = Plan.from_value(replace(plan, point_ids=plan.point_ids.as_text()).as_value())
    assert plan.digest != before.digest
    for digest, wanted in ((plan.digest, plan), (before.digest, before)):
        kept = plan.with_digest(digest)
        assert kept is not None
        assert (kept.digest, kept.as_value().keys()) == (digest, wanted.as_value().keys())
    assert plan.with_digest("0") is None
    for at in range(len(plan)):
        assert (
            tuple(plan.ids(at)) == before.ids(at) == tuple(map(str, numbers[at * batch_size : (at + 1) * batch_size]))
        )


def test_numbers_and_texts_never_have_one_digest() -> None:
    assert plan_batches({"a": ["0"]}, 1).digest != plan_batches({"a": [""]}, 1).digest


def test_a_plan_stays_as_it_was_when_the_keys_change_that_it_was_made_of() -> None:
    rows = np.arange(6)
    plan = plan_batches({"a": NumberedKeys(rows)}, 2)
    rows[:] = rows[::-1].copy()
    assert [*plan.ids(0), *plan.ids(2)] == ["0", "1", "4", "5"]


def test_a_number_in_two_splits_is_refused() -> None:
    keys = {"train": NumberedKeys(np.array([3, 1])), "test": NumberedKeys(np.array([1]))}
    with pytest.raises(DatasetError, match=r"1 data points stand more than once, as '1' in \['train', 'test'\]"):
        plan_batches(keys, 2)
