"""Bytes of records in memory."""

from __future__ import annotations

import errno
import mmap
import os
import resource
from pathlib import Path

from zensols_like.errors import PersistableError

__all__ = ["Memory", "Region", "map_file"]

_SMALL = 1 << 20
"""Files of up to so many bytes are read, which is quicker; and a map holds an open file for as long as it lives."""


class Memory:
    """A file, or a part of one, as private memory: writing into it reaches no file."""

    __slots__ = ("data",)

    def __init__(self, data: memoryview) -> None:
        self.data = data


class Region:
    """The bytes of one record in memory."""

    __slots__ = ("length", "memory", "offset")

    def __init__(self, memory: Memory, offset: int, length: int) -> None:
        self.memory = memory
        self.offset = offset
        self.length = length

    @property
    def data(self) -> memoryview:
        """The bytes."""
        return self.memory.data[self.offset : self.offset + self.length]


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
