"""Files of keys: one key on each line, exactly as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from zensols_like.errors import PersistableError
from zensols_like.persist.atomic import write_atomically

__all__ = ["read_keys", "write_keys"]


def write_keys(path: Path, keys: Iterable[str]) -> None:
    """Write a JSON string on each line, so that spaces, newlines and any other sign in a key survive."""
    write_atomically(path, [f"{json.dumps(key)}\n".encode("ascii") for key in keys])


def read_keys(path: Path) -> tuple[str, ...]:
    """Read what :func:`write_keys` wrote, or a plain text file with one key on each line.

    Raises:
        PersistableError: The file is not there, or mixes both forms.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        raise PersistableError("The key file is not there.", str(path), "give a file with a key on each line") from None
    filled = [(number, line.removesuffix("\r")) for number, line in enumerate(lines, 1) if line.strip()]
    if any(line.startswith('"') for _, line in filled):
        return tuple(_parse(line, path, number) for number, line in filled)
    return tuple(line for _, line in filled)


def _parse(line: str, path: Path, number: int) -> str:
    try:
        key = json.loads(line)
    except json.JSONDecodeError:
        key = None
    if not isinstance(key, str):
        raise PersistableError(
            f"The line {line!r} is not a JSON string, but others are.",
            f"{path}, line {number}",
            "write every key of the file as a JSON string, or none",
        )
    return key
