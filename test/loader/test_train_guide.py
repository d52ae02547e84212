"""The examples of the guide run as they stand there, with the digits of the example."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import distributed
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/digits"
FRAMEWORKS = {"Lightning": "lightning", "Accelerate": "accelerate"}
"""The sections about what need not be installed."""


def blocks() -> dict[str, str]:
    """The example of each section."""
    sections = re.split(r"^## ", (ROOT / "docs/guides/train.md").read_text(), flags=re.MULTILINE)[1:]
    return {
        section.split("\n", 1)[0]: "".join(re.findall(r"```python\n(.*?)```", section, re.DOTALL))
        for section in sections
    }


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the examples take for granted."""
    monkeypatch.syspath_prepend(str(EXAMPLE))
    spec = importlib.util.spec_from_file_location("digits_for_the_guide", EXAMPLE / "train.py")
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    return {
        "stash": example.open_batches(tmp_path / "digits"),
        "torch": torch,
        "cross_entropy": cross_entropy,
        "DataLoader": DataLoader,
        "distributed": distributed,
        "save": lambda state: None,
    }


@pytest.mark.process
def test_the_examples_of_the_guide_run(
    names: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'ranks'}", rank=0, world_size=1)
    try:
        for section, code in blocks().items():
            if section not in FRAMEWORKS:
                exec(compile(code, section, "exec"), names)
    finally:
        distributed.destroy_process_group()
    assert capsys.readouterr().out.startswith("data wait ")
    assert (names["loader"].epoch, names["again"].epoch) == (1, 6)
    images = [batch["image"] for batch in names["augmented"]]
    again = names["stash"].loader("train", shuffle="batch", seed=7, transform=names["shift"])
    assert all(torch.equal(image, batch["image"]) for image, batch in zip(images, again, strict=True))


def model_for_lightning() -> Any:
    import lightning

    class Model(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(64, 10)
            self.seen: list[str] = []

        def training_step(self, batch: Any, index: int) -> torch.Tensor:
            self.seen.append(batch.id)
            return cross_entropy(self.layer(batch["image"].flatten(1)), batch["label"].long())

        def validation_step(self, batch: Any, index: int) -> None: ...

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), 0.01)

    return Model()


@pytest.mark.process
@pytest.mark.filterwarnings("ignore")
def test_the_example_with_lightning_runs(names: dict[str, Any]) -> None:
    lightning = pytest.importorskip("lightning")
    quiet = {
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "enable_checkpointing": False,
    }
    trainer, model = lightning.Trainer(max_epochs=1, accelerator="cpu", **quiet), model_for_lightning()
    found = {**names, "lightning": lightning, "trainer": trainer, "model": model}
    exec(compile(blocks()["Lightning"], "Lightning", "exec"), found)
    expected = [batch.id for batch in names["stash"].loader("train", shuffle="batch", seed=7)]
    assert model.seen == expected

    class Whole(found["Model"], type(model)):  # type: ignore[misc]
        """The one of the guide, with the rest of a model."""

    whole = Whole()
    lightning.Trainer(max_epochs=1, accelerator="cpu", **quiet).fit(whole)
    assert whole.seen == expected


@pytest.mark.process
@pytest.mark.filterwarnings("ignore")
def test_the_example_with_accelerate_runs(names: dict[str, Any], tmp_path: Path) -> None:
    accelerate = pytest.importorskip("accelerate")
    model = torch.nn.Linear(64, 10)
    found = {**names, "accelerator": accelerate.Accelerator(cpu=True), "model": model}
    found["optimizer"] = torch.optim.SGD(model.parameters(), 0.01)
    exec(compile(blocks()["Accelerate"], "Accelerate", "exec"), found)
    assert found["loader"].epoch == 1
    found["accelerator"].save_state(str(tmp_path / "state"))
    found["loader"].seek(0)
    found["accelerator"].load_state(str(tmp_path / "state"))
    assert found["loader"].epoch == 1
