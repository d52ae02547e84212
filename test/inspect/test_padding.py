"""How much of padded tensors is padding."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.flowers import Flower, flower_stash

from zensols_like.batch import (
    BatchDirectoryCompositeStash,
    BatchFeatureMapping,
    DefaultBatch,
    FieldFeatureMapping,
    ManagerFeatureMapping,
)
from zensols_like.batch.codec import StackedFeatureContext
from zensols_like.inspect import StashReader, open_store, report_batch, report_store
from zensols_like.inspect.padding import Padding, find_padding
from zensols_like.inspect.report import spec_text
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    AggregateEncodableFeatureVectorizer,
    FeatureVectorizerManager,
    FeatureVectorizerManagerSet,
    MaskFeatureVectorizer,
    MultiFeatureContext,
    NominalEncodedEncodableFeatureVectorizer,
    NullFeatureContext,
    SparseTensorFeatureContext,
    TensorFeatureContext,
)

PAD = -100


@dataclass
class Sentence(Flower):
    """As many words as its ID says, from 0 to 4."""

    @property
    def label(self) -> int:
        return int(self.id) % 2

    @property
    def words(self) -> list[int]:
        return [1] * (int(self.id) % 5)


def manager(size: int = -1) -> FeatureVectorizerManager:
    vectorizers = [
        NominalEncodedEncodableFeatureVectorizer.of("word", categories=range(3)),
        AggregateEncodableFeatureVectorizer.of("words", delegate_feature_id="word", size=size),
        MaskFeatureVectorizer.of("mask", size=size),
    ]
    return FeatureVectorizerManager.of("text", TorchConfig(use_gpu=False), vectorizers)


@given(st.lists(st.lists(st.integers(0, 2)), min_size=1).filter(any), st.sampled_from([-1, 2, 9]))
def test_the_lengths_that_are_stored_say_what_the_decoded_tensor_shows(texts, size):
    for name in ("words", "mask"):
        vectorizer = manager(size)[name]
        context = vectorizer.encode(texts)
        tensor = vectorizer.decode(context)
        padding = find_padding(context, tensor.shape)
        empty = (tensor == PAD) if name == "words" else ~tensor
        assert padding == Padding(int(empty.sum()), tensor.numel())
        assert find_padding(context, (-1, size)) == padding


@pytest.mark.parametrize(
    ("context", "shape"),
    [
        (TensorFeatureContext("f", torch.ones(2, 3)), (2, 3)),
        (NullFeatureContext("f"), None),
        (MultiFeatureContext("f", (TensorFeatureContext("f", torch.ones(2, 3)),)), (2, 3)),  # put together, not padded
        (MultiFeatureContext("f", (MultiFeatureContext("f", ()), TensorFeatureContext("f", torch.ones(2)))), (2, 2)),
        (MultiFeatureContext("f", (TensorFeatureContext("f", torch.tensor(1)),)), (1, 1)),
        (MultiFeatureContext("f", (TensorFeatureContext("f", torch.ones(2, 4)),)), (1, 2, 5)),
        (MultiFeatureContext("f", (NullFeatureContext("f"),)), (1, 2)),
        (StackedFeatureContext("f", torch.ones(3), torch.tensor([1, 2])), (3, 5)),  # may be one-hot, when decoded
        ((TensorFeatureContext("f", torch.ones(2)),), (1, 2)),
    ],
)
def test_where_nothing_is_padded_or_nobody_can_tell_there_is_no_share(context, shape):
    assert find_padding(context, shape) is None


def test_sequences_of_rows_and_sparse_ones_count_as_one_position_for_each_row():
    parts = (SparseTensorFeatureContext.instance("f", torch.zeros(1, 9)), TensorFeatureContext("f", torch.ones(4, 9)))
    assert find_padding(MultiFeatureContext("f", parts), (-1, -1, 9)) == Padding(3, 8)


@pytest.fixture
def stash(tmp_path):
    fields = (
        FieldFeatureMapping("label", "word", is_agg=True),
        FieldFeatureMapping("words", "words", is_agg=True),
        FieldFeatureMapping("mask", "mask", is_agg=True, attr_access="words"),
    )
    made = flower_stash(
        tmp_path,
        delegate=BatchDirectoryCompositeStash(tmp_path / "batch", ({"label"}, {"words", "mask"})),
        data_point_type=Sentence,
        batch_type=DefaultBatch,
        batch_feature_mappings=BatchFeatureMapping("label", [ManagerFeatureMapping("text", fields)]),
        vectorizer_manager_set=FeatureVectorizerManagerSet.of("managers", [manager()]),
        batch_size=5,
    )
    made.prime()
    return made


def test_a_store_tells_its_padding_with_and_without_its_configuration(stash, tmp_path):
    for reader in (StashReader(stash), open_store(tmp_path / "batch")):
        shares = {one.name: one.share_padding for one in report_store(reader, batches=None).attributes}
        assert shares["label"] is None
        assert shares["words"] == shares["mask"]
        # lengths 0 1 2 3 4 three times, 0 1 and 2 3 4; each batch is as wide as its longest
        assert shares["words"] == pytest.approx(1 - (3 * 10 + 1 + 9) / (3 * 5 * 4 + 2 * 1 + 3 * 4))


def test_a_store_tells_how_long_padded_sequences_are(stash, tmp_path):
    with_configuration = {one.name: one for one in report_store(StashReader(stash), batches=None).attributes}
    assert with_configuration["words"].sizes == ((2, 5), (1, 4))
    assert spec_text("int64", (-1, -1), with_configuration["words"].sizes) == "int64[N, 1…4]"
    one_of_each_split = {one.name: one for one in report_store(StashReader(stash)).attributes}
    assert one_of_each_split["words"].sizes[0][1] == 5
    as_stored = {one.name: one for one in report_store(open_store(tmp_path / "batch"), batches=None).attributes}
    assert as_stored["mask"].sizes is None
    assert spec_text("bool", as_stored["mask"].shape, as_stored["mask"].sizes) == "bool[N, *]"


def test_a_batch_tells_its_padding(stash, tmp_path):
    for reader in (StashReader(stash), open_store(tmp_path / "batch")):
        shares = {one.name: one.share_padding for one in report_batch(reader, "0").attributes}
        assert shares == {"label": None, "words": 0.5, "mask": 0.5}
