from __future__ import annotations

import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.persist.formats.record import FORMAT
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    FeatureContext,
    MaskFeatureContext,
    MultiFeatureContext,
    NullFeatureContext,
    SparseTensorFeatureContext,
    TensorFeatureContext,
)

DATA_TYPES = [
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.uint8,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.bool,
    torch.complex64,
]
SHAPES = st.lists(st.integers(0, 6), max_size=4)


def same_bits(one, other):
    flat = [arr.contiguous().reshape(-1).view(torch.uint8) for arr in (one, other)]
    return one.dtype == other.dtype and one.shape == other.shape and torch.equal(*flat)


@st.composite
def tensors(draw):
    shape, data_type = draw(SHAPES), draw(st.sampled_from(DATA_TYPES))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 1000)))
    arr = torch.randint(-9, 9, shape, generator=generator)
    arr[torch.rand(shape, generator=generator) < draw(st.floats(0, 1))] = 0
    return -arr.to(data_type) if data_type.is_floating_point else arr.to(data_type)  # -0.0 among the floats


@given(tensors(), st.booleans())
def test_a_sparse_context_gives_the_tensor_back_bit_by_bit(arr, use_sparse):  # weakness C5
    SparseTensorFeatureContext.USE_SPARSE = use_sparse
    try:
        context = SparseTensorFeatureContext.instance("f", arr, TorchConfig(use_gpu=False))
        for copy in (context, pickle.loads(pickle.dumps(context)), recorded(context)):
            assert same_bits(copy.to_tensor(TorchConfig(use_gpu=False)), arr)
            assert torch.equal(copy.sparse_arr.to_dense(), arr)
    finally:
        SparseTensorFeatureContext.USE_SPARSE = True


@given(tensors())
def test_a_sparse_context_is_never_larger_than_the_tensor(arr):  # weakness C5
    data = SparseTensorFeatureContext.instance("f", arr).sparse_data
    assert sum(part.nbytes for part in ([data] if isinstance(data, torch.Tensor) else data)) <= arr.nbytes


def test_a_sparse_context_of_many_zeros_is_small():
    stored = sum(len(bytes(part)) for part in FORMAT.encode(SparseTensorFeatureContext.instance("f", torch.eye(200))))
    assert stored < 200 * 200 * 4 / 50


def test_a_sparse_tensor_of_torch_and_a_view_become_contexts():
    arr = torch.eye(20)
    assert torch.equal(SparseTensorFeatureContext.instance("f", arr.to_sparse()).to_tensor(), arr)
    assert torch.equal(SparseTensorFeatureContext.instance("f", arr[2:9, ::3].T).to_tensor(), arr[2:9, ::3].T)


@pytest.mark.parametrize("dtype", [torch.uint16, torch.uint32, torch.uint64, torch.float8_e5m2, torch.bool], ids=str)
def test_tensors_of_types_for_which_torch_does_little_become_contexts(dtype):
    arr = torch.eye(20).to(dtype)
    context = recorded(SparseTensorFeatureContext.instance("f", arr))
    assert isinstance(context.sparse_data, tuple)
    assert same_bits(context.to_tensor(), arr)


def test_a_tensor_of_nothing_with_any_strides_becomes_a_context():
    arr = torch.empty_strided((0,), (0,))
    assert same_bits(recorded(SparseTensorFeatureContext.instance("f", arr)).to_tensor(), torch.empty(0))


@pytest.mark.parametrize("size", [1, 40])
def test_a_conjugate_or_negative_view_becomes_a_context(size):
    for plain in (torch.eye(size) * (1 + 2j), torch.eye(size)):
        arr = plain.conj() if plain.is_complex() else torch._neg_view(plain)
        context = SparseTensorFeatureContext.instance("f", arr)
        for copy in (context, pickle.loads(pickle.dumps(context)), recorded(context)):
            assert torch.equal(copy.to_tensor(), arr)
            assert torch.equal(copy.sparse_arr.to_dense(), arr)


def recorded(context):
    return FORMAT.decode([bytearray(part) for part in FORMAT.encode(context)])


@given(st.lists(st.integers(0, 2**40)))
def test_sequence_lengths_stay_numbers_and_lie_beside_the_description(lengths):
    context = MaskFeatureContext("m", tuple(lengths))
    for copy in (pickle.loads(pickle.dumps(context)), recorded(context)):
        assert copy == context
        assert type(copy.sequence_lengths) is tuple
        assert all(type(length) is int for length in copy.sequence_lengths)
    assert FORMAT.encode(context)[0] == FORMAT.encode(MaskFeatureContext("m", (1,)))[0]


@pytest.mark.parametrize(
    "context",
    [
        FeatureContext("f"),
        NullFeatureContext("f"),
        MultiFeatureContext("f", (NullFeatureContext("a"), MaskFeatureContext("b", (1, 2)))),
    ],
)
def test_contexts_come_back_equal_from_records(context):
    assert recorded(context) == context


def test_a_multi_context_of_nothing_is_empty():
    null, full = NullFeatureContext("n"), TensorFeatureContext("t", torch.ones(1))
    assert MultiFeatureContext("m", ()).is_empty
    assert MultiFeatureContext("m", (null, MultiFeatureContext("m", (null,)))).is_empty
    assert not MultiFeatureContext("m", (null, full)).is_empty
