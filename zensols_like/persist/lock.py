"""One writer of a store at a time."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from zensols_like.errors import BusyError

__all__ = ["write_lock"]

logger = logging.getLogger(__name__)

_POLL_S = 0.1
_holders: dict[tuple[int, int], tuple[int, int]] = {}
"""The process and the thread that hold a lock file, by what the system knows the file by."""


@contextmanager
def write_lock(path: Path, timeout_s: float | None = None) -> Iterator[None]:
    """Hold a lock file as long as the block runs; wait for another holder on this host.

    The system gives the lock back when the holder dies, whatever way.  The file says who holds it, for people, and for
    other hosts, where the system may not know of the lock.

    Args:
        path: The lock file; it is made when it is not there.
        timeout_s: How long to wait; for ever when ``None``.

    Raises:
        BusyError: A process on another host holds it, or the time is over; names the holder and since when.  Or this
            thread itself holds it, and would wait for ever.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        file, me = _identity(descriptor), (os.getpid(), threading.get_ident())
        if timeout_s is None and _holders.get(file) == me:
            raise BusyError(
                "This thread writes into the store already, and would wait for itself.",
                str(path),
                "let nothing that is called by an encode encode into the same store, or load from it",
            )
        _acquire(descriptor, path, timeout_s)
        _holders[file] = me
        try:
            _write(descriptor, _owner())
            yield
        finally:
            del _holders[file]
            _write(descriptor, None)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, timeout_s: float | None) -> None:
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if deadline is not None and time.monotonic() >= deadline:
                raise _busy(_read(descriptor), path, "wait for it to end, or end it") from None
            if not told:
                logger.warning("waiting for the writer of %s: %s", path.parent, _describe(_read(descriptor)))
                told = True
            time.sleep(_POLL_S)
        else:
            owner = _read(descriptor)
            if owner is not None and owner.get("host") != socket.gethostname():
                fix = f"wait for it to end; if it is dead, remove {path}"
                raise _busy(owner, path, fix)
            return


def _identity(descriptor: int) -> tuple[int, int]:
    stat = os.fstat(descriptor)
    return stat.st_dev, stat.st_ino


def _busy(owner: dict[str, Any] | None, path: Path, fix: str) -> BusyError:
    return BusyError(f"Another process writes into the store: {_describe(owner)}.", str(path), fix)


def _describe(owner: dict[str, Any] | None) -> str:
    if owner is None:
        return "one that has not said who it is yet"
    age = datetime.now(UTC) - datetime.fromisoformat(owner["since"])
    return f"process {owner['pid']} on {owner['host']}, since {owner['since']} ({int(age.total_seconds())} s)"


def _owner() -> dict[str, Any]:
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _read(descriptor: int) -> dict[str, Any] | None:
    """Who the file says holds the lock; ``None`` when nobody does."""
    try:
        owner = json.loads(os.pread(descriptor, 4096, 0))
        datetime.fromisoformat(owner["since"])
        return {name: owner[name] for name in ("host", "pid", "since")}
    except (ValueError, TypeError, KeyError):
        return None


def _write(descriptor: int, owner: dict[str, Any] | None) -> None:
    os.ftruncate(descriptor, 0)
    if owner is not None:
        os.pwrite(descriptor, json.dumps(owner).encode(), 0)
