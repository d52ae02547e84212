"""Files that appear whole or not at all, and stay after a power cut."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

from zensols_like.errors import PersistableError
from zensols_like.failpoints import failpoint
from zensols_like.persist.formats import Buffer

__all__ = [
    "append_durably",
    "make_folder",
    "name_file",
    "remove_file",
    "remove_temporaries",
    "sync_file",
    "sync_folder",
    "write_all",
    "write_atomically",
]

_WRITEV_LIMIT = 512
"""Pieces handed to the system in one call; every system takes at least 1024."""


def write_atomically(path: Path, pieces: Iterable[Buffer], alone: bool = False, syncs_name: bool = True) -> None:
    """Write a file under another name, force its bytes to the disk and rename it.

    Whoever looks finds the file as it was before or with all of its bytes; when writing fails, nothing is left behind.

    Args:
        path: The file, replaced if it is there; its folder is made when it is not.
        pieces: The bytes in order.
        alone: Whether nobody else writes the file at the same time.  Its temporary name is always the same then, so
            that the next write replaces what a killed process left of it.
        syncs_name: Whether the name is forced to the disk, too; else the caller syncs the folder later, once for many
            files.
    """
    make_folder(path.parent)
    temporary = path.parent / (f".{path.name}.tmp" if alone else f".{uuid.uuid4().hex}.{os.getpid()}.tmp")
    try:  # before the file is there, since a signal may raise while it is made
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        try:
            failpoint("file.write")
            write_all(descriptor, path, [memoryview(piece).cast("B") for piece in pieces if len(piece) > 0])
            sync_file(descriptor, path)
        finally:
            os.close(descriptor)
        failpoint("file.replace")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if syncs_name:
        sync_folder(path.parent)


def write_all(descriptor: int, path: Path, pieces: Sequence[memoryview]) -> None:
    """Write every byte to a file; the system may take fewer than it is given."""
    for first in range(0, len(pieces), _WRITEV_LIMIT):
        waiting = list(pieces[first : first + _WRITEV_LIMIT])
        while waiting:
            try:
                written = os.writev(descriptor, waiting)
            except OSError as error:
                name_file(error, path)
                raise
            while waiting and written >= len(waiting[0]):
                written -= len(waiting.pop(0))
            if written > 0:
                waiting[0] = waiting[0][written:]


def sync_file(descriptor: int, path: Path) -> None:
    """Force the bytes of a file, or the names in a folder, to the disk."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        name_file(error, path)
        raise


def name_file(error: OSError, path: Path) -> None:
    """Let an error of the system name a file, which it does not do where it is given a number."""
    error.filename = str(path)


def append_durably(path: Path, data: bytes) -> None:
    """Add bytes to the end of a file, and force them to the disk."""
    make_folder(path.parent)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    try:
        if is_new:
            sync_folder(path.parent)  # first, so that what is forced to the disk next has a name there
        failpoint("journal.write")
        write_all(descriptor, path, [memoryview(data)])
        failpoint("journal.sync")
        sync_file(descriptor, path)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Make a folder and those above it where they are missing, and force their names to the disk.

    Raises:
        PersistableError: There can be none, as where a file of this name is.
        OSError: It may not be made, or the disk is full.
    """
    if not path.is_dir():
        make_folder(path.parent)
        try:
            path.mkdir(exist_ok=True)
        except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:
            raise PersistableError(
                f"No folder can be made here: {error.strerror}.", str(path), "give a path where there can be one"
            ) from error
        sync_folder(path.parent)


def remove_temporaries(folder: Path) -> None:
    """Remove what killed processes left of `write_atomically` in a folder that nobody writes into."""
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)


def remove_file(path: Path) -> None:
    """Remove a file if it is there, and force that to the disk."""
    if path.exists():
        path.unlink()
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Force the names in a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        sync_file(descriptor, path)
    finally:
        os.close(descriptor)
