"""Batches that are read and encoded together are those that are encoded one by one, and so are their errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import torch
from batch.test_columns import NAMES, VALUES, codec_of, columns, stored
from hypothesis import given, settings
from hypothesis import strategies as st

from zensols_like.batch import ArrayBatchStash, Batch, DefaultBatch, EncodedBatch, RowColumns, run
from zensols_like.batch.index import Commit
from zensols_like.batch.plan import joined
from zensols_like.batch.run import Run, RunReader
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


def sources_of(batches: Sequence[Sequence[str]], stash: Stash) -> list[Any]:
    """The columns of each batch, of those that are read together."""
    return [source for run in read_in_runs(batches, stash.load_columns) for source in run.parts()]


def read_in_runs(batches: Sequence[Sequence[str]], read: Any) -> list[Run]:
    """The runs that batches are read in."""
    return [*RunReader(read, no_points).runs([*map(len, batches)], lambda some: joined(batches[some]))]


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
    sources = sources_of(batches, stash)
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
            sources = sources_of(batches, stash)
            assert [stored(codec, source) for source in sources] == [
                stored(codec, alone(stash, keys)) for keys in batches
            ], values


def test_small_batches_are_read_together_and_large_ones_alone() -> None:
    stash = ArrayStash({"x": np.zeros((64, 1 << 17), np.float32)})  # half a megabyte each
    reads: list[int] = []

    def read(keys: Sequence[str]) -> dict[str, Any]:
        reads.append(len(keys))
        return stash.load_columns(keys)

    read_in_runs(cut(stash.keys(), [1] * 64), read)
    assert reads == [1] + [4] * 15 + [3]
    reads.clear()
    read_in_runs(cut(stash.keys(), [8] * 8), read)
    assert reads == [8] * 8


def test_rows_of_unknown_size_are_not_read_without_end() -> None:
    reads: list[int] = []

    def read(keys: Sequence[str]) -> dict[str, Any]:
        reads.append(len(keys))
        return {"text": ["a long text"] * len(keys)}

    read_in_runs(cut(NumberedKeys(np.arange(20_000)), [100] * 200), read)
    assert max(reads) == 4000


def test_rows_of_few_bytes_are_not_read_without_end() -> None:
    reads: list[int] = []

    def read(keys: Sequence[str]) -> dict[str, Any]:
        reads.append(len(keys))
        return {"x": np.zeros(len(keys), np.int8)}

    read_in_runs(cut(NumberedKeys(np.arange(200_000)), [100] * 2000), read)
    assert max(reads) == 32_700


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
        monkeypatch.setattr(run, "_RUN_OBJECTS", rows)
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


class OwnStash(ArrayBatchStash):
    """Has a say in how batches are made."""

    made: ClassVar[list[str]] = []

    def create_batch(self, points: Any, split_name: str | None = None, batch_id: str | None = None) -> Batch:
        self.made.append(str(batch_id))
        return super().create_batch(points, split_name, batch_id)


@dataclass
class OwnBatch(DefaultBatch):
    """Has a say in how it is encoded."""

    encoded: ClassVar[list[str]] = []

    def encode(self, attributes: Any = None) -> EncodedBatch:
        self.encoded.append(self.id)
        return super().encode(attributes)


ARRAYS = {"size": np.random.default_rng(0).random((203, 5)), "kind": np.arange(203) % 3, "color": np.arange(203.0)}


def arrays_in(folder: Path, stash_class: type[ArrayBatchStash] = ArrayBatchStash, **options: Any) -> ArrayBatchStash:
    """The arrays in batches of four, with a group for the label."""
    return stash_class.from_arrays(ARRAYS, folder, label="kind", batch_size=4, torch_config=CPU, **options)


def test_who_makes_or_encodes_batches_otherwise_makes_and_encodes_each_of_them(tmp_path: Path) -> None:
    plain, own, batches = arrays_in(tmp_path / "1"), arrays_in(tmp_path / "2", OwnStash), arrays_in(tmp_path / "3")
    batches.batch_type = OwnBatch
    digests = set()
    for stash in (plain, own, batches):
        stash.prime()
        digests.add(stash.store.content_digest(stash.delegate))  # type: ignore[arg-type]
    assert len(digests) == 1
    assert set(map(str, range(len(own)))) <= set(OwnStash.made)
    assert OwnBatch.encoded == list(map(str, range(len(batches))))


@settings(max_examples=20)
@given(st.data())
def test_what_is_missing_of_any_group_is_encoded_and_nothing_else(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        whole, first = arrays_in(Path(folder) / "whole"), arrays_in(Path(folder) / "part")
        whole.prime()
        encoder = first._encoder  # as where an encode was killed
        plan = first._plan_anew()
        encoder.begin(plan, None, first.split_stash_container)
        commits = [
            Commit.of(position, commit.group, receipt)
            for commit in encoder.put_all(first._encoded(range(len(plan))))
            for position, receipt in zip(commit.positions, commit.receipts, strict=True)
        ]
        first._contexts.close()
        kept = data.draw(st.lists(st.booleans(), min_size=len(commits), max_size=len(commits)))
        first.store.commit([commit for commit, is_kept in zip(commits, kept, strict=True) if is_kept])
        again = arrays_in(Path(folder) / "part")
        again.prime()
        digests = {stash.store.content_digest(stash.delegate) for stash in (whole, again)}  # type: ignore[arg-type]
        assert len(digests) == 1
        stays = [
            again.store.index.receipt(commit.group, commit.positions[0]) == next(iter(commit.receipts))
            for commit, is_kept in zip(commits, kept, strict=True)
            if is_kept
        ]
        assert all(stays)
