"""What a TorchConfig says of a CUDA device."""

from __future__ import annotations

import pytest
import torch

from zensols_like.torchconfig import TorchConfig

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("name", [None, "cuda", "cuda:0"])
def test_a_gpu_is_the_same_by_each_of_its_names(name: str | None) -> None:
    config = TorchConfig(device_name=name)
    assert config.same_device(torch.ones(1, device="cuda:0"))
    assert config.same_device(config.to(torch.nn.Linear(1, 1)))
    assert not config.same_device(torch.ones(1))


def test_another_gpu_is_not_the_same_even_if_there_is_none() -> None:
    assert not TorchConfig(device_name="cuda:7").same_device(torch.ones(1, device="cuda:0"))
