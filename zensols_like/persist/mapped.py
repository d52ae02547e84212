"""Bytes of records in memory."""

from __future__ import annotations

import errno
import mmap
import os
import resource
from pathlib import Path

from zensols_like.errors import PersistableError

__all__ = ["map_file"]

_SMALL = 1 << 20
"""Files of up to so many bytes are read, which is quicker; and a map holds an open file for as long as it lives."""


def map_file(path: Path) -> memoryview:
    """Map a whole file privately, or read it where it is small: its bytes can be written to, and reach no file.

    Raises:
        FileNotFoundError: There is no such file.
        PersistableError: The system lets this process open no more files.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC), "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size > _SMALL:
                return memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY))
            data = bytearray(size)
            return memoryview(data)[: file.readinto(data)]
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        raise PersistableError(
            f"This process may not open more than {limit} files.",
            str(path),
            "raise the limit (ulimit -n), or keep fewer batches at a time; shards hold many batches in one file",
        ) from error
