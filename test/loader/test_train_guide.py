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
FRAMEWORKS = ["Lightning", "Accelerate"]  # which have tests of their own


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
