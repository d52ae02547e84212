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
from typing import NamedTuple

from zensols_like.errors import BusyError
from zensols_like.persist.atomic import make_folder, name_file

__all__ = ["LockOwner", "lock_owner", "write_lock"]

logger = logging.getLogger(__name__)

_POLL_S = 0.1
_holders: dict[tuple[int, int], tuple[int, int]] = {}
"""The process and the thread that hold a lock file, by what the system knows the file by."""


class LockOwner(NamedTuple):
    """Who holds a lock file; what the file says, as JSON, for people and for other hosts."""

    host: str
    pid: int
    since: str
    """The time in ISO form."""

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this host."""
        return self.host == socket.gethostname()


def lock_owner(path: Path) -> LockOwner | None:
    """Who a lock file says holds it; ``None`` when it says nothing, or is not there."""
    try:
        return _parse(path.read_bytes())
    except OSError:
        return None


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
        PersistableError: There can be no folder for it.
    """
    make_folder(path.parent)
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
            _write(descriptor, path, _owner())
            yield
        finally:
            del _holders[file]
            _write(descriptor, path, None)
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
            if owner is not None and not owner.is_here:
                raise _busy(owner, path, f"wait for it to end; if it is dead, remove {path}")
            return


def _identity(descriptor: int) -> tuple[int, int]:
    stat = os.fstat(descriptor)
    return stat.st_dev, stat.st_ino


def _busy(owner: LockOwner | None, path: Path, fix: str) -> BusyError:
    return BusyError(f"Another process writes into the store: {_describe(owner)}.", str(path), fix)


def _describe(owner: LockOwner | None) -> str:
    if owner is None:
        return "one that has not said who it is yet"
    age = datetime.now(UTC) - datetime.fromisoformat(owner.since)
    return f"{owner} ({int(age.total_seconds())} s)"


def _owner() -> LockOwner:
    return LockOwner(socket.gethostname(), os.getpid(), datetime.now(UTC).isoformat(timespec="seconds"))


def _read(descriptor: int) -> LockOwner | None:
    return _parse(os.pread(descriptor, 4096, 0))


def _parse(data: bytes) -> LockOwner | None:
    try:
        said = json.loads(data)
        owner = LockOwner(said["host"], said["pid"], said["since"])
        datetime.fromisoformat(owner.since)
    except (ValueError, TypeError, KeyError):
        return None
    return owner


def _write(descriptor: int, path: Path, owner: LockOwner | None) -> None:
    try:
        os.ftruncate(descriptor, 0)
        if owner is not None:
            os.pwrite(descriptor, json.dumps(owner._asdict()).encode(), 0)
    except OSError as error:
        name_file(error, path)
        raise
