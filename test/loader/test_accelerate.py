"""Accelerate, the real one, where it is installed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from support.flowers import flower_stash
from support.torchrun import torchrun
from torch.utils.data import DataLoader

from zensols_like.loader import unwrap

accelerate = pytest.importorskip("accelerate")
pytestmark = pytest.mark.filterwarnings("ignore")

OPTIONS: dict[str, Any] = {"shuffle": "batch", "seed": 5}
DATA_POINTS = 55  # 9 batches of train, so that two ranks do not get equally many


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


def train(folder: Path) -> None:
    """What each rank runs: two epochs with a loader of the stash, then one with a data loader of torch."""
    accelerator = accelerate.Accelerator(cpu=True)
    stash = flower_stash(folder, n=DATA_POINTS)
    model = torch.nn.Linear(1, 1)
    model, optimizer = accelerator.prepare(model, torch.optim.SGD(model.parameters(), 1e-6))
    loader = stash.loader("train", epochs=2, device=accelerator.device, **OPTIONS)
    assert accelerator.prepare(loader) is loader  # it knows its rank, and is not shared out a second time
    own, of_torch = [], []
    for epoch in loader.epochs:
        for batch in loader:
            accelerator.backward(model(batch["size"].reshape(-1, 1)).mean())
            optimizer.step()
            assert loader.last is not None
            own.append([epoch, loader.last.position, batch.id, loader.last.is_padding])
    data = accelerator.prepare(DataLoader(stash.as_dataset("train"), batch_size=1, collate_fn=unwrap))
    for batch in data:
        accelerator.backward(model(batch["size"].reshape(-1, 1)).mean())
        of_torch.append(batch.id)
    (folder / f"seen-{accelerator.process_index}.json").write_text(json.dumps([own, of_torch]))
    accelerator.wait_for_everyone()  # a rank that ends while another still talks to it may abort
    accelerator.end_training()


@pytest.mark.process
def test_two_processes_share_every_epoch(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path, n=DATA_POINTS)
    loader = stash.loader("train", epochs=2, **OPTIONS)
    expected = [[epoch, position, batch.id] for epoch in loader.epochs for position, batch in enumerate(loader)]
    done = torchrun(2, Path(__file__), tmp_path)
    assert done.returncode == 0, done.stderr
    ranks = [json.loads((tmp_path / f"seen-{rank}.json").read_text()) for rank in range(2)]
    assert len({len(own) for own, _ in ranks}) == 1
    assert sorted(step[:3] for own, _ in ranks for step in own if not step[3]) == expected
    assert {batch_id for _, of_torch in ranks for batch_id in of_torch} == set(stash.ids_of("train"))
    assert len({len(of_torch) for _, of_torch in ranks}) == 1


if __name__ == "__main__":
    train(Path(sys.argv[1]))
