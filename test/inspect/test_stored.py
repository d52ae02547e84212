"""Contexts without their vectorizers."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch

from zensols_like.batch.codec import StackedFeatureContext
from zensols_like.batch.manifest import AttributeSpec
from zensols_like.inspect.stored import stored_column
from zensols_like.vectorize import (
    FeatureContext,
    MaskFeatureContext,
    MultiFeatureContext,
    NullFeatureContext,
    SparseTensorFeatureContext,
    TensorFeatureContext,
)


def spec(dtype=None, shape=None):
    return AttributeSpec("f", "some.Vectorizer", "manager", False, dtype, shape)


PAIR = torch.tensor([[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize(
    "context",
    [
        TensorFeatureContext("f", PAIR),
        StackedFeatureContext("f", PAIR, torch.tensor([1, 1])),
        SparseTensorFeatureContext.instance("f", PAIR),
        (TensorFeatureContext("f", PAIR[:1]), TensorFeatureContext("f", PAIR[1:])),
        MultiFeatureContext("f", (TensorFeatureContext("f", PAIR[:1]), TensorFeatureContext("f", PAIR[1:]))),
    ],
    ids=lambda context: type(context).__name__,
)
def test_tensors_are_shown_as_they_are_stored(context):
    column = stored_column(context, spec("float32", (-1, 2)))
    assert torch.equal(column.tensor, PAIR)
    assert column.note is None


def test_a_sparse_tensor_is_shown_whole():
    eye = torch.eye(20)
    column = stored_column(SparseTensorFeatureContext.instance("f", eye), spec("float32", (-1, 20)))
    assert torch.equal(column.tensor, eye)


@pytest.mark.parametrize(("dtype", "shape"), [("float32", (-1, 3)), ("int64", (-1, 2)), ("float32", (-1,))])
def test_what_is_decoded_otherwise_says_so(dtype, shape):
    column = stored_column(TensorFeatureContext("f", PAIR), spec(dtype, shape))
    assert column.note is not None
    assert column.note.startswith(f"as stored; decodes to {dtype}[N")


def test_a_mask_is_shown_as_lengths():
    column = stored_column(MaskFeatureContext("f", (3, 1)), spec("bool", (-1, -1)))
    assert column.tensor.tolist() == [3, 1]
    assert column.note == "the lengths of sequences; as stored; decodes to bool[N, *]"


@pytest.mark.parametrize("context", [NullFeatureContext("f"), (), MultiFeatureContext("f", ())])
def test_nothing_has_no_values(context):
    column = stored_column(context, spec())
    assert column.tensor is None
    assert column.note == "no values"


def test_tensors_that_do_not_fit_together_are_shown_one_after_another():
    contexts = (TensorFeatureContext("f", torch.ones(1, 2)), TensorFeatureContext("f", torch.zeros(1, 3)))
    column = stored_column(contexts, spec())
    assert column.tensor.tolist() == [1, 1, 0, 0, 0]
    assert column.note == "2 tensors one after another"


def test_a_context_that_nobody_knows_is_named():
    @dataclass
    class OwnContext(FeatureContext):
        numbers: torch.Tensor

    column = stored_column(OwnContext("f", PAIR), spec("float32", (-1, 2)))
    assert column.tensor is None
    assert column.note == "a OwnContext, which only its vectorizer decodes: give the configuration with -c"
