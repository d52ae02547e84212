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

        def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
            return batch  # a plain loader has put it there

    class LoadingModel(Model):
        """Makes its loader itself, as the guide shows."""

        def __init__(self, folder: Path) -> None:
            super().__init__()
            self.folder = folder

        def train_dataloader(self) -> Any:
            return flower_stash(self.folder, n=50).loader("train", shuffle="batch", seed=5, device=self.device)


def trainer(**options: Any) -> Any:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    return lightning.Trainer(**{"enable_checkpointing": False, **quiet, **options})


def data(folder: Path) -> StashDataModule:
    return StashDataModule(flower_stash(folder, n=50), validation="test", shuffle="batch", seed=5)


def test_without_lightning_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zensols_like.loader.lightning.LightningDataModule", None)
    with pytest.raises(DeepLearnError, match=r"pip install zensols_like\[lightning\]"):
        data(tmp_path)


def fit(trainer: Any, model: Any, folder: Path, is_plain: bool = False, **options: Any) -> None:
    """Train with the data module or with a plain loader."""
    if is_plain:
        stash = flower_stash(folder, n=50)
        trainer.fit(model, stash.loader("train", shuffle="batch", seed=5), stash.loader("test"), **options)
    else:
        trainer.fit(model, data(folder), **options)


def expected(folder: Path, epochs: int, limit: int | None = None) -> list[tuple[int, str]]:
    loader = flower_stash(folder, n=50).loader("train", shuffle="batch", seed=5, epochs=epochs)
    return [(epoch, batch.id) for epoch in loader.epochs for batch in list(loader)[:limit]]


@needs_lightning
@pytest.mark.parametrize("is_plain", [False, True])
@pytest.mark.parametrize(
    "options", [{}, {"limit_train_batches": 3}, {"reload_dataloaders_every_n_epochs": 1}, {"val_check_interval": 2}]
)
def test_the_trainer_sees_every_epoch_in_an_order_of_its_own(
    tmp_path: Path, options: dict[str, Any], is_plain: bool
) -> None:
    model = Model()
    fit(trainer(max_epochs=3, **options), model, tmp_path, is_plain)
    assert model.seen == expected(tmp_path, 3, options.get("limit_train_batches"))
    assert model.validated[-5:] == list(flower_stash(tmp_path, n=50).ids_of("test"))


@needs_lightning
@pytest.mark.parametrize("is_plain", [False, True])
@pytest.mark.parametrize("limit", [1.0, 6])
@pytest.mark.parametrize("steps", [3, 6, 8, 11])
def test_a_checkpoint_goes_on_exactly(tmp_path: Path, steps: int, limit: float, is_plain: bool) -> None:
    whole, first, second = Model(), Model(), Model()
    options = {"limit_train_batches": limit}
    fit(trainer(max_epochs=2, **options), whole, tmp_path, is_plain)
    save = ModelCheckpoint(tmp_path, "model", every_n_train_steps=steps)
    stopped = trainer(max_steps=steps, callbacks=[save], **{**options, "enable_checkpointing": True})
    fit(stopped, first, tmp_path, is_plain)
    saved = {"ckpt_path": tmp_path / "model.ckpt", "weights_only": False}
    fit(trainer(max_epochs=2, **options), second, tmp_path, is_plain, **saved)
    assert len(first.seen) == steps
    assert first.seen + second.seen == whole.seen


@needs_lightning
def test_who_overfits_sees_the_same_batches_in_every_epoch(tmp_path: Path) -> None:
    model = Model()
    trainer(max_epochs=3, overfit_batches=2).fit(model, data(tmp_path))
    assert model.seen == [(epoch, batch_id) for epoch in range(3) for batch_id in ("0", "1")]


@needs_lightning
def test_a_data_module_gives_loaders_without_a_trainer(tmp_path: Path) -> None:
    loader = data(tmp_path).train_dataloader()
    assert [(0, batch.id) for batch in loader] == expected(tmp_path, 1)


@needs_lightning
@pytest.mark.process
@pytest.mark.parametrize("who_loads", ["module", "model"])
def test_two_ranks_share_every_epoch(tmp_path: Path, who_loads: str) -> None:
    if who_loads == "model":  # else Lightning lets the first rank do it
        flower_stash(tmp_path, n=50).prime()
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path), "GLOO_SOCKET_IFNAME": "lo"}
    subprocess.run(
        [sys.executable, __file__, str(tmp_path), who_loads],
        env=environment,
        timeout=600,
        check=True,
        capture_output=True,
    )
    ranks = [json.loads((tmp_path / f"seen-{rank}.json").read_text()) for rank in range(2)]
    together = [tuple(seen) for step in zip(*ranks, strict=True) for seen in step]
    assert together == expected(tmp_path, 2)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    parallel = trainer(max_epochs=2, devices=2, strategy="ddp", num_sanity_val_steps=0, limit_val_batches=0)
    if sys.argv[2] == "module":
        model = Model()
        parallel.fit(model, data(folder))
    else:
        model = LoadingModel(folder)
        parallel.fit(model)
    (folder / f"seen-{parallel.global_rank}.json").write_text(json.dumps(model.seen))
    leave()
