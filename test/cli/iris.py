"""Runs the command line on the iris configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from zensols_like.cli.main import app

RESOURCES = Path(__file__).parents[2] / "test-resources"


@dataclass
class Iris:
    """Runs commands; the batches lie in ``target/batch`` of the current folder."""

    config: Path = RESOURCES / "iris-reference" / "iris.conf"
    store: Path = Path("target/batch")

    def arguments(self, *overrides: str) -> list[str]:
        settings = [
            f"default.resources_dir={RESOURCES}",
            "default.temporary_dir=target",
            "batch_stash.workers=1",
            *overrides,
        ]
        return ["-c", str(self.config), *(word for one in settings for word in ("-o", one))]

    def run(self, command: str, *arguments: str, overrides: tuple[str, ...] = (), **more: Any) -> Result:
        return run(command, *arguments, *self.arguments(*overrides), **more)

    def encode(self) -> None:
        assert self.run("encode", "--quiet").exit_code == 0


def run(*arguments: str, **more: Any) -> Result:
    return CliRunner().invoke(app, list(arguments), **more)


def process(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    command = [sys.executable, "-m", "zensols_like", *arguments]
    return subprocess.run(command, text=True, capture_output=True, check=False, **more)


STOPPING = "iseries_vectorizer.class_name=garden.StoppingVectorizer"

OWN_MODULE = '''
import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from zensols_like.persist import register
from zensols_like.vectorize import FeatureContext, SeriesEncodableFeatureVectorizer, TensorFeatureContext


@dataclass
class StoppingVectorizer(SeriesEncodableFeatureVectorizer):
    """Stops at a flower of batch 2 as the file `stop` says, or takes its time."""

    def _encode(self, data):
        why = Path("stop").read_text() if Path("stop").exists() else ""
        if why == "slowly":
            time.sleep(0.1)
        elif why == "aloud":
            print("hello from Python", flush=True)
            os.system("echo hello from another program")
        elif why and data[0].name == "42":
            raise {"error": ArithmeticError, "interrupt": KeyboardInterrupt}[why]("a thorn")
        return super()._encode(data)


@register
@dataclass
class OwnContext(FeatureContext):
    numbers: torch.Tensor


@dataclass
class OwnVectorizer(SeriesEncodableFeatureVectorizer):
    def _encode(self, data):
        return OwnContext(self.feature_id, super()._encode(data).tensor)

    def _decode(self, context):
        return context.numbers
'''


def record_of(store: Path, group: str, batch: str) -> Path:
    return store / "comp" / group / f"{batch}.dat"


def flip(path: Path, position: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def text(result: Result) -> str:
    """Standard output without the blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in result.stdout.splitlines()).rstrip()


def clean_environment(**more: str) -> dict[str, str]:
    return {**os.environ, **more}
