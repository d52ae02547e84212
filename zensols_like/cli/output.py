"""Standard output is for data: what code of a user prints, here or in a worker process, goes to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

__all__ = ["for_data", "for_data_only", "open_closed_streams"]

_data: ContextVar[int] = ContextVar("the descriptor of standard output, where that is kept for data")


def open_closed_streams() -> None:
    """Give nobody what goes to a stream that is closed, and nothing from one.

    A descriptor that is closed would else be that of the next file to be opened, into which all of it went.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):  # each gets the lowest free descriptor
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (for good)


@contextmanager
def for_data_only() -> Iterator[None]:
    """Keep standard output for data in the ``with`` block.

    The system sees to that, and not Python: what a library in C or another process prints goes aside, too.
    """
    if not (_is_open(1) and _is_open(2)):  # then nothing gets mixed up
        yield
        return
    kept = os.dup(1)
    os.dup2(2, 1)
    token = _data.set(kept)
    try:
        yield
    finally:
        with suppress(OSError):  # nobody reads it any more
            sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        _data.reset(token)


@contextmanager
def for_data() -> Iterator[None]:
    """Write data to standard output in the ``with`` block."""
    kept = _data.get(None)
    if kept is None:
        yield
        return
    sys.stdout.flush()
    os.dup2(kept, 1)
    yield  # when it fails, since nobody reads it any more, what is left of it must not go to standard error
    sys.stdout.flush()
    os.dup2(2, 1)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
