"""Accelerate, the real one, where it is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from support.flowers import flower_stash

accelerate = pytest.importorskip("accelerate")
pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_loader_is_saved_and_loaded_with_the_rest(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path, n=50)
    whole = [batch.id for batch in stash.loader("train", shuffle="batch")]
    accelerator = accelerate.Accelerator(cpu=True)
    model = accelerator.prepare(torch.nn.Linear(1, 1))
    loader = stash.loader("train", shuffle="batch", device=accelerator.device)
    accelerator.register_for_checkpointing(loader)
    for batch in loader:
        accelerator.backward(model(batch["size"].reshape(-1, 1)).mean())
        if batch.id == whole[2]:
            accelerator.save_state(str(tmp_path / "checkpoint"))
            break
    loader.seek(5)
    accelerator.load_state(str(tmp_path / "checkpoint"))
    assert [batch.id for batch in loader] == whole[3:]
