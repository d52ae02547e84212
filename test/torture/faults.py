"""Faults in system calls: the n-th one of an encode fails, kills its process or is cut short; and a record of all."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

CALLS = ("open", "writev", "pwrite", "fsync", "close", "replace", "unlink", "mkdir", "ftruncate")
"""The calls by which a store is written; `pathlib` goes through them as well."""


class Call(NamedTuple):
    """A system call that was made."""

    name: str
    path: str
    """The file; of a file descriptor the one that it was opened for."""
    target: str = ""
    """Where a file was moved."""
    data: bytes = b""
    """What was written."""
    flags: int = 0
    """How a file was opened."""


@dataclass(frozen=True)
class Fault:
    """What happens at a call below a folder."""

    at: int
    """Which one, beginning with 1."""
    action: str
    """``kill``, ``torn`` (half of the bytes are written, then the process is killed) or the name of an error."""
    below: str
    only: str = ""
    """Count calls of this name only."""


_fault: Fault | None = None
_calls: list[Call] = []
_paths: dict[int, str] = {}
_count = 0


def _path_of(name: str, arguments: tuple[Any, ...]) -> str:
    first = arguments[0]
    return _paths.get(first, "") if isinstance(first, int) else os.fspath(first)


def _wrapped(name: str, really: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        global _count
        path = _path_of(name, arguments)
        if _fault is not None and path.startswith(_fault.below):
            _calls.append(_recorded(name, path, arguments))
            if _fault.only in ("", name):
                _count += 1
                if _count == _fault.at:
                    _happen(name, really, arguments)
        result = really(*arguments, **options)
        if name == "open":
            _paths[result] = path
        elif name == "close":
            _paths.pop(arguments[0], None)
        return result

    return call


def _recorded(name: str, path: str, arguments: tuple[Any, ...]) -> Call:
    if name == "replace":
        return Call(name, path, os.fspath(arguments[1]))
    if name == "writev":
        return Call(name, path, data=b"".join(arguments[1]))
    return Call(name, path, flags=arguments[1] if name == "open" else 0)


def _happen(name: str, really: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    assert _fault is not None
    if _fault.action == "torn":
        if name == "writev":
            data = b"".join(arguments[1])
            os.write(arguments[0], data[: len(data) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    if _fault.action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "close":  # it closes though it fails
        really(*arguments)
        _paths.pop(arguments[0], None)
    if name == "writev" and _fault.action == "ENOSPC":  # a full disk takes what fits
        data = b"".join(arguments[1])
        os.write(arguments[0], data[: len(data) // 2])
    number = getattr(errno, _fault.action)
    raise OSError(number, os.strerror(number), _path_of(name, arguments))


@contextmanager
def faulty(fault: Fault | None) -> Iterator[list[Call]]:
    """Let a fault happen in the ``with`` block, in this process and those that it forks; gives the calls."""
    global _fault, _count
    if fault is None:
        yield []
        return
    before = {name: getattr(os, name) for name in CALLS}
    for name, really in before.items():
        setattr(os, name, _wrapped(name, really))
    _fault, _count = fault, 0
    _calls.clear()
    try:
        yield _calls
    finally:
        _fault = None
        for name, really in before.items():
            setattr(os, name, really)
