"""Equal tables have equal digests, and others have others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from zensols_like.dataframe.table import digest_frame

COLUMNS: dict[str, Any] = {
    "integers": [1, 2, 3],
    "floats": [0.5, np.nan, 1.0],
    "narrow": np.float32([0.5, np.nan, 1]),
    "texts": ["a", "b", None],
    "more texts": ["a", "c", None],
    "objects": np.array([1, "1", True], dtype=object),
    "flags": [True, False, True],
    "dates": pd.to_datetime(["2020", None, "2021"]),
    "zones": pd.to_datetime(["2020", None, "2021"]).tz_localize("UTC"),
    "kinds": pd.Categorical(["x", "y", "x"]),
    "nullable": pd.array([1, None, 3], dtype="Int64"),
    "lists": [[1, 2], [3], []],
    "other lists": [[1, 2], [4], []],
    "arrays": [np.arange(5000), np.arange(2), np.arange(0)],
    "other arrays": [np.where(np.arange(5000) == 2500, 0, np.arange(5000)), np.arange(2), np.arange(0)],
}


def table(name: str) -> pd.DataFrame:
    return pd.DataFrame({"x": pd.Series(COLUMNS[name])})


@pytest.mark.parametrize("name", COLUMNS)
def test_equal_tables_have_equal_digests(name):
    assert digest_frame(table(name)) == digest_frame(table(name).copy(deep=True))


def test_different_columns_have_different_digests():
    assert len({digest_frame(table(name)) for name in COLUMNS}) == len(COLUMNS)


@pytest.mark.parametrize("name", COLUMNS)
def test_the_order_the_keys_and_the_names_count(name):
    frame = table(name)
    others = [frame[::-1], frame.iloc[:2], frame.set_axis(["a", "b", "c"]), frame.rename(columns={"x": "y"})]
    assert len({digest_frame(one) for one in (frame, *others)}) == 5


def test_columns_of_one_name_are_told_apart_by_their_order():
    frame = pd.DataFrame([[1, 2]], columns=["x", "x"])
    assert digest_frame(frame) != digest_frame(frame.iloc[:, ::-1])


@pytest.mark.parametrize(
    ("one", "other"), [([1, "a"], ["1", "a"]), ([0.1, "x"], ["0.1", "x"]), ([b"a"], ["a"]), ([(1, 2)], ["(1, 2)"])]
)
def test_values_that_look_alike_are_told_apart(one: list[Any], other: list[Any]) -> None:
    tables = [pd.DataFrame({"x": pd.Series(values, dtype=object)}) for values in (one, other)]
    assert digest_frame(tables[0]) != digest_frame(tables[1])
