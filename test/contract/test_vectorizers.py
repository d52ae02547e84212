"""Each vectorizer of the package passes the suite of vectorizers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from zensols_like.testing.vectorizer import VectorizerContract
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    AggregateEncodableFeatureVectorizer,
    AttributeEncodableFeatureVectorizer,
    EncodableFeatureVectorizer,
    FeatureVectorizerManager,
    IdentityEncodableFeatureVectorizer,
    MaskFeatureVectorizer,
    NominalEncodedEncodableFeatureVectorizer,
    NominalMultiLabelEncodedEncodableFeatureVectorizer,
    OneHotEncodedEncodableFeatureVectorizer,
    SeriesEncodableFeatureVectorizer,
    SparseTensorFeatureContext,
    TransformableFeatureVectorizer,
)

CPU = TorchConfig(use_gpu=False)
HALF = TorchConfig(use_gpu=False, data_type=torch.float16)


def managed(*vectorizers: EncodableFeatureVectorizer, torch_config: TorchConfig = CPU) -> EncodableFeatureVectorizer:
    """The last of vectorizers that share a manager."""
    return FeatureVectorizerManager.of("manager", torch_config, vectorizers)[vectorizers[-1].feature_id]


@dataclass
class TriangleVectorizer(EncodableFeatureVectorizer):
    """A user's own one, with a sparse context and no column hook."""

    size: int = 3

    def _get_shape(self):
        return -1, self.size

    def _encode(self, data):
        return SparseTensorFeatureContext.instance(self.feature_id, torch.ones(self.size, self.size).tril() * data)


@dataclass
class DoublingVectorizer(NominalEncodedEncodableFeatureVectorizer):
    """A user's subclass of one that encodes whole columns."""

    def _encode(self, data):
        context = super()._encode(data)
        context.tensor = context.tensor * 2
        return context


@dataclass
class ShoutingVectorizer(TransformableFeatureVectorizer):
    """A user's own one that can decode while encoding."""

    def _get_shape(self):
        return -1, 2

    def _encode(self, data):
        return SparseTensorFeatureContext.instance(self.feature_id, torch.eye(2) * len(data))

    def _decode(self, context):
        return super()._decode(context) + 1


class TestNominal(VectorizerContract):
    vectorizer = managed(NominalEncodedEncodableFeatureVectorizer.of("n", categories={"b", "a", "c"}))
    values = (["c"], ["a", "b"], ("c", "c"))
    tensor = torch.tensor([2, 0, 1, 2, 2])


class TestNominalOfFloats(VectorizerContract):
    vectorizer = managed(
        NominalEncodedEncodableFeatureVectorizer.of("n", categories=[3, 1, 2], data_type="torch.float32")
    )
    values = ([3], np.array([1, 2]), pd.Series([1]))
    tensor = torch.tensor([2.0, 0, 1, 0])


class TestNominalAsOneHot(VectorizerContract):
    vectorizer = managed(
        NominalEncodedEncodableFeatureVectorizer.of("n", categories=["b", "a", "c"], decode_one_hot=True)
    )
    values = (["c"], ["a", "b"])
    tensor = torch.tensor([[0, 0, 1], [1, 0, 0], [0, 1, 0]])


class TestMultiLabel(VectorizerContract):
    vectorizer = managed(NominalMultiLabelEncodedEncodableFeatureVectorizer.of("m", categories={"b", "a", "c"}))
    values = (["c", "a"], [], [["b"], {"a", "b"}])
    tensor = torch.tensor([[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 0]])
    empty = None


class TestOneHot(VectorizerContract):
    vectorizer = managed(
        OneHotEncodedEncodableFeatureVectorizer.of("o", categories=("b", "a", "c"), optimize_bools=True),
        torch_config=HALF,
    )
    values = (["c"], ["a", "b"])
    tensor = torch.tensor([[0, 0, 1], [1, 0, 0], [0, 1, 0]], dtype=torch.float16)


class TestOneHotOfTwo(VectorizerContract):
    vectorizer = managed(OneHotEncodedEncodableFeatureVectorizer.of("o", categories=[True, False], optimize_bools=True))
    values = ([True], [False, True])
    tensor = torch.tensor([1.0, 0, 1])


class TestOneHotOfTwoAsRows(VectorizerContract):
    vectorizer = managed(OneHotEncodedEncodableFeatureVectorizer.of("o", categories=["y", "n"], optimize_bools=False))
    values = (["y"], ["n", "y"])
    tensor = torch.tensor([[0.0, 1], [1, 0], [0, 1]])


class TestIdentity(VectorizerContract):
    vectorizer = managed(IdentityEncodableFeatureVectorizer.of("i"))
    values = (torch.ones(2, 3, dtype=torch.int8), [torch.zeros(1, 3, dtype=torch.int8)] * 2)
    tensor = torch.tensor([[1] * 3] * 2 + [[0] * 3] * 2, dtype=torch.int8)

    def test_the_shape_is_the_announced_one(self):
        assert self.vectorizer.shape == (-1,)  # that of the tensors, whatever it is


class TestIdentityOfNumbers(VectorizerContract):
    vectorizer = managed(IdentityEncodableFeatureVectorizer.of("i"))
    values = ([torch.tensor(1.5), torch.tensor(2.5)], torch.tensor([3.5]))
    tensor = torch.tensor([1.5, 2.5, 3.5])


class TestAttribute(VectorizerContract):
    vectorizer = managed(AttributeEncodableFeatureVectorizer.of("a"))
    values = (1, 2.5, [3], True, np.array([4], dtype=np.uint8), pd.Series([7.5], dtype=object), np.float64(8))
    tensor = torch.tensor([1, 2.5, 3, 1, 4, 7.5, 8])


class TestAttributeOfIntegers(VectorizerContract):
    vectorizer = managed(AttributeEncodableFeatureVectorizer.of("a"), torch_config=TorchConfig(False, torch.int16))
    values = (1, 2.0, 3)
    tensor = torch.tensor([1, 2, 3], dtype=torch.int16)


class TestSeries(VectorizerContract):
    vectorizer = managed(SeriesEncodableFeatureVectorizer.of("s"))
    values = (
        [pd.Series({"x": 1, "y": 2})],
        [pd.Series({"x": 1.5, "y": np.nan}), pd.Series({"x": 3, "y": 4.25}, dtype=object)],
    )
    tensor = torch.tensor([[1, 2], [1.5, torch.nan], [3, 4.25]])


class TestSeriesOfNumbers(VectorizerContract):
    vectorizer = managed(SeriesEncodableFeatureVectorizer.of("s"))
    values = ([1, 2.5], (3.0,))
    tensor = torch.tensor([1, 2.5, 3])

    def test_the_shape_is_the_announced_one(self):
        assert self.vectorizer.shape == (-1, -1)  # of rows, which these numbers are not


class TestMask(VectorizerContract):
    vectorizer = managed(MaskFeatureVectorizer.of("m", size=3))
    values = (["a", "abcd"], [[], (1, 2)])
    tensor = torch.tensor([[1, 0, 0], [1, 1, 1], [0, 0, 0], [1, 1, 0]], dtype=torch.bool)


class TestMaskAsWideAsTheLongest(VectorizerContract):
    vectorizer = managed(MaskFeatureVectorizer.of("m", data_type="uint8"))
    values = (["a", "abc"], [[], (1, 2, 3)])
    tensor = torch.tensor([[1, 0, 0], [1, 1, 1], [0, 0, 0], [1, 1, 1]], dtype=torch.uint8)


class TestAggregateOfNominal(VectorizerContract):
    vectorizer = managed(
        NominalEncodedEncodableFeatureVectorizer.of("n", categories="a b c".split()),
        AggregateEncodableFeatureVectorizer.of("agg", delegate_feature_id="n"),
    )
    values = ([["a", "c"], ["b"]], [[], ["c", "c"]])
    tensor = torch.tensor([[0, 2], [1, -100], [-100, -100], [2, 2]])


class TestAggregateOfRows(VectorizerContract):
    vectorizer = managed(
        OneHotEncodedEncodableFeatureVectorizer.of("o", categories="a b c".split(), optimize_bools=True),
        AggregateEncodableFeatureVectorizer.of("agg", delegate_feature_id="o", size=2, pad_label=-1),
    )
    values = ([["a", "c", "b"]], [["b"]])
    tensor = torch.tensor([[[1.0, 0, 0], [0, 0, 1]], [[0, 1, 0], [-1, -1, -1]]])


class TestSparse(VectorizerContract):
    vectorizer = managed(TriangleVectorizer.of("t"))
    values = (1, 2)
    tensor = torch.tensor([[1.0, 0, 0], [1, 1, 0], [1, 1, 1], [2, 0, 0], [2, 2, 0], [2, 2, 2]])
    empty = None


class TestSubclassOfOneThatEncodesColumns(VectorizerContract):
    vectorizer = managed(DoublingVectorizer.of("d", categories=["a", "b"]))
    values = (["b"], ["a", "b"])
    tensor = torch.tensor([2, 0, 2])


class TestTransformedWhileEncoding(VectorizerContract):
    vectorizer = managed(ShoutingVectorizer.of("s", encode_transformed=True))
    values = ("hey", "")
    tensor = torch.tensor([[4.0, 1], [1, 4], [1, 1], [1, 1]])
    empty = None


class TestTransformedWhileDecoding(TestTransformedWhileEncoding):
    vectorizer = managed(ShoutingVectorizer.of("s", encode_transformed=False))
