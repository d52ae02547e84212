from __future__ import annotations

from contextlib import suppress

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import NonUniformDimensionEncoder, VectorizerError

ENCODER = NonUniformDimensionEncoder(TorchConfig(use_gpu=False))
TYPES = [torch.float16, torch.bfloat16, torch.float64, torch.int8, torch.int64, torch.bool, torch.complex128]


@given(st.lists(st.tuples(st.lists(st.integers(0, 4), max_size=4), st.sampled_from(TYPES)), max_size=5))
def test_tensors_of_any_shape_and_type_come_back(specifications):  # weakness C6
    arrs = [torch.randint(0, 2, shape).to(data_type) for shape, data_type in specifications]
    encoded = ENCODER.encode(arrs)
    assert encoded.dim() == 1
    for given_back in (encoded, torch.cat([encoded.new_zeros(3), encoded])[3:]):
        decoded = ENCODER.decode(given_back)
        assert [arr.dtype for arr in decoded] == [arr.dtype for arr in arrs]
        assert all(torch.equal(actual, arr) for actual, arr in zip(decoded, arrs, strict=True))


def test_views_of_every_kind_come_back():
    arrs = [torch.tensor([[1 + 2j, 3j]]).conj(), torch._neg_view(torch.ones(3, 2)).T, torch.ones(2, requires_grad=True)]
    arrs.append(torch.empty_strided((0,), (0,)))
    assert all(map(torch.equal, ENCODER.decode(ENCODER.encode(arrs)), arrs))


@pytest.mark.parametrize(("data_type", "size"), [(torch.float16, 2049), (torch.int8, 128), (torch.int8, 70_000)])
def test_sizes_may_be_larger_than_the_data_type_counts(data_type, size):  # weakness C6
    arr = torch.ones(size, dtype=data_type)
    assert torch.equal(ENCODER.decode(ENCODER.encode([arr, arr[:3]]))[0], arr)


@given(st.lists(st.integers(0, 255), max_size=64), st.integers(0, 200))
def test_bytes_that_are_no_encoding_are_refused_or_decode(junk, cut):
    encoded = ENCODER.encode([torch.ones(3), torch.ones(2, 2)])
    for data in (torch.tensor(junk, dtype=torch.uint8), encoded[:cut]):
        with suppress(VectorizerError):
            assert isinstance(ENCODER.decode(data), tuple)


def test_another_tensor_is_refused():
    for arr in (torch.ones(3), torch.zeros(2, 2, dtype=torch.uint8)):
        with pytest.raises(VectorizerError, match="cannot be taken apart: it has data type"):
            ENCODER.decode(arr)
    with pytest.raises(VectorizerError, match="cannot be encoded"):
        ENCODER.encode([torch.zeros(1, dtype=torch.uint16)])
