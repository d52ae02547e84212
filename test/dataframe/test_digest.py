"""Equal tables have equal digests, and others have others."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from zensols_like.dataframe.digest import digest_frame
from zensols_like.errors import DataframeError

LONG = np.zeros(2000)
OTHER = np.where(np.arange(2000) == 1000, 77, LONG)
"""An array whose text is that of `LONG`."""


@dataclass(frozen=True, eq=False)
class Embedding:
    values: Any


class Unreadable:
    """An object whose text is where it lies."""

    def __init__(self, values: Any) -> None:
        self.values = values


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


def objects(values: list[Any]) -> pd.DataFrame:
    column = pd.Series([None] * len(values), dtype=object)
    for row, value in enumerate(values):
        column.iat[row] = value
    return pd.DataFrame({"x": column})


@pytest.mark.parametrize(
    ("one", "other"), [([1, "a"], ["1", "a"]), ([0.1, "x"], ["0.1", "x"]), ([b"a"], ["a"]), ([(1, 2)], ["(1, 2)"])]
)
def test_values_that_look_alike_are_told_apart(one: list[Any], other: list[Any]) -> None:
    assert digest_frame(objects(one)) != digest_frame(objects(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (torch.tensor(0.12341), torch.tensor(0.12344)),
        (torch.tensor([0.12341]), torch.tensor([0.12344])),
        (torch.zeros(3), torch.tensor([0, 0, 1e-9])),
        (torch.zeros(3), torch.zeros(3).double()),
        ((torch.tensor(0.12341),), (torch.tensor(0.12344),)),
        (Embedding(LONG), Embedding(OTHER)),
        (Unreadable(LONG), Unreadable(OTHER)),
        (np.array([LONG, None], dtype=object), np.array([OTHER, None], dtype=object)),
        ({"b", "a"}, {"b", "c"}),
        ([{"b", "a"}], [{"b", "c"}]),
        ("\ud800", "\ud801"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("more", [[], [None, 1, "a"]], ids=["alone", "mixed"])
def test_what_no_text_tells_apart_is_told_apart(one: Any, other: Any, more: list[Any]) -> None:
    digests = [digest_frame(objects([value, *more])) for value in (one, one, other)]
    assert digests[0] == digests[1] != digests[2]


def test_categories_are_told_apart_as_values_are() -> None:
    digests = {digest_frame(objects([Embedding(one)]).astype("category")) for one in (LONG, LONG, OTHER)}
    assert len(digests) == 2


_SETS = """
import pandas as pd
from types import SimpleNamespace
from zensols_like.dataframe.digest import digest_frame
tags = [set("abcd"), frozenset("xyz"), [set("abc")], {"k": (set("abc"),)}, SimpleNamespace(tags=set("abc"))]
frame = pd.DataFrame({"x": pd.Series(tags, dtype=object), "y": pd.Categorical([frozenset("abc")] * len(tags))})
print(digest_frame(frame))
"""


@pytest.mark.process
def test_sets_and_objects_have_one_digest_in_every_process() -> None:
    found = set()
    for seed in ("0", "1", "77"):
        done = subprocess.run(
            [sys.executable, "-c", _SETS],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(["test", *sys.path])},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(done.stdout)
    assert len(found) == 1


@pytest.mark.parametrize("value", [lambda: 1, (number for number in ()), [[]]], ids=["function", "generator", "loop"])
def test_what_has_no_digest_is_refused_with_its_column_and_can_be_left_out(value: Any) -> None:
    if isinstance(value, list):
        value[0].append(value)
    frame = objects([value]).assign(y=1)
    with pytest.raises(DataframeError, match=r"a change in the column 'x'\. A \w+ cannot be compared") as caught:
        digest_frame(frame, "flowers")
    assert caught.value.where == "flowers, column 'x'"
    assert caught.value.fix is not None
    assert "frame.drop(columns=['x'])" in caught.value.fix
    assert digest_frame(frame.drop(columns=["x"]))
    assert digest_frame(frame.assign(x="text"))


@pytest.mark.parametrize(
    ("values", "digest"),
    [
        (["a", "b", None, np.nan], "8b1cb9f704b06a02e28dbcc7df2dd624"),
        ([1, 2.5, True, None], "727281ae031cf9b0c6897be01baf7360"),
        ([1, "1", np.float32(0.1)], "a6b5a4777c22b1170022b5afd9801bdb"),
        ([pd.Timestamp(3), pd.NaT, pd.Timedelta(3)], "4ee81400a8dbf4db1706720317cbaeb8"),
        ([(1, "a"), (2.5, (None,))], "392ab9b11f04add567da025994bd56f6"),
        ([[1, 2], ["a"], {"b": np.arange(3)}], "4d7e5bbb9e5091a34c0051fa54a0c073"),
    ],
)
def test_batches_of_tables_that_are_encoded_already_do_not_become_stale(values: list[Any], digest: str) -> None:
    assert digest_frame(objects(values)) == digest
