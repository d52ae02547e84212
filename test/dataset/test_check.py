from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter, itemgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.dataset import (
    DatasetError,
    DatasetSplitStash,
    SplitKeyContainer,
    content_digest,
    duplicates,
    label_counts,
    shared_keys,
)
from zensols_like.persist import DictionaryStash


@dataclass
class Splits(SplitKeyContainer):
    keys: dict[str, tuple[str, ...]]

    def _get_keys_by_split(self) -> dict[str, tuple[str, ...]]:
        return self.keys


def test_keys_in_two_splits_are_named_with_their_splits() -> None:
    keys = {"train": ("a", "b", "c", "c"), "dev": ("c",), "test": ("d", "a", "c")}
    assert shared_keys(keys) == {"a": ("train", "test"), "c": ("train", "dev", "test")}
    with pytest.raises(DatasetError, match=r"2 keys .*: 'a' in train and test, 'c' in train and dev and test\."):
        Splits(keys).require_disjoint()
    Splits({"train": ("a", "b"), "test": ("c",)}).require_disjoint()


def test_labels_are_counted_by_split() -> None:
    stash = DictionaryStash({str(i): SimpleNamespace(label="aab"[i % 3]) for i in range(10)})
    dataset = DatasetSplitStash(stash, Splits({"train": tuple("01234567"), "test": ("9",), "none": ()}))
    assert label_counts(dataset.splits, attrgetter("label")) == {
        "train": {"a": 6, "b": 2},
        "test": {"a": 1, "b": 0},
        "none": {"a": 0, "b": 0},
    }


class Color(enum.Enum):
    RED = 1
    BLUE = 2


@dataclass(frozen=True)
class Row:
    x: Any
    note: str = field(default="", compare=False)


class Slotted:
    __slots__ = ("a",)

    def __init__(self, a: Any) -> None:
        self.a = a


class MyDecimal(Decimal):
    pass


def function() -> None: ...


UUIDS = [UUID(int=1), UUID(int=2)]
DIFFERENT = [
    None, True, False, 0, 1, -1, 2**70, 1.0, 0.5, float("nan"), float("inf"), "", "1", "None", b"", b"1",
    [], [1], [[1]], [1, 2], [2, 1], [12], ["1", "2"], ["12"], {}, {"a": 1}, {"a": 2}, {"b": 1}, {1: "a"},
    set(), {1}, {1, 2}, Path("1"), date(2000, 1, 1), datetime(2000, 1, 1), datetime(2000, 1, 1, tzinfo=UTC), time(1),
    Color.RED, Color.BLUE, Row(1), Row(2), Row([1]), SimpleNamespace(x=1), SimpleNamespace(x=2), Slotted(1), Slotted(2),
    Decimal("1"), MyDecimal("1"), MyDecimal("2"), Fraction(1, 2), 1 + 2j, *UUIDS, int, function, len,
    np.zeros(2), np.zeros(3), np.zeros((1, 2)), np.zeros(2, np.int64), np.array(["a", "b"]), np.array(["a", 1], object),
    torch.ones(2), torch.ones(2, dtype=torch.int8), torch.eye(2), pd.Series([1, 2]), pd.Series(["x", 1.5]),
    pd.NA, pd.NaT, pd.Timestamp("2001-01-01"),
    torch.ones(2, dtype=torch.float8_e5m2), torch.ones(2, dtype=torch.float8_e4m3fn),
    torch.full((2,), 7.0), torch.full((2,), 7.0, dtype=torch.bfloat16),
    np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 0]), np.ma.array([1, 2]),
    np.array([(1, 2)], "i4,i4"), np.array([(1, 2)], [("a", "i4"), ("b", "i4")]),
]  # fmt: skip


def test_different_values_have_different_digests() -> None:
    digests = [content_digest(value) for value in DIFFERENT]
    same = [(DIFFERENT[i], DIFFERENT[j]) for i in range(len(digests)) for j in range(i) if digests[i] == digests[j]]
    assert same == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1, (2, 3)], (1, [2, 3])),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"b", "a", "c"}, frozenset(("c", "b", "a"))),
        (0.0, -0.0),
        (np.array([0.0]), np.array([-0.0])),
        (1, np.int32(1)),
        (0.5, np.float64(0.5)),
        (float("nan"), np.nan),
        (Row([1], "one"), Row([1], "other")),
        (torch.eye(2), torch.eye(2).to_sparse()),
        (torch.arange(4.0).reshape(2, 2).T, torch.tensor([[0.0, 2.0], [1.0, 3.0]])),
        (torch.ones(2, requires_grad=True), torch.ones(2)),
        (torch.ones(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.bfloat16)),
        (torch.tensor([1 + 2j]).conj().imag, torch.tensor([-2.0])),
        (np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 9], mask=[0, 1])),
        (np.arange(10)[::2], np.array([0, 2, 4, 6, 8])),
        (pd.Series({"a": 1, "b": "x"}), pd.Series({"a": 1, "b": "x"})),
        (SimpleNamespace(a=[1]), SimpleNamespace(a=[1])),
        (Slotted([1]), Slotted([1])),
        (UUID(int=1), UUID(int=1)),
        (b"ab", bytearray(b"ab")),
    ],
)
def test_equal_values_have_the_same_digest(one: Any, other: Any) -> None:
    assert content_digest(one) == content_digest(other)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)


@given(VALUES, VALUES)
def test_digests_are_the_same_when_values_are(one: Any, other: Any) -> None:
    assert (content_digest(one) == content_digest(other)) == (_typed(one) == _typed(other))


def _typed(value: Any) -> Any:
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    return type(value), value


def test_a_value_that_cannot_be_compared_is_an_error() -> None:
    circle: list[Any] = []
    circle.append(circle)
    with Path(__file__).open() as file:
        for value in (circle, lambda: None, file):
            with pytest.raises(DatasetError, match="cannot be compared by its content") as caught:
                content_digest(value)
            assert "content=lambda" in str(caught.value.fix)


def test_duplicates_come_in_pairs_as_the_values_are_read() -> None:
    def items() -> Iterator[tuple[str, Any]]:
        yield from [("1", {"text": "a", "id": 1}), ("2", {"text": "b", "id": 2}), ("3", {"text": "a", "id": 3})]
        raise ZeroDivisionError

    found = duplicates(items(), itemgetter("text"))
    assert next(found) == ("1", "3")
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert list(duplicates(DictionaryStash({"1": {"id": 1}, "2": {"id": 2}}))) == []


@given(st.lists(st.integers(0, 5)))
def test_every_repeated_value_is_found_with_its_first_key(values: list[int]) -> None:
    items = [(f"k{i}", [value]) for i, value in enumerate(values)]
    expected = [(f"k{values.index(value)}", f"k{i}") for i, value in enumerate(values) if values.index(value) < i]
    assert list(duplicates(items)) == expected


def test_rows_of_a_table_that_are_there_twice_are_found() -> None:
    table = pd.DataFrame({"a": [1, 2, 1, 1], "b": ["x", "y", "x", "z"], "c": [0.5, 0.5, 0.5, 0.5]})
    assert list(duplicates((str(key), row) for key, row in table.iterrows())) == [("0", "2")]
