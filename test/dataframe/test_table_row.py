"""A row of a table is a Series in every respect, only quicker."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.dataframe.row import TableRow
from zensols_like.dataframe.stash import FrameStash

FRAME = pd.DataFrame({"size": [3, 4], "kind": ["x", "y"], "share": [0.5, np.nan]}, index=["rose", "tulip"])
NUMBERS = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}, index=["rose", "tulip"])


def row(frame: pd.DataFrame, key: str) -> pd.Series:
    (found,) = FrameStash(None, None, frame).load_many([key])
    return found[1]


@pytest.mark.parametrize("frame", [FRAME, NUMBERS])
def test_it_is_the_row_that_pandas_gives(frame):
    for key in frame.index:
        pd.testing.assert_series_equal(pd.Series(row(frame, key)), frame.loc[key])


@given(st.lists(st.sampled_from(["size", "kind", "share"]), max_size=4))
def test_names_are_found_as_pandas_finds_them(names):
    pd.testing.assert_series_equal(row(FRAME, "tulip")[names], FRAME.loc["tulip"][names])


@pytest.mark.parametrize("names", [["size", "nope"], ["nope"], "nope"])
def test_what_is_not_there_is_a_key_error(names):
    with pytest.raises(KeyError):
        row(FRAME, "rose")[names]


def test_writing_into_what_was_taken_changes_no_row():
    stash = FrameStash(None, None, NUMBERS)
    (_, first), (_, second) = stash.load_many(["rose", "rose"])
    taken = first[["a", "b"]]
    taken.iloc[0] = 9
    first["b"] = 8
    assert (first["a"], second["a"], second["b"]) == (1.0, 1.0, 3.0)
    assert first[["a", "b"]].tolist() == [1.0, 8.0]
    assert NUMBERS.loc["rose"].tolist() == [1.0, 3.0]


def test_rows_with_other_names_are_found_too():
    renamed = row(NUMBERS, "rose").rename({"a": "c"})
    assert renamed[["c", "b"]].tolist() == [1.0, 3.0]
    assert pickle.loads(pickle.dumps(row(NUMBERS, "rose")))[["b"]].tolist() == [3.0]
    assert isinstance(row(NUMBERS, "rose"), TableRow)


def test_a_name_that_stands_twice_gives_both():
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"], index=["rose"])
    assert row(twice, "rose")[["a"]].tolist() == [1, 2]
