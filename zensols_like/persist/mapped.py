"""Bytes of records in memory."""

from __future__ import annotations

import errno
import mmap
import os
import resource
from contextlib import suppress
from pathlib import Path

from zensols_like.errors import PersistableError

__all__ = ["map_file"]

_SMALL = 1 << 20
"""Files of up to so many bytes are read, which is quicker; and a map holds an open file for as long as it lives."""
_MODERATE = 1 << 24
"""Maps of up to so many bytes are filled at once."""
_POPULATE_READ = 22
"""MADV_POPULATE_READ of Linux, which the module mmap does not name yet."""


def map_file(path: Path | str) -> memoryview:
    """Map a whole file privately, or read it where it is small: its bytes can be written to, and reach no file.

    Raises:
        FileNotFoundError: There is no such file.
        PersistableError: The system lets this process open no more files.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            if size > _SMALL:
                return memoryview(_mapped(descriptor, size))
            data = bytearray(size)
            return memoryview(data)[: os.readv(descriptor, [data])] if size > 0 else memoryview(data)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        raise PersistableError(
            f"This process may not open more than {limit} files.",
            str(path),
            "raise the limit (ulimit -n), or keep fewer batches at a time; shards hold many batches in one file",
        ) from error


def _mapped(descriptor: int, size: int) -> mmap.mmap:
    """A private map; what is not large is brought into it at once, which is quicker than page by page."""
    mapped = mmap.mmap(descriptor, size, access=mmap.ACCESS_COPY)
    if size <= _MODERATE:
        with suppress(OSError):  # a kernel before 5.14 does not know how
            mapped.madvise(_POPULATE_READ)
    return mapped
