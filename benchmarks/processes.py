"""What processes take: their memory, and what they read from the disk."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

__all__ = ["MemoryWatch", "anonymous_bytes", "baseline_bytes", "bytes_read"]

_PROC = Path("/proc")
_FIELDS = ("RssAnon:", "RssShmem:")
_EVERY_S = 0.02


def anonymous_bytes(process: int | str = "self") -> int:
    """The memory of a process that no file stands behind; 0 for one that ended."""
    try:
        lines = (_PROC / str(process) / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(_FIELDS))


def baseline_bytes(imports: str = "torch") -> int:
    """The memory of a process that does nothing but import."""
    code = f"import {imports}; from benchmarks.processes import anonymous_bytes; print(anonymous_bytes())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(found.stdout)


def bytes_read(process: int | str = "self") -> int:
    """The bytes that a process had fetched from the disk so far, by reading files or by touching maps of them."""
    lines = (_PROC / str(process) / "io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("read_bytes:"))


class MemoryWatch:
    """The largest memory of a process and all that it started, added up, as long as this context lasts."""

    def __init__(self, process: int) -> None:
        self.process = process
        self.peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(_EVERY_S):
            self.peak = max(self.peak, sum(map(anonymous_bytes, _family(self.process))))


def _family(process: int) -> Iterator[int]:
    """A process and its descendants."""
    yield process
    try:
        threads = list((_PROC / str(process) / "task").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return
    for thread in threads:
        try:
            children = (thread / "children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        for child in children:
            yield from _family(int(child))
