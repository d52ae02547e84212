"""Folders of files: how large they are, and when they are durable."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

__all__ = ["disk_bytes", "sync_tree", "warm_pages"]

_BLOCK = 1 << 24
_QUIET_S = 0.2
"""Seconds in which the disk gets rid of what was removed, so that nobody's writing waits for that."""


def warm_pages(folder: Path, size: int) -> None:
    """Empty a folder, and let the machine hand out the memory that writing into it will need.

    A virtual machine gives its guest memory slowly the first time; a file that is written and removed keeps this out of
    the measurement.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    block, file = bytes(_BLOCK), folder / "warm"
    with file.open("wb", buffering=0) as stream:
        for _ in range(-(-size // _BLOCK) + 1):
            stream.write(block)
    file.unlink()
    os.sync()
    time.sleep(_QUIET_S)


def sync_tree(folder: Path) -> None:
    """Force every file and folder to the disk."""
    for path, _, names in os.walk(folder):
        for name in names:
            _sync(os.path.join(path, name))  # noqa: PTH118 (a Path for each of many files takes longer than the rest)
        _sync(path)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def disk_bytes(folder: Path) -> tuple[int, int]:
    """The bytes of all files, and how many files there are."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return sum(sizes), len(sizes)
