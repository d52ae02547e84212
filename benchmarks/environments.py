"""A virtual environment for each library that we are compared with; `make bench-setup` makes them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["ENVIRONMENTS", "find_python", "main"]

HERE = Path(__file__).parent
ENVIRONMENTS = HERE / ".venv"
_COMMON = ("numpy", "xxhash")
"""What the benchmark itself needs."""


def read_pins() -> Mapping[str, Any]:
    """What is installed where."""
    return tomllib.loads((HERE / "pins.toml").read_text())


def find_python(environment: str) -> Path | None:
    """The interpreter of an environment, that of this process where the name is empty; ``None`` before it is made."""
    if not environment:
        return Path(sys.executable)
    python = ENVIRONMENTS / environment / "bin" / "python"
    return python if (ENVIRONMENTS / environment / "ready").exists() else None


def make(name: str, torch: str, pins: Sequence[str], alone: Sequence[str] = ()) -> None:
    """Make an environment, unless it is there with these pins; torch comes first, so that nothing else chooses it.

    Args:
        name: That of its folder.
        torch: The pin of torch.
        pins: Packages, with what they need.
        alone: Packages without what they need.
    """
    folder = ENVIRONMENTS / name
    ready, wanted = folder / "ready", "\n".join([torch, *pins, *alone])
    if ready.exists() and ready.read_text() == wanted:
        return
    print(f"{name}: {wanted.replace(chr(10), ', ')}", flush=True)
    venv.create(folder, clear=True, with_pip=True)
    install = [str(folder / "bin" / "pip"), "install", "--quiet", torch]
    subprocess.run([*install, *_COMMON], check=True)
    subprocess.run([*install, *pins], check=True)
    if alone:
        subprocess.run([*install, "--no-deps", *alone], check=True)
    ready.write_text(wanted)


def main() -> None:
    """Make all environments."""
    pins = read_pins()
    for name, packages in pins["environments"].items():
        make(name, pins["torch"], packages, pins["without_dependencies"].get(name, ()))


if __name__ == "__main__":
    main()
