"""Who made a store: versions, commit, command, host, time and seed; for people, it decides nothing."""

from __future__ import annotations

import platform
import shlex
import socket
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

import zensols_like
from zensols_like.config import masked_arguments

__all__ = ["begin_provenance", "end_provenance", "find_commit"]

_LONG = 2000
"""Letters of a command that are kept."""


def begin_provenance(seed: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is known when a store is begun; what is named like a secret is masked in the command.

    Args:
        seed: The random seed of the run.
    """
    return {
        "began": _now(),
        "finished": None,
        "command": _command(),
        "commit": _commit(),
        "host": socket.gethostname(),
        "run": uuid.uuid4().hex[:12],
        "seed": None if seed is None else seed["seed"],
        "zensols_like": zensols_like.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": _version("numpy"),
        "pandas": _version("pandas"),
    }


def end_provenance(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """The same when the store is complete."""
    return {**provenance, "finished": _now()}


_version = cache(version)  # which reads and parses a file


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _commit() -> str | None:
    try:
        return find_commit(Path.cwd())
    except OSError:  # the current folder is gone
        return None


def _command() -> str:
    """The command of this process; the program without its folder, which is that of a user."""
    path, *arguments = sys.argv or [""]
    program = Path(path)
    name = program.parent.name if program.name == "__main__.py" else program.name  # python -m …
    text = shlex.join(masked_arguments([name, *arguments]))
    text = text.encode("utf-8", "backslashreplace").decode()  # arguments may be any bytes
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def find_commit(folder: Path) -> str | None:
    """The commit of the repository that holds a folder; ``None`` when there is none, or it cannot be told.

    It is read from the files of git, without starting a program.
    """
    try:
        place = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)
        return None if place is None else _read_commit(_repository(place / ".git"))
    except (OSError, ValueError):
        return None


def _repository(git: Path) -> Path:
    """The folder that a ``.git`` is, or names where it belongs to a worktree or a submodule."""
    return git if git.is_dir() else git.parent / _read(git).removeprefix("gitdir:").strip()


def _read_commit(git: Path) -> str | None:
    head = _read(git / "HEAD")
    if not head.startswith("ref:"):
        return _checked(head)
    name = head.removeprefix("ref:").strip()
    shared = git / _read(git / "commondir") if (git / "commondir").is_file() else git
    for place in (git, shared):
        if (place / name).is_file():
            return _checked(_read(place / name))
    packed = _read(shared / "packed-refs").splitlines()
    found = next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)
    return None if found is None else _checked(found)


def _checked(text: str) -> str | None:
    """A commit, if a text is one."""
    return text if len(text) in (40, 64) and int(text, 16) >= 0 else None


def _read(path: Path) -> str:
    if not path.is_file():  # a pipe would be waited for
        raise FileNotFoundError(path)
    return path.read_text(encoding="utf-8").strip()
