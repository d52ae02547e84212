"""Tensors whose rows are not the data points, or whose data type changes: told once, while they are encoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.flowers import NoiseVectorizer, flower_stash, items, managers

from zensols_like.batch.interface import EncodedRun
from zensols_like.batch.look import Looks
from zensols_like.batch.plan import plan_batches
from zensols_like.vectorize import TensorFeatureContext


@dataclass
class TwoRows(NoiseVectorizer):
    """Gives one data point a row too many."""

    value: float = 9.0

    def _encode(self, data: Any) -> TensorFeatureContext:
        context = super()._encode(data)
        rows = context.tensor.repeat(2 if data == self.value else 1, 1)
        return TensorFeatureContext(self.feature_id, rows)


@dataclass
class DecodedRows(NoiseVectorizer):
    """Gives a row less when it decodes."""

    version = 1

    def _decode(self, context: Any) -> Any:
        return context.tensor[:0]


@dataclass
class OtherType(NoiseVectorizer):
    """Gives the data points from a value on another data type."""

    def _encode(self, data: Any) -> TensorFeatureContext:
        context = super()._encode(data)
        return context if data < 8 else TensorFeatureContext(self.feature_id, context.tensor.double())


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "zensols_like.batch.look"]


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.process)])
def test_rows_that_are_not_the_data_points_are_told_once(
    tmp_path: Path, workers: int, caplog: pytest.LogCaptureFixture
) -> None:
    source = items(40)
    source["17"]["size"] = 9.0
    vectorizers = managers(TwoRows)
    flower_stash(
        tmp_path, n=40, source=source, workers=workers, chunk_size=1, vectorizer_manager_set=vectorizers
    ).prime()
    (warning,) = warnings(caplog)
    assert warning.startswith("attribute 'noise', vectorizer 'noise' (TwoRows) of manager 'flowers': batch '")
    assert "has 4 data points and a tensor of shape [5, 3]; unless that is meant, let the vectorizer" in warning
    if workers == 1:
        assert "batch '2'" in warning


def test_rows_of_decoded_tensors_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    flower_stash(tmp_path, vectorizer_manager_set=managers(DecodedRows)).prime()
    (warning,) = warnings(caplog)
    assert "batch '0' has 4 data points and a tensor of shape [0, 3]" in warning


def test_a_data_type_that_changes_from_batch_to_batch_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flower_stash(tmp_path, vectorizer_manager_set=managers(OtherType)).prime()
    (warning,) = warnings(caplog)
    assert "the tensor of batch '0' is float32, that of batch '2' is float64; let" in warning


def test_an_encode_like_any_other_says_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    flower_stash(tmp_path, batch_size=3).prime()
    flower_stash(tmp_path / "b", source=items(20, labeled=False)).prime()
    assert warnings(caplog) == []


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), min_size=1), st.data())
def test_whoever_sees_which_batch_uneven_attributes_are_known(
    sizes: list[tuple[int, int]], data: st.DataObject
) -> None:
    fields = flower_stash(Path("nowhere")).codec.fields
    parts = [Looks() for _ in range(3)]
    for position, (points, rows) in enumerate(sizes):
        part = data.draw(st.sampled_from(parts))
        part.see_tensors(position, points, {"leaves": torch.zeros(rows, 2)})
    whole = Looks()
    for part in parts:
        whole.add(part, fields)
    found = whole.found["leaves"]
    assert {kind.has_row_each for kind in found} == {points == rows for points, rows in sizes}
    for kind, look in found.items():
        points, rows = sizes[look.position]
        assert (points, (rows, 2), points == rows) == (look.points, look.shape, kind.has_row_each)


def test_attributes_that_nobody_mapped_are_nothing_to_look_at() -> None:
    looks, plan = Looks(), plan_batches({"train": ("a", "b")}, 2, None)
    context = TensorFeatureContext("x", torch.zeros(1))
    looks.see_run(EncodedRun([0], [{"other": context}]), flower_stash(Path("nowhere")).codec.fields, plan)
    assert looks.found == {}
