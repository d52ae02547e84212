"""A row of a table is a Series in every respect, only quicker."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.dataframe import DataframeDataPoint
from zensols_like.dataframe.row import MadeRow, TableRow
from zensols_like.dataframe.stash import FrameStash

KEYS = ["rose", "tulip"]
COLUMNS = {
    "share": [0.5, np.nan],
    "size": [3, 4],
    "is_red": [True, False],
    "kind": ["x", "y"],
    "note": [None, "late"],
    "day": pd.to_datetime(["2020-01-01", "2021-01-01"]),
    "zone": pd.to_datetime(["2020-01-01", "2021-01-01"]).tz_localize("UTC"),
    "age": pd.to_timedelta([1, 2], unit="s"),
    "class": pd.Categorical([7, 8]),
    "count": pd.array([1, None], dtype="Int64"),
    "text": pd.array(["u", None], dtype="string"),
    "weight": np.array([0.1, 2], dtype=np.float32),
    "parts": pd.Series([[1, 2], [3]], dtype=object).to_numpy(),
}
TABLE = pd.DataFrame(COLUMNS, index=KEYS).rename_axis(columns="what")
NUMBERS = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}, index=KEYS)

tables = st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=4, unique=True).map(TABLE.__getitem__)


def row(frame: pd.DataFrame, key: str) -> pd.Series:
    (found,) = FrameStash(None, None, frame).load_many([key])
    return found[1]


def require_equal(found: pd.Series, expected: pd.Series) -> None:
    pd.testing.assert_series_equal(pd.Series(found), expected)
    assert list(map(type, found.to_dict().values())) == list(map(type, expected.to_dict().values()))


@given(tables, st.sampled_from(KEYS))
def test_it_is_the_row_that_pandas_gives(frame, key):
    require_equal(row(frame, key), frame.loc[key])


@given(tables, st.sampled_from(KEYS))
def test_a_name_gives_the_value_that_pandas_gives(frame, key):
    found, expected = row(frame, key), frame.loc[key]
    for name in frame:
        assert type(found[name]) is type(expected[name])
        assert type(getattr(found, name)) is type(getattr(expected, name))
        pd.testing.assert_series_equal(pd.Series([found[name]]), pd.Series([expected[name]]))


@given(tables, st.data())
def test_names_are_found_as_pandas_finds_them(frame, data):
    names = data.draw(st.lists(st.sampled_from(list(frame)), max_size=4))
    found, expected = row(frame, "tulip"), frame.loc["tulip"]
    require_equal(found[names], expected[names])
    found.name = expected.name = "violet"
    require_equal(found[names], expected[names])


@pytest.mark.parametrize("names", [["size", "nope"], ["nope"], "nope", ["size", 0]])
def test_what_is_not_there_is_a_key_error(names):
    with pytest.raises(KeyError):
        row(TABLE, "rose")[names]
    with pytest.raises(AttributeError, match="nope"):
        row(TABLE, "rose").nope  # noqa: B018


USES = {
    "mean": lambda one: one.mean(),
    "ufunc": np.log,
    "numpy": np.asarray,
    "to_numpy": lambda one: one.to_numpy(),
    "to_numpy as integers": lambda one: one.to_numpy(dtype=np.int32),
    "values": lambda one: one.values,
    "sum with another": lambda one: one + one,
    "sum from the left": lambda one: 1 + one,
    "comparison": lambda one: one > 1,
    "mask": lambda one: one[one > 2],
    "slice": lambda one: one["a":"a"],
    "place": lambda one: one.iloc[1],
    "label": lambda one: one.loc[["b"]],
    "length": len,
    "names": lambda one: list(one.index),
    "keys": lambda one: list(one.keys()),
    "items": lambda one: list(one.items()),
    "membership": lambda one: ("a" in one, "nope" in one),
    "absent": lambda one: one.get("nope", 5),
    "title": lambda one: one.name,
    "text": repr,
    "table": lambda one: pd.DataFrame([one, one]),
    "concat": lambda one: pd.concat([one, one]),
    "apply": lambda one: one.apply(lambda value: value + 1),
    "copy": copy.deepcopy,
    "pickle": lambda one: pickle.loads(pickle.dumps(one)),
    "renamed": lambda one: one.rename({"a": "c"})[["c", "b"]],
    "accessor": lambda one: one.astype(str).str.len(),
    "dtype": lambda one: one.dtype,
    "one like it": lambda one: type(one)([1, 2]),
    "after use": lambda one: (one.mean(), one[["b", "a"]].tolist()),
    "shape": lambda one: one.shape,
}


@pytest.mark.parametrize("use", USES.values(), ids=list(USES))
@pytest.mark.parametrize("take", [lambda one: one, lambda one: one[["a", "b"]]], ids=["row", "part"])
def test_it_can_be_used_as_a_series(use, take):
    found, expected = use(take(row(NUMBERS, "tulip"))), use(take(NUMBERS.loc["tulip"]))
    assert type(found) is type(expected)
    if isinstance(expected, (pd.Series, pd.DataFrame)):
        pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(expected))
    else:
        np.testing.assert_equal(found, expected)


def test_an_accessor_that_does_not_fit_says_so():
    with pytest.raises(AttributeError, match=r"\.str"):
        row(NUMBERS, "rose").str  # noqa: B018


def test_it_can_be_changed_as_a_series():
    changed, expected = row(NUMBERS, "rose"), NUMBERS.loc["rose"].copy()
    for one in (changed, expected):
        one.index = ["c", "d"]
        one["c"] = 7
        one.name = "violet"
        del one["d"]
    pd.testing.assert_series_equal(pd.Series(changed), expected)


def test_writing_into_what_was_taken_changes_no_row():
    stash = FrameStash(None, None, NUMBERS)
    (_, first), (_, second) = stash.load_many(["rose", "rose"])
    taken = first[["a", "b"]]
    taken.iloc[0] = 9
    array = first.to_numpy()
    array[1] = 10
    assert (first["a"], first["b"]) == (1.0, 3.0)
    first["b"] = 8
    assert (first["a"], second["a"], second["b"]) == (1.0, 1.0, 3.0)
    assert first[["a", "b"]].tolist() == [1.0, 8.0]
    assert NUMBERS.loc["rose"].tolist() == [1.0, 3.0]


def test_it_is_made_a_series_when_more_is_asked_of_it_than_names():
    one = row(TABLE[["size", "kind"]], "rose")
    assert (one["size"], one.kind, one[["size", "kind"]].index.tolist()) == (3, "x", ["size", "kind"])
    assert DataframeDataPoint("rose", None, one).kind == "x"
    assert type(one) is TableRow
    assert one.shape == (2,)
    assert type(one) is MadeRow
    assert type(one[["size"]]) is TableRow
    assert type(pickle.loads(pickle.dumps(one))) is pd.Series


@pytest.mark.parametrize("name", ["mean", "_mgr", "_origin", "_name", "str"])
def test_a_column_may_be_called_as_what_a_series_has(name):
    frame = pd.DataFrame({name: [1, 2], "kind": ["x", "y"]}, index=KEYS)
    found = row(frame, "tulip")
    assert found[name] == 2
    pd.testing.assert_series_equal(pd.Series(found), frame.loc["tulip"])


def test_columns_need_no_text_as_names():
    frame = pd.DataFrame([[1, "x"], [2, "y"]], columns=[0, 1], index=KEYS)
    assert (row(frame, "tulip")[1], row(frame, "tulip")[[1]].tolist()) == ("y", ["y"])
    deep = pd.DataFrame([[1, "x"]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("c", "d")]), index=["rose"])
    assert (row(deep, "rose")["a"].tolist(), row(deep, "rose")[["c"]].tolist()) == ([1], ["x"])


def test_a_name_that_stands_twice_gives_both():
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"], index=["rose"])
    assert row(twice, "rose")[["a"]].tolist() == [1, 2]
    assert row(twice, "rose")["a"].tolist() == [1, 2]
