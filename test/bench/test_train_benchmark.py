"""A small run of the benchmark of the loader."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.figures import read_figures

ROOT = Path(__file__).parents[2]


@pytest.mark.process
def test_the_loader_is_measured(tmp_path: Path) -> None:
    small = ["W1", "W2", "--scale", "0.02", "--rounds", "2"]
    places = ["--folder", str(tmp_path / "stores"), "--results", str(tmp_path / "results")]
    command = [sys.executable, "-m", "benchmarks.train", *small, *places]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    assert "W1 · cpu · loader / plain loop " in done.stdout
    figures = list(read_figures(tmp_path / "results"))
    assert {"loader", "plain loop", "loader with steps", "seek to 900000"} <= {figure.store for figure in figures}
    assert all(len(figure.rounds) >= 2 for figure in figures)
    if not torch.cuda.is_available():
        assert {figure.how["device"] for figure in figures} == {"CPU"}
