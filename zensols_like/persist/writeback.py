"""Bringing a growing file to the disk while more of it is made."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

__all__ = ["begin_writeback"]

_BEGIN = 2
"""SYNC_FILE_RANGE_WRITE of Linux: begin to write what changed, and wait for nothing."""


def _find_call() -> Callable[[int, int, int, int], int] | None:
    """The call of Linux that the module os does not have; ``None`` elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        call = ctypes.CDLL(None).sync_file_range
    except (AttributeError, OSError):
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    found: Callable[[int, int, int, int], int] = call
    return found


_CALL = _find_call()


def begin_writeback(descriptor: int, start: int, end: int) -> None:
    """Let the disk begin with some bytes of a file, so that a later ``fsync`` has little left to wait for.

    Nothing is durable by this.  When writing them fails, that ``fsync`` tells; where the system cannot do it, or not
    with this file, ``fsync`` does all.

    Args:
        descriptor: The file, open for writing.
        start: Where the bytes begin.
        end: Where they end.
    """
    if _CALL is not None:
        _CALL(descriptor, start, end - start, _BEGIN)
