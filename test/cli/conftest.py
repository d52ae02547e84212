"""Each test has a folder, a log and a module path of its own."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli.iris import OWN_MODULE, STOPPING, Iris
from typer.testing import Result


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    logger = logging.getLogger("zensols_like")
    level, handlers = logger.level, list(logger.handlers)
    yield
    logger.setLevel(level)
    logger.handlers = handlers


@pytest.fixture(autouse=True)
def _own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", sys.argv[:1])  # a store says how it was made, and tests are started in many ways
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def iris() -> Iris:
    return Iris()


@pytest.fixture
def encoded(iris: Iris) -> Iris:
    iris.encode()
    return iris


@pytest.fixture
def as_json() -> Callable[[Result], Any]:
    return lambda result: json.loads(result.stdout)


@pytest.fixture
def own_module(tmp_path: Path) -> Iterator[None]:
    """A module of the user in the current folder."""
    (tmp_path / "garden.py").write_text(OWN_MODULE)
    yield
    sys.modules.pop("garden", None)


@pytest.fixture
def partial(iris: Iris, own_module: None, tmp_path: Path) -> Iris:
    """Batches 0 and 1 are encoded, and no others."""
    (tmp_path / "stop").write_text("error")
    result = iris.run("encode", "-q", overrides=(STOPPING, "batch_stash.chunk_size=1"))
    assert result.exit_code == 5, result.stderr
    (tmp_path / "stop").unlink()
    return iris
