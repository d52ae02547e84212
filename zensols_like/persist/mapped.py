"""Bytes of records in memory."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

__all__ = ["Memory", "Region", "map_file"]


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
    """Map a whole file privately: its bytes can be written to, and no change reaches the file.

    Raises:
        FileNotFoundError: There is no such file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        if size == 0:
            return memoryview(bytearray())
        return memoryview(mmap.mmap(descriptor, size, access=mmap.ACCESS_COPY))
    finally:
        os.close(descriptor)
