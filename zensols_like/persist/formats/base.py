"""What a storage format is: one value to parts of bytes, and back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

__all__ = ["Alike", "Buffer", "Format", "Parts"]

Buffer: TypeAlias = "bytes | bytearray | memoryview"
Parts: TypeAlias = Sequence[Buffer]
"""The description of a value, then its buffers (tensor and array bytes), each of which is aligned when stored."""


class Format(Protocol):
    """Turns one value into parts and reads it back equal."""

    code: int
    """The number of the format in the header of a record; never used again for another format."""
    safe: bool
    """False: reading may run code that the file names."""

    def encode(self, value: Any) -> Parts:
        """The parts to write, in order."""

    def decode(self, parts: Parts) -> Any:
        """The value, as views of the parts where it can."""


class Alike(Sequence[Any]):
    """Values of one structure, which differ in the bytes of their tensors only."""

    @property
    @abstractmethod
    def tensors(self) -> Sequence[Any]:
        """The tensors of a value, in their order, each joined with those of the other values in the first dimension."""
