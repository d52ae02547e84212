"""The examples on iris, and the configuration of the reference documentation, as they stand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from zensols_like.batch import Batch, BatchStash, Status
from zensols_like.config import ImportConfigFactory, load_config

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "test-resources" / "iris-reference"


def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImportConfigFactory:
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(REFERENCE))
    monkeypatch.setenv("PYTHONPATH", str(REFERENCE))
    return ImportConfigFactory(load_config(REFERENCE / "iris.conf", [f"default.temporary_dir={tmp_path}"]))


@pytest.mark.process
def test_a_configuration_of_the_reference_works_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    factory = reference(tmp_path, monkeypatch)
    stash = factory("batch_stash")
    assert isinstance(stash, BatchStash)
    assert len(stash) == 10
    assert stash.status is Status.COMPLETE
    batches = list(factory("dataset_stash").splits["train"].values())
    assert [len(batch) for batch in batches] == [15] * 7
    first = batches[0]
    assert isinstance(first, Batch)
    assert first.get_flower_dims().shape == (15, 4)
    assert first.get_labels().shape == (15, 3)
    rows = stash.split_stash_container.load_many(first.data_point_ids)
    expected = [
        [row[name] for name in ("sepal_length", "sepal_width", "petal_length", "petal_width")] for _, row in rows
    ]
    torch.testing.assert_close(first.get_flower_dims(), torch.tensor(expected, dtype=torch.float32))
    assert list(first.get_label_classes()) == [point.label for point in first.data_points]


@pytest.mark.process
@pytest.mark.parametrize("script", ["train.py", "demo.py"])
def test_the_example_learns_the_flowers(script: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "iris" / script), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    words = done.stdout.replace("\n", " ").split()
    accuracy = float(words[words.index("accuracy") + 1])
    assert accuracy >= 0.9
    for line in done.stdout.splitlines():  # the commands to look further are there as they are written
        assert "zensols-like " not in line or (ROOT / line.split()[0]).exists()
