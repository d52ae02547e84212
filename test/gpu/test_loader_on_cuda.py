"""The loader with a CUDA device: the same batches, no wait for the device, no memory used too early."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support.flowers import flower_stash
from torch.utils.data import DataLoader

from zensols_like.loader import BatchLoader, LoaderOptions, unwrap
from zensols_like.torchconfig import TorchConfig

pytestmark = pytest.mark.gpu

WAYS: list[dict[str, Any]] = [
    {"workers": 0},
    {},
    {"workers": 4, "prefetch": 2},
    {"cache": "cpu"},
    {"cache": "cuda"},
    {"transform": dict},
    {"cache": "cpu", "transform": dict},
    pytest.param({"workers": 2, "worker_type": "process"}, marks=pytest.mark.process),
]


@pytest.mark.parametrize("way", WAYS)
def test_the_batches_are_those_of_the_cpu(tmp_path: Path, way: dict[str, Any]) -> None:
    stash = flower_stash(tmp_path, n=200, model_torch_config=TorchConfig())
    with stash.loader("train", shuffle="batch", **way) as loader:
        kept = [list(loader) for _ in range(3)]
    plain = stash.loader("train", shuffle="batch", device="cpu")
    for batches in kept:
        for batch, expected in zip(batches, plain, strict=True):
            assert batch.state_name == "memory copied"
            assert batch.id == expected.id
            for name in expected:
                assert batch[name].is_cuda
                assert torch.equal(batch[name].cpu(), expected[name])


@pytest.mark.parametrize("way", [{}, {"cache": "cpu"}, {"cache": "cuda"}])
def test_memory_is_not_used_again_before_the_loop_is_done_with_it(tmp_path: Path, way: dict[str, Any]) -> None:
    stash = flower_stash(tmp_path, n=200, model_torch_config=TorchConfig())
    busy = torch.rand(2048, 2048, device="cuda")
    loader = stash.loader("train", **way)
    sums = []
    for _ in range(3):
        for batch in loader:
            for _ in range(20):
                busy = busy @ busy / 1024  # keeps the stream of the loop far behind the host
            sums.append(batch["size"].sum() + 0 * busy[0, 0].nan_to_num())
    expected = [batch["size"].sum().item() for batch in stash.loader("train", device="cpu")]
    assert [one.item() for one in sums] == expected * 3


def test_no_step_waits_for_the_device(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path, n=400, model_torch_config=TorchConfig())
    loader = stash.loader("train")
    list(loader)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for batch in loader:
            batch["size"].sum()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.process
@pytest.mark.parametrize("workers", [0, 2])
def test_the_data_loader_of_torch_pins_the_batches(tmp_path: Path, workers: int) -> None:
    stash = flower_stash(tmp_path, n=40)
    data = DataLoader(stash.as_dataset("train"), batch_size=1, collate_fn=unwrap, pin_memory=True, num_workers=workers)
    for batch in data:
        stored = stash.load(batch.id)
        on_device = batch.to("cuda", non_blocking=True)
        for name in stored:
            assert batch[name].is_pinned()
            assert torch.equal(on_device[name].cpu(), stored[name])


@pytest.mark.parametrize("way", [{}, {"cache": "cpu"}, {"cache": "cuda"}])
def test_narrow_tensors_are_widened_on_the_device(tmp_path: Path, way: dict[str, Any]) -> None:
    stash = flower_stash(tmp_path, n=40, model_torch_config=TorchConfig())
    source = replace(stash.loader("train").source, wide_data_types={"leaves": torch.float32})
    loader = BatchLoader(source, LoaderOptions(**way))
    plain = stash.loader("train", device="cpu")
    for _ in range(2):
        for batch, expected in zip(loader, plain, strict=True):
            assert batch["leaves"].is_cuda
            assert batch["leaves"].cpu().equal(expected["leaves"].float())
    assert loader.stats.nbytes == plain.stats.nbytes  # what was copied was narrow
