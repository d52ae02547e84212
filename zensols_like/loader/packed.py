"""The tensors of a batch in one buffer, so that one copy moves them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from zensols_like.loader.source import Tensors

__all__ = ["Field", "Packed", "pack", "size_of"]

_ALIGNMENT = 64
_STRIDED = torch.strided


@dataclass(frozen=True, slots=True)
class Field:
    """Where a tensor lies in a buffer."""

    offset: int
    shape: torch.Size
    dtype: torch.dtype

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.offset + self.shape.numel() * self.dtype.itemsize

    def view(self, buffer: Tensor) -> Tensor:
        """The tensor."""
        return buffer[self.offset : self.end].view(self.dtype).view(self.shape)


@dataclass(frozen=True)
class Packed:
    """Tensors in one buffer.

    Shape: ``buffer`` is ``(bytes,)``.  Dtype: uint8.  Device: any.
    """

    buffer: Tensor
    entries: Mapping[str, Field | Tensor | None]
    """By name where a tensor lies in the buffer; one that is not dense lies beside it."""

    def views(self) -> dict[str, Tensor | None]:
        """The tensors, which share the memory of the buffer."""
        return {
            name: entry.view(self.buffer) if isinstance(entry, Field) else entry for name, entry in self.entries.items()
        }

    def copy(self, device: torch.device) -> Packed:
        """A copy of the buffer in other memory of a device; does not wait for it where the buffer is pinned."""
        return replace(self, buffer=self.buffer.to(device, non_blocking=True, copy=True))

    def beside(self, device: torch.device) -> Packed:
        """The same with what lies beside the buffer on a device."""
        return replace(
            self,
            entries={
                name: entry.to(device) if isinstance(entry, Tensor) else entry for name, entry in self.entries.items()
            },
        )

    def into(self, buffer: Tensor) -> Packed:
        """A copy at the beginning of a larger buffer."""
        target = buffer[: self.buffer.nbytes]
        target.copy_(self.buffer)
        return replace(self, buffer=target)


def pack(tensors: Tensors, out: Tensor | None = None) -> Packed:
    """Copy tensors into one buffer, each to a multiple of 64 bytes.

    Args:
        tensors: The tensors by name, on the CPU.
        out: A buffer to use the beginning of, if they fit into it.

    Example:
        >>> packed = pack({"a": torch.ones(2, 3), "b": torch.tensor([True]), "c": None})
        >>> packed.buffer.nbytes, packed.views()["b"]
        (65, tensor([True]))
    """
    entries: dict[str, Field | Tensor | None] = {}
    end = 0
    for name, tensor in tensors.items():
        if tensor is None or not _is_dense(tensor):
            entries[name] = tensor
        else:
            field = Field(end + -end % _ALIGNMENT, tensor.shape, tensor.dtype)
            entries[name] = field
            end = field.end
    if out is None or out.nbytes < end:
        out = torch.empty(end, dtype=torch.uint8)
    packed = Packed(out[:end], entries)
    for name, entry in entries.items():
        if isinstance(entry, Field):
            entry.view(packed.buffer).copy_(tensors[name])  # type: ignore[arg-type]  # a field stands for a tensor
    return packed


def _is_dense(tensor: Tensor) -> bool:
    return tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_nested


def size_of(tensors: Tensors) -> int:
    """The bytes of the elements of tensors."""
    total = 0
    for tensor in tensors.values():  # a loop, since it runs for every batch
        if tensor is not None:
            total += tensor.nbytes if tensor.layout is _STRIDED else tensor.numel() * tensor.element_size()
    return total
