"""Bytes of records in memory, and tensors that are views of them."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Any

__all__ = ["Memory", "Region", "map_file"]


class Memory:
    """A file, or a part of one, as private memory: writing into it reaches no file."""

    __slots__ = ("_bases", "data")

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self._bases: dict[Any, Any] = {}

    def tensor(self, dtype: Any, shape: tuple[int, ...], stride: tuple[int, ...], offset: int) -> Any:
        """A tensor that is a view.

        Args:
            dtype: The torch data type.
            shape: The shape, of at least one element.
            stride: The steps between elements.
            offset: The first byte, a multiple of the size of an element.
        """
        base = self._bases.get(dtype)
        if base is None:
            import torch  # whoever asks for a tensor has it

            count = len(self.data) // dtype.itemsize
            base = self._bases[dtype] = torch.frombuffer(self.data, dtype=dtype, count=count)
        return base.as_strided(shape, stride, offset // dtype.itemsize)


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
