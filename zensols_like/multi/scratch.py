"""The temporary folder of this process, in which the fork server of Python listens.

Python's own stays behind when the process is killed.  This one is locked while its process lives, and whoever comes
next removes those that nobody locks.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import current_process
from multiprocessing.util import Finalize
from pathlib import Path

__all__ = ["has_temporary_folder", "leftovers", "use_own_folder"]

_SOCKET_BYTES = 107
"""The longest path of a socket that every Unix takes, Linux and its zero at the end included."""


def has_temporary_folder() -> bool:
    """Whether there is a place for temporary files, with a name short enough for a socket in a folder of ours."""
    try:
        place = Path(tempfile.gettempdir())
    except FileNotFoundError:
        return False
    socket = place / f"{_prefix()}12345678" / "listener-12345678"
    return place.is_dir() and len(os.fsencode(socket)) <= _SOCKET_BYTES


def use_own_folder() -> None:
    """Let :mod:`multiprocessing` put what it needs in a folder that does not stay."""
    config = current_process()._config  # type: ignore[attr-defined]  # noqa: SLF001 - where get_temp_dir() looks first
    if config.get("tempdir") is None:
        for _ in leftovers(remove=True):
            pass
        config["tempdir"] = str(_make())


def leftovers(remove: bool = False) -> Iterator[Path]:
    """The temporary folders of our killed processes.

    Args:
        remove: Whether they are removed.
    """
    for folder in sorted(Path(tempfile.gettempdir()).glob(f"{_prefix()}*")):
        descriptor = _lock(folder, wait=False)
        if descriptor is not None:
            try:
                if remove:
                    shutil.rmtree(folder, ignore_errors=True)
                yield folder
            finally:
                os.close(descriptor)


def _prefix() -> str:
    return f"zensols-like-{os.getuid()}-"


def _make() -> Path:
    while True:  # somebody may find and remove it before it is locked
        folder = Path(tempfile.mkdtemp(prefix=_prefix()))
        descriptor = _lock(folder, wait=True)
        if descriptor is not None:
            break
    Finalize(None, shutil.rmtree, args=(folder, True), exitpriority=-100)  # the descriptor closes with the process
    return folder


def _lock(folder: Path, wait: bool) -> int | None:
    """Lock a folder of ours; ``None`` when it is gone, locked by its process or no folder of ours."""
    import fcntl  # here: systems without a fork server may not have it

    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            found = os.fstat(descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and folder.stat().st_ino == found.st_ino:
                return descriptor
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)
    return None
