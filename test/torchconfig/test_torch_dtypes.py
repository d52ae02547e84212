from __future__ import annotations

import numpy as np
import pytest
import torch

from zensols_like.errors import DeepLearnError
from zensols_like.torchconfig import TorchTypes


@pytest.mark.parametrize("name", sorted(TorchTypes.NAME_TO_TYPE))
def test_a_name_means_what_it_means_to_torch(name):
    assert TorchTypes.type_from_string(name) == getattr(torch, name)
    assert TorchTypes.get_tensor_class(getattr(torch, name))([]).dtype == getattr(torch, name)


@pytest.mark.parametrize(
    "data_type", sorted(set(TorchTypes.NAME_TO_TYPE.values()) - {torch.bfloat16}, key=str), ids=str
)
def test_numpy_types_hold_the_same_values(data_type):
    assert torch.zeros(1, dtype=data_type).numpy().dtype == np.dtype(TorchTypes.get_numpy_type(data_type))


def test_kinds_of_types():
    assert TorchTypes.is_float(torch.bfloat16)
    assert not TorchTypes.is_float(torch.int8)
    assert TorchTypes.is_int(torch.uint8)
    assert not TorchTypes.is_int(torch.bool)


@pytest.mark.parametrize("data_type", [torch.float16, torch.float32, torch.float64])
def test_there_and_back_between_floats_and_integers(data_type):
    assert TorchTypes.int_to_float(TorchTypes.float_to_int(data_type)) == data_type


def test_a_type_without_a_counterpart_is_an_error():
    with pytest.raises(DeepLearnError, match=r"torch\.bool has no float type"):
        TorchTypes.int_to_float(torch.bool)
