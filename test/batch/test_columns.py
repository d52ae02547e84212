"""What a batch holds does not depend on whether its source gives rows or columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from zensols_like.batch import BatchFeatureMapping, FieldFeatureMapping, ManagerFeatureMapping, RowDataPoint
from zensols_like.batch.codec import BatchCodec
from zensols_like.batch.columns import ColumnSource
from zensols_like.batch.point import PointColumns
from zensols_like.batch.row import RowColumns
from zensols_like.dataframe import DataframeDataPoint, FrameStash
from zensols_like.errors import EncodeError
from zensols_like.persist import NumberedKeys
from zensols_like.persist.formats import find_format
from zensols_like.source import ArrayStash
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    AggregateEncodableFeatureVectorizer,
    ArrayEncodableFeatureVectorizer,
    AttributeEncodableFeatureVectorizer,
    FeatureVectorizerManager,
    FeatureVectorizerManagerSet,
    IdentityEncodableFeatureVectorizer,
    MaskFeatureVectorizer,
    NominalEncodedEncodableFeatureVectorizer,
    OneHotEncodedEncodableFeatureVectorizer,
    SeriesEncodableFeatureVectorizer,
)

CATEGORIES = [*range(-3, 4)]
VECTORIZERS = (
    ArrayEncodableFeatureVectorizer.of("array"),
    AttributeEncodableFeatureVectorizer.of("attribute"),
    IdentityEncodableFeatureVectorizer.of("identity"),
    NominalEncodedEncodableFeatureVectorizer.of("nominal", categories=CATEGORIES),
    OneHotEncodedEncodableFeatureVectorizer.of("onehot", categories=CATEGORIES, optimize_bools=True),
    SeriesEncodableFeatureVectorizer.of("series"),
    MaskFeatureVectorizer.of("mask"),
    AggregateEncodableFeatureVectorizer.of("aggregate", delegate_feature_id="nominal"),
)
NAMES = [vectorizer.feature_id for vectorizer in VECTORIZERS]
TYPES = ["?", "i1", "u1", "<i2", ">i4", "i8", "u2", "u4", "u8", "f2", "f4", ">f8", "c8", "U3", "S2", "M8[s]"]
TORCH_TYPES = [torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16, torch.float64, torch.complex64]
MANAGERS = FeatureVectorizerManagerSet.of(
    "s", [FeatureVectorizerManager.of("m", TorchConfig(use_gpu=False), list(VECTORIZERS))]
)
RECORD = find_format("record")


def codec_of(name: str, is_agg: bool, is_label: bool) -> BatchCodec:
    fields = (FieldFeatureMapping("x", name, is_agg=is_agg),)
    mapping = BatchFeatureMapping("x" if is_label else None, [ManagerFeatureMapping("m", fields)])
    return BatchCodec(mapping, MANAGERS)


def stored(codec: BatchCodec, source: ColumnSource) -> list[bytes] | str:
    """The bytes of the contexts; or that they cannot be encoded."""
    try:
        return [bytes(part) for part in RECORD.encode(codec.encode(source))]
    except EncodeError:
        return "cannot be encoded"


@st.composite
def columns(draw: st.DrawFn) -> Any:
    """An array or a tensor with few rows, which may lie in memory in any way."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=5))
    if draw(st.booleans()):
        numbers = draw(hnp.arrays(np.int8, shape, elements=st.integers(-3, 3)))
        return torch.from_numpy(numbers).to(draw(st.sampled_from(TORCH_TYPES)))
    small = draw(st.booleans())
    dtype = np.dtype(draw(st.sampled_from(TYPES)))
    if small and dtype.kind in "iuf":
        numbers = draw(hnp.arrays(np.int8, shape, elements=st.integers(0 if dtype.kind == "u" else -3, 3)))
        array = numbers.astype(dtype)
    else:
        array = draw(hnp.arrays(dtype, shape))
    if draw(st.booleans()):
        array = array[::-1]
    if draw(st.booleans()):
        array = array.copy()
        array.flags.writeable = False
    return array


@settings(max_examples=300)
@given(columns(), st.sampled_from(NAMES), st.booleans(), st.booleans(), st.data())
def test_rows_and_columns_of_arrays_are_encoded_to_the_same_bytes(
    column: Any, name: str, is_agg: bool, is_label: bool, data: st.DataObject
) -> None:
    stash = ArrayStash({"x": column})
    positions = data.draw(st.permutations(range(len(column)))) if data.draw(st.booleans()) else range(len(column))
    keys = NumberedKeys(np.array(positions))
    codec = codec_of(name, is_agg, is_label)
    points = tuple(RowDataPoint(key, None, row) for key, row in stash.load_many(keys))
    assert stored(codec, RowColumns(keys, stash.load_columns(keys))) == stored(codec, PointColumns(points))


VALUES: list[list[Any]] = [
    [1, 2, 3],
    [1.5, float("nan"), 3.0],
    [float("nan")] * 3,
    [None, None, None],
    [1, None, 2.5],
    ["a", None, "b"],
    [True, False, True],
    [[1, 2], [3], []],
    [[1, 2], [3, 1], [0, 0]],
    [np.arange(2), np.arange(2), np.arange(2)],
    [pd.NA, 1, 2],
    [pd.Timestamp(0), pd.NaT, pd.Timestamp(1)],
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_agg", [False, True])
@pytest.mark.parametrize("is_label", [False, True])
def test_rows_and_columns_of_tables_are_encoded_to_the_same_bytes(name: str, is_agg: bool, is_label: bool) -> None:
    codec = codec_of(name, is_agg, is_label)
    for values in VALUES:
        frame = pd.DataFrame({"x": pd.Series(values), "other": ["p", "q", "r"]})
        tables = [frame, frame[::-1], frame.astype("object")]
        if not frame["x"].isna().any():  # else a row says that a value is missing, and a column that it is NaN
            tables.append(frame.convert_dtypes())
        for table in tables:
            stash = FrameStash(None, None, table)
            keys = stash.keys()
            points = tuple(DataframeDataPoint(key, None, row) for key, row in stash.load_many(keys))
            columns = RowColumns(keys, stash.load_columns(keys))
            assert stored(codec, columns) == stored(codec, PointColumns(points)), (values, table.dtypes)
