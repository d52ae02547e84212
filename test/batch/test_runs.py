"""Batches that are read and encoded together are those that are encoded one by one, and so are their errors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from batch.test_columns import NAMES, VALUES, codec_of, columns, stored
from hypothesis import given, settings
from hypothesis import strategies as st

from zensols_like.batch import RowColumns, run
from zensols_like.batch.run import read_in_runs
from zensols_like.dataframe import DataframeBatchStash, FrameStash
from zensols_like.errors import EncodeError
from zensols_like.persist import NumberedKeys, Stash
from zensols_like.source import ArrayStash
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    ArrayEncodableFeatureVectorizer,
    FeatureContext,
    NominalEncodedEncodableFeatureVectorizer,
    TensorFeatureContext,
)

CPU = TorchConfig(use_gpu=False)


def alone(stash: Stash, keys: Sequence[str]) -> RowColumns:
    """A batch that was read by itself."""
    found = stash.load_columns(keys)
    assert found is not None
    return RowColumns(keys, found)


def no_points(keys: Sequence[str]) -> Any:
    raise AssertionError(f"columns are enough for {keys}")


def cut(keys: Sequence[str], lengths: Sequence[int]) -> list[Sequence[str]]:
    """The keys of batches of these lengths, as many as there are keys for."""
    ends = [end for end in np.cumsum(lengths).tolist() if end <= len(keys)]
    return [keys[begin:end] for begin, end in pairwise([0, *ends])]


@settings(max_examples=300)
@given(columns(), st.sampled_from(NAMES), st.booleans(), st.booleans(), st.lists(st.integers(1, 2), min_size=1))
def test_batches_of_arrays_are_the_same_bytes(
    column: Any, name: str, is_agg: bool, is_label: bool, lengths: list[int]
) -> None:
    stash, codec = ArrayStash({"x": column}), codec_of(name, is_agg, is_label)
    batches = cut(NumberedKeys(np.arange(len(column))), lengths)
    sources = list(read_in_runs(batches, stash.load_columns, no_points))
    assert [tuple(source.ids) for source in sources] == [tuple(keys) for keys in batches]
    assert [stored(codec, source) for source in sources] == [stored(codec, alone(stash, keys)) for keys in batches]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_agg", [False, True])
@pytest.mark.parametrize("is_label", [False, True])
def test_batches_of_tables_are_the_same_bytes(name: str, is_agg: bool, is_label: bool) -> None:
    codec = codec_of(name, is_agg, is_label)
    for values in VALUES:
        stash = FrameStash(None, None, pd.DataFrame({"x": pd.Series(values * 3, dtype=pd.Series(values).dtype)}))
        for lengths in ([1] * 9, [1, 2, 1, 3, 2], [3, 3, 3]):
            batches = cut(stash.keys(), lengths)
            sources = list(read_in_runs(batches, stash.load_columns, no_points))
            assert [stored(codec, source) for source in sources] == [
                stored(codec, alone(stash, keys)) for keys in batches
            ], values


def test_small_batches_are_read_together_and_large_ones_alone() -> None:
    stash = ArrayStash({"x": np.zeros((64, 1 << 17), np.float32)})  # half a megabyte each
    reads: list[int] = []

    def read(keys: Sequence[str]) -> dict[str, Any]:
        reads.append(len(keys))
        return stash.load_columns(keys)

    list(read_in_runs(cut(stash.keys(), [1] * 64), read, no_points))
    assert reads == [1, 2] + [2] * 30 + [1]
    reads.clear()
    list(read_in_runs(cut(stash.keys(), [8] * 8), read, no_points))
    assert reads == [8] * 8


def test_rows_of_unknown_size_are_not_read_without_end() -> None:
    reads: list[int] = []

    def read(keys: Sequence[str]) -> dict[str, Any]:
        reads.append(len(keys))
        return {"text": ["a long text"] * len(keys)}

    list(read_in_runs(cut(NumberedKeys(np.arange(20_000)), [100] * 200), read, no_points))
    assert max(reads) == 4000


@pytest.mark.parametrize("container", ["shards", "files"])
def test_a_store_does_not_depend_on_what_is_read_together(
    container: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = np.random.default_rng(0)
    table = pd.DataFrame(
        {"size": generator.random(500), "color": generator.choice(["red", "blue"], 500), "kind": ["a", "b"] * 250}
    )
    digests = set()
    for number, rows in enumerate((1, 40, 1 << 12)):
        monkeypatch.setattr(run, "_RUN_ROWS", rows)
        stash = DataframeBatchStash.from_frame(
            table, label="kind", path=tmp_path / str(number), batch_size=7, torch_config=CPU
        )
        stash.prime()
        digests.add(stash.store.content_digest(stash.delegate))  # type: ignore[arg-type]
    assert len(digests) == 1


def test_the_batch_of_a_bad_row_is_named_and_those_before_it_are_there(tmp_path: Path) -> None:
    table = pd.DataFrame({"size": np.arange(60.0), "kind": ["a", "b"] * 30})
    stash = DataframeBatchStash.from_frame(
        table, label="kind", path=tmp_path, batch_size=4, split={"train": 1.0}, shuffle=False, torch_config=CPU
    )
    stash.split_stash_container.dataframe.loc["41", "size"] = 1e300  # more than the tensor holds
    with pytest.raises(EncodeError, match="data point '41'") as caught:
        stash.prime()
    assert "batch '10'" in "".join(caught.value.__notes__)


class CentredVectorizer(ArrayEncodableFeatureVectorizer):
    """Takes the mean of a batch away, so that its batches may not be encoded together."""

    def encode_column(self, column: Sequence[Any]) -> FeatureContext:
        rows = torch.as_tensor(column)
        return TensorFeatureContext(self.feature_id, rows - rows.mean())


class PairVectorizer(NominalEncodedEncodableFeatureVectorizer):
    """Has two rows for each label."""

    def _encode_ids(self, ids: torch.Tensor) -> FeatureContext:
        return TensorFeatureContext(self.feature_id, ids.repeat_interleave(2))


class FirstVectorizer(NominalEncodedEncodableFeatureVectorizer):
    """Encodes no label but the first, however many there are."""

    def _labels(self, data: Any) -> Sequence[Any]:
        return super()._labels(data)[:1]


def test_a_class_that_encodes_otherwise_says_anew_whether_it_encodes_rows() -> None:
    rows = np.arange(3.0)
    assert ArrayEncodableFeatureVectorizer.of("x").encodes_rows(rows)
    assert not CentredVectorizer.of("x").encodes_rows(rows)
    assert NominalEncodedEncodableFeatureVectorizer.of("x", categories=["a", "b"]).encodes_rows(["a", "b"])
    assert not NominalEncodedEncodableFeatureVectorizer.of("x", categories=["a", "b"]).encodes_rows([["a"], ["b"]])
    for otherwise in (PairVectorizer, FirstVectorizer):
        assert not otherwise.of("x", categories=["a", "b"]).encodes_rows(["a", "b"])
