from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.dataset import DatasetError, FixedSplitKeyContainer, draw_splits, split_counts, stratified_counts
from zensols_like.persist import NumberedKeys

PARTS = st.lists(st.integers(0, 50), min_size=1, max_size=6).filter(any)


def as_fractions(parts: list[int]) -> dict[str, float]:
    return {str(i): part / sum(parts) for i, part in enumerate(parts)}


@given(st.integers(0, 5000), PARTS)
def test_counts_lose_nothing_and_leave_no_split_out(n: int, parts: list[int]) -> None:
    fractions = as_fractions(parts)
    filled = [name for name, fraction in fractions.items() if fraction > 0]
    if n < len(filled):
        with pytest.raises(DatasetError, match="too few") as caught:
            split_counts(n, fractions)
        assert f"at least {len(filled)} keys, or name fewer splits" in caught.value.fix
        return
    counts = split_counts(n, fractions)
    assert list(counts) == list(fractions)
    assert sum(counts.values()) == n
    assert [name for name, count in counts.items() if count > 0] == filled
    assert counts == split_counts(n, fractions)


@given(st.integers(1, 5000), PARTS)
def test_counts_are_those_of_the_largest_remainder(n: int, parts: list[int]) -> None:
    quotas = [Fraction(n * part, sum(parts)) for part in parts]
    if any(0 < quota < 1 for quota in quotas):
        return  # a split that would be empty takes one from the greatest
    counts = list(split_counts(n, as_fractions(parts)).values())
    assert all(abs(count - quota) < 1 for count, quota in zip(counts, quotas, strict=True))
    remainders = [quota - math.floor(quota) for quota in quotas]
    up = [r for r, count, quota in zip(remainders, counts, quotas, strict=True) if count > math.floor(quota)]
    down = [r for r, count, quota in zip(remainders, counts, quotas, strict=True) if count == math.floor(quota)]
    # a float fraction is off by 1e-16 of a key at most, so that almost equal remainders may change places
    assert not up or not down or min(up) >= max(down) - Fraction(1, 10**9)


@pytest.mark.parametrize(
    ("n", "fractions", "counts"),
    [
        (10, {"train": 0.8, "validate": 0.1, "test": 0.1}, [8, 1, 1]),
        (14, {"train": 0.8, "validate": 0.1, "test": 0.1}, [11, 2, 1]),
        (1000, {"train": 1 / 3, "validate": 1 / 3, "test": 1 / 3}, [334, 333, 333]),
        (4, {"train": 0.98, "validate": 0.01, "test": 0.01}, [2, 1, 1]),
        (5, {"train": 1, "test": 0}, [5, 0]),
    ],
)
def test_counts_of_an_example(n: int, fractions: dict[str, float], counts: list[int]) -> None:
    assert list(split_counts(n, fractions).values()) == counts


@pytest.mark.parametrize("value", ["0.8", None, [0.8]])
def test_fractions_that_are_no_numbers_are_refused(value: object) -> None:
    with pytest.raises(DatasetError, match=r"are no numbers\.(.|\n)*without quotation marks"):
        split_counts(100, {"train": value, "test": 0.2})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "fractions",
    [
        {"train": 0.9, "test": 0.9},
        {"train": 0.5, "test": 0.41},
        {"train": 0.5, "test": 0.49999},
        {"train": 1.2, "test": -0.2},
        {"train": math.nan, "test": 0.5},
        {"train": math.inf},
        {},
    ],
)
def test_fractions_that_do_not_make_a_whole_are_refused(fractions: dict[str, float]) -> None:  # weakness A11
    with pytest.raises(DatasetError, match="together they add up to 1"):
        split_counts(100, fractions)


def test_fractions_may_be_off_by_what_floats_are_off_by() -> None:
    assert sum(split_counts(100, {str(i): 0.1 for i in range(10)}).values()) == 100
    assert sum(split_counts(100, {"a": 0.3333333, "b": 0.3333333, "c": 0.3333333}).values()) == 100


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), PARTS)
def test_shares_fill_strata_and_splits_exactly(sizes: list[int], parts: list[int]) -> None:
    n = sum(sizes)
    fractions = as_fractions(parts)
    if n < sum(fraction > 0 for fraction in fractions.values()):
        return
    totals = split_counts(n, fractions)
    shares = stratified_counts(dict(enumerate(sizes)), totals)
    assert [sum(row.values()) for row in shares.values()] == sizes
    assert {name: sum(row[name] for row in shares.values()) for name in totals} == totals
    for label, row in shares.items():
        for name, count in row.items():
            assert count >= 0
            assert abs(count - Fraction(sizes[label] * totals[name], n)) <= 1


def test_no_strata_have_no_shares() -> None:
    assert stratified_counts({}, {"train": 0}) == {}


@given(st.lists(st.integers(0, 6), min_size=3, max_size=60), st.integers(0, 5))
def test_drawn_splits_have_their_sizes_and_each_class_its_shares(classes: list[int], seed: int) -> None:
    fractions = {"train": 0.5, "dev": 0.25, "test": 0.25}
    kinds = np.array(classes)
    splits = draw_splits(kinds, fractions, seed)
    assert np.bincount(splits, minlength=3).tolist() == list(split_counts(len(classes), fractions).values())
    sizes = np.bincount(splits, minlength=3) / len(classes)
    for kind in set(classes):
        shares = np.bincount(splits[kinds == kind], minlength=3)
        assert np.all(np.abs(shares - sizes * (kinds == kind).sum()) < 1 + 1e-9)
    assert np.array_equal(splits, draw_splits(kinds, fractions, seed))


@pytest.mark.parametrize("per_class", [1, 3])
def test_small_classes_are_dealt_out_whatever_their_numbers(per_class: int) -> None:
    kinds = np.repeat(np.arange(900 // per_class), per_class)
    fractions = {"train": 0.8, "validation": 0.1, "test": 0.1}
    middle = kinds.mean()
    means = np.array(
        [[kinds[draw_splits(kinds, fractions, seed) == split].mean() for split in range(3)] for seed in range(20)]
    )
    # the mean of 90 of 900 numbers lies about 3 % off the middle; of the greatest 90 it lies 90 % off
    assert np.all(np.abs(means.mean(axis=0) / middle - 1) < 0.05)
    assert np.all(np.abs(means / middle - 1) < 0.3)


@given(st.lists(st.integers(0, 10**12), unique=True, max_size=30), st.data())
def test_the_digest_of_given_splits_is_that_of_their_keys_in_their_order(numbers, data):
    cut = data.draw(st.integers(0, len(numbers)))
    texts = {"train": tuple(map(str, numbers[:cut])), "test": tuple(map(str, numbers[cut:]))}
    numbered = {name: NumberedKeys(np.array(keys, dtype=np.int64)) for name, keys in texts.items()}
    own = FixedSplitKeyContainer(texts).split_digest()
    assert FixedSplitKeyContainer(numbered).split_digest() == own
    for other in (
        {"test": texts["test"], "train": texts["train"]},
        {"train": texts["train"][::-1], "test": texts["test"]},
        {"train": (*texts["train"], *texts["test"]), "test": ()},
        {"train": texts["train"], "test": (*texts["test"], "é")},
    ):
        is_same = list(other.items()) == list(texts.items())
        assert (FixedSplitKeyContainer(other).split_digest() == own) is is_same
