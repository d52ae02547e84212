"""Keys of rows that are numbers stay numbers, and name the same rows as their texts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.dataframe import DataframeBatchStash, FrameStash
from zensols_like.dataframe.keys import RowKeys
from zensols_like.errors import DataframeError
from zensols_like.persist import NumberedKeys
from zensols_like.torchconfig import TorchConfig


def keys_of(index: list[int] | list[str]) -> RowKeys:
    given_index = pd.Index(index)
    return RowKeys(given_index, pd.Index(list(map(str, index)), dtype=object))


@given(st.lists(st.integers(-5, 400), unique=True, min_size=1), st.lists(st.integers(0, 500)))
def test_numbers_and_texts_find_the_same_rows(index: list[int], wanted: list[int]) -> None:
    keys = keys_of(index)
    expected = [index.index(number) if number in index else -1 for number in wanted]
    assert keys.find(tuple(map(str, wanted))).tolist() == expected
    assert keys.find(NumberedKeys(np.array(wanted, dtype=np.int64))).tolist() == expected
    assert tuple(keys.at(np.arange(len(index)))) == tuple(map(str, index))


@pytest.mark.parametrize("index", [["a", "b"], [-1, 0], [10**12, 3], ["0", "1"]])
def test_other_keys_are_texts(index: list[int] | list[str]) -> None:
    keys = keys_of(index)
    assert keys.at(np.array([1, 0])) == (str(index[1]), str(index[0]))
    assert keys.find([str(index[1]), "none"]).tolist() == [1, -1]


def test_the_keys_of_a_shuffled_table_take_eight_bytes_each() -> None:
    table = pd.DataFrame({"size": np.arange(6.0), "part": ["train", "test"] * 3}).sample(frac=1, random_state=3)
    stash = FrameStash(None, "part", table)
    by_split = stash.keys_by_split
    assert all(isinstance(keys, NumberedKeys) for keys in by_split.values())
    assert {part: [stash[key]["size"] for key in keys] for part, keys in by_split.items()} == {
        part: rows["size"].tolist() for part, rows in table.groupby("part", sort=False)
    }
    with pytest.raises(DataframeError, match=r"No rows \['9'\]"):
        stash.load_columns(NumberedKeys(np.array([1, 9])))


@pytest.mark.parametrize("shuffle", [True, False])
def test_batches_of_numbered_rows_are_those_of_the_same_rows_by_text(tmp_path: Path, shuffle: bool) -> None:
    table = pd.DataFrame({"size": np.arange(40.0), "kind": ["a", "b"] * 20})
    options = {"label": "kind", "batch_size": 8, "shuffle": shuffle, "torch_config": TorchConfig(use_gpu=False)}
    numbered = DataframeBatchStash.from_frame(table, path=tmp_path / "numbers", **options)
    named = DataframeBatchStash.from_frame(
        table.set_axis(table.index.map(str), axis="index"), path=tmp_path / "texts", **options
    )
    for one, other in zip(numbered.values(), named.values(), strict=True):
        assert tuple(one.data_point_ids) == tuple(other.data_point_ids)
        assert one["size"].tolist() == other["size"].tolist() == [float(key) for key in one.data_point_ids]


def test_a_row_without_a_number_is_refused() -> None:
    table = pd.DataFrame({"size": [1.0, 2.0]}, index=pd.array([1, None], dtype="Int64"))
    with pytest.raises(DataframeError, match="index holds"):
        FrameStash(None, None, table).keys()
