"""The trainer of Lightning, the real one, where it is installed."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from support.flowers import flower_stash
from support.rank import leave

from zensols_like.errors import DeepLearnError
from zensols_like.loader.lightning import StashDataModule

HAS_LIGHTNING = importlib.util.find_spec("lightning") is not None
needs_lightning = pytest.mark.skipif(not HAS_LIGHTNING, reason="needs Lightning")
pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning has much to say

if HAS_LIGHTNING:
    import lightning
    from lightning.pytorch.callbacks import ModelCheckpoint

    class Model(lightning.LightningModule):
        """Notes what it sees."""

        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(1, 1)
            self.seen: list[tuple[int, str]] = []
            self.validated: list[str] = []

        def training_step(self, batch: Any, index: int) -> torch.Tensor:
            self.seen.append((self.current_epoch, batch.id))
            return self.layer(batch["size"].reshape(-1, 1)).mean()

        def validation_step(self, batch: Any, index: int) -> None:
            self.validated.append(batch.id)

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), 1e-6)


def trainer(**options: Any) -> Any:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    return lightning.Trainer(**{"enable_checkpointing": False, **quiet, **options})


def data(folder: Path) -> StashDataModule:
    return StashDataModule(flower_stash(folder, n=50), validation="test", shuffle="batch", seed=5)


def test_without_lightning_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zensols_like.loader.lightning.LightningDataModule", None)
    with pytest.raises(DeepLearnError, match=r"pip install zensols_like\[lightning\]"):
        data(tmp_path)


@needs_lightning
def test_the_trainer_sees_every_epoch_in_an_order_of_its_own(tmp_path: Path) -> None:
    model = Model()
    trainer(max_epochs=2).fit(model, data(tmp_path))
    loader = flower_stash(tmp_path, n=50).loader("train", shuffle="batch", seed=5, epochs=2)
    assert model.seen == [(epoch, batch.id) for epoch in loader.epochs for batch in loader]
    assert model.validated[-5:] == list(flower_stash(tmp_path, n=50).ids_of("test"))


@needs_lightning
@pytest.mark.parametrize("steps", [3, 8, 11])
def test_a_checkpoint_goes_on_exactly(tmp_path: Path, steps: int) -> None:
    whole, first, second = Model(), Model(), Model()
    trainer(max_epochs=2).fit(whole, data(tmp_path))
    save = ModelCheckpoint(tmp_path, "model", every_n_train_steps=steps)
    trainer(max_steps=steps, callbacks=[save], enable_checkpointing=True).fit(first, data(tmp_path))
    trainer(max_epochs=2).fit(second, data(tmp_path), ckpt_path=tmp_path / "model.ckpt", weights_only=False)
    assert first.seen + second.seen == whole.seen


@needs_lightning
@pytest.mark.process
def test_two_ranks_share_every_epoch(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path), "GLOO_SOCKET_IFNAME": "lo"}
    subprocess.run(
        [sys.executable, __file__, str(tmp_path)], env=environment, timeout=600, check=True, capture_output=True
    )
    ranks = [json.loads((tmp_path / f"seen-{rank}.json").read_text()) for rank in range(2)]
    loader = flower_stash(tmp_path, n=50).loader("train", shuffle="batch", seed=5, epochs=2)
    together = [seen for step in zip(*ranks, strict=True) for seen in step]
    assert together == [[epoch, batch.id] for epoch in loader.epochs for batch in loader]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    model = Model()
    parallel = trainer(max_epochs=2, devices=2, strategy="ddp", num_sanity_val_steps=0, limit_val_batches=0)
    parallel.fit(model, data(folder))
    (folder / f"seen-{parallel.global_rank}.json").write_text(json.dumps(model.seen))
    leave()
