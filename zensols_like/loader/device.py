"""From the memory of the host to that of the device, one copy for each batch, beside what the device computes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import torch
from torch import Tensor

from zensols_like.loader.packed import Packed

__all__ = ["DeviceCopier", "Landing", "Slot"]


@dataclass(eq=False)
class Slot:
    """Host memory that batches are packed into, one after another."""

    buffer: Tensor
    copied: torch.cuda.Event | None = None
    """When the last copy out of it was done."""


@dataclass(frozen=True)
class Landing:
    """A copy that is on its way."""

    packed: Packed
    arrived: torch.cuda.Event | None

    def take(self) -> Packed:
        """The batch on the device, ready for what the current stream does next."""
        device = self.packed.buffer.device
        if self.arrived is not None:
            current = torch.cuda.current_stream(device)
            current.wait_event(self.arrived)
            # the memory belongs to the side stream, which must not reuse it before the current one is done with it
            self.packed.buffer.record_stream(current)
        return self.packed.beside(device)


class DeviceCopier:
    """Copies packed batches to a device on a stream of its own.

    The host memory is a ring of pinned slots.  Nothing waits for the device: the stream of the loop waits for the event
    of a copy, and a slot is only waited for when the copies of all the others were begun after it.  Only the thread of
    the loop may use this; workers write into the memory of a slot, which needs no call to CUDA.

    On the CPU the same is done with plain memory and without streams.

    Args:
        device: Where batches go.
        slots: How many slots there are at first; see `reserve`.
    """

    def __init__(self, device: torch.device, slots: int = 0) -> None:
        self.device = device
        self._pins = device.type == "cuda"
        self._stream = torch.cuda.Stream(device) if self._pins else None  # type: ignore[no-untyped-call]
        self._free: deque[Slot] = deque()
        self._slots = 0
        self._size = 0
        self.reserve(slots)

    def reserve(self, slots: int) -> None:
        """See to it that there are so many slots: for each batch read ahead one, and a few for those being copied.

        Those that are added get their memory when they are lent.
        """
        while self._slots < slots:
            self._free.appendleft(Slot(torch.empty(0, dtype=torch.uint8)))
            self._slots += 1

    def lend(self) -> Slot:
        """A slot that may be written to; give it back with `copy` or `give_back`."""
        slot = self._free.popleft()
        if slot.copied is not None:
            if not slot.copied.query():  # type: ignore[no-untyped-call]
                slot.copied.synchronize()  # this one copy, not the device
            slot.copied = None
        if slot.buffer.nbytes < self._size:
            slot.buffer = self.allocate(self._size)
        return slot

    def give_back(self, slot: Slot) -> None:
        """Take a slot back that was not used."""
        self._free.append(slot)

    def allocate(self, size: int) -> Tensor:
        """Host memory to copy from.

        Shape: ``(size,)``.  Dtype: uint8.  Device: CPU, pinned for a CUDA device.
        """
        return torch.empty(size, dtype=torch.uint8, pin_memory=self._pins)

    def copy(self, packed: Packed, slot: Slot) -> Landing:
        """Begin to copy a batch, and take its slot back.

        Args:
            packed: The batch, in the memory of the slot or in any other, from which it is moved there first.
            slot: A slot that was lent.
        """
        size = packed.buffer.nbytes
        self._size = max(self._size, size)
        if packed.buffer.data_ptr() != slot.buffer.data_ptr():
            if slot.buffer.nbytes < size:
                slot.buffer = self.allocate(self._size)
            packed = packed.into(slot.buffer)
        landing = self.start(packed)
        slot.copied = landing.arrived
        self._free.append(slot)
        return landing

    def start(self, packed: Packed) -> Landing:
        """Begin to copy a batch from memory that stays as it is."""
        if self._stream is None or packed.buffer.is_cuda:  # what lies on the device belongs to the current stream
            return Landing(packed.copy(self.device), None)
        with torch.cuda.stream(self._stream):
            return Landing(packed.copy(self.device), self._stream.record_event())
