"""What the thread of the loop does to a batch that was read: keep it, transform it, bring it where the model is."""

from __future__ import annotations

from time import perf_counter
from typing import Generic

import torch

from zensols_like.errors import WorkerError
from zensols_like.loader.device import DeviceCopier, Landing, Slot
from zensols_like.loader.options import LoaderOptions
from zensols_like.loader.packed import Packed, pack, size_of
from zensols_like.loader.queue import Reading, ReadQueue
from zensols_like.loader.source import B, BatchSource, Tensors, widen
from zensols_like.loader.stats import LoaderStats
from zensols_like.loader.work import Loaded, LoadWork, SeededTransform, note_of

__all__ = ["Placer", "plan_work"]

_CPU = torch.device("cpu")


def plan_work(source: BatchSource[B], options: LoaderOptions, device: torch.device) -> LoadWork[B]:
    """What workers do, where the rest is done by the thread of the loop."""
    packs = options.uses_processes or options.cache is not None or (device.type != "cpu" and options.transform is None)
    transform = None
    if options.transform is not None and options.transforms_in_worker:
        transform = SeededTransform(options.transform, options.seed)
    return LoadWork(source.load_many, source.holding, transform, packs)


class Placer(Generic[B]):
    """Makes of batches that were read those that the loop gets.

    Args:
        source: Where batches come from.
        options: What the user chose.
        queue: What is read.
        copier: Copies to the device; ``None`` where the tensors stay on the CPU.
        stats: Where to count what is done here.
    """

    def __init__(
        self,
        source: BatchSource[B],
        options: LoaderOptions,
        queue: ReadQueue[B],
        copier: DeviceCopier | None,
        stats: LoaderStats,
    ) -> None:
        self.source = source
        self.options = options
        self.queue = queue
        self.copier = copier
        self.stats = stats
        queue.lends = copier is not None and options.cache is None and not options.uses_processes
        self._early: tuple[B, Tensors | Landing] | Exception | None = None
        self._keeps_on_host = options.cache == "cpu" or (options.cache == "cuda" and copier is None)
        transform = None if options.transforms_in_worker else options.transform
        self._transform = None if transform is None else SeededTransform(transform, options.seed)
        is_plain = copier is None and transform is None and options.cache is None and not options.uses_processes
        self.gives_as_read = is_plain and not source.wide_data_types
        """Whether there is nothing to do."""
        self.copies = copier is not None
        """Whether there is a copy that may begin before its batch is asked for."""

    def reserve(self, slots: int) -> None:
        """See to it that there are so many slots to copy from."""
        if self.copier is not None:
            self.copier.reserve(slots)

    def lend(self) -> Slot:
        """A slot to pack a batch into."""
        if self.copier is None:
            raise WorkerError("There are no slots without a device.")
        return self.copier.lend()

    def start(self, reading: Reading[B]) -> None:
        """Begin with the batch that is the next to be finished."""
        if self._early is None:
            try:
                self._early = self._place(reading)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is raised when it is the batch's turn
                self._early = error

    def finish(self, reading: Reading[B]) -> tuple[B, int]:
        """The batch with tensors that the loop may use, and their bytes.

        Raises:
            Exception: What reading it raised, or the transform.
        """
        early, self._early = self._early, None
        if isinstance(early, Exception):
            raise early
        batch, tensors = self._place(reading) if early is None else early
        if isinstance(tensors, Landing):
            packed = tensors.take()
            if self.options.cache == "cuda" and not self._keeps_on_host and not reading.is_cached:
                self.queue.cache[reading.step.ref.batch_id] = batch, packed
                packed = packed.copy(packed.buffer.device)  # what is kept is not given away
            tensors = packed.views()
        return self.source.holding(batch, widen(tensors, self.source.wide_data_types)), size_of(tensors)

    def _place(self, reading: Reading[B]) -> tuple[B, Tensors | Landing]:
        """The batch and its tensors, on the CPU or on their way to the device."""
        try:
            batch, tensors = self._read(reading)
            began = perf_counter()
            tensors = self._transformed(reading, tensors)
            transformed = perf_counter()
            placed = self._placed(tensors, reading.slot)
            self.stats.loaded(0.0, 0.0, transformed - began, perf_counter() - transformed)
        except Exception:
            if self.copier is not None and reading.slot is not None:
                self.copier.give_back(reading.slot)
            raise
        return batch, placed

    def _read(self, reading: Reading[B]) -> tuple[B, Tensors | Packed]:
        """What was read; it stays in the cache of the host where there is one."""
        found = reading.wait()
        if not isinstance(found, Loaded):
            raise found
        batch, tensors = found.batch, found.tensors
        self.stats.cached += reading.is_cached
        if self.options.uses_processes and not reading.is_cached:
            batch = self.source.attach(batch)
        if self._keeps_on_host and not reading.is_cached and isinstance(tensors, Packed):
            tensors = self._own(tensors)
            self.queue.cache[reading.step.ref.batch_id] = batch, tensors
        return batch, tensors

    def _own(self, packed: Packed) -> Packed:
        """The same in memory that stays: pinned where it is copied from, and not shared with another process."""
        if self.copier is not None:
            return packed.into(self.copier.allocate(packed.buffer.nbytes))
        return packed.copy(_CPU) if self.options.uses_processes else packed

    def _transformed(self, reading: Reading[B], found: Tensors | Packed) -> Tensors | Packed:
        if self._transform is None:
            return found
        tensors = found.copy(_CPU).views() if isinstance(found, Packed) else found
        try:
            return self._transform(tensors, reading.step)
        except Exception as error:
            error.add_note(note_of(reading.step))
            raise

    def _placed(self, found: Tensors | Packed, slot: Slot | None) -> Tensors | Landing:
        if self.copier is None:  # a copy, since the buffer is kept, or is shared with another process
            return found.copy(_CPU).views() if isinstance(found, Packed) else found
        if isinstance(found, Packed) and (self._keeps_on_host or found.buffer.is_cuda):
            return self.copier.start(found)
        slot = slot or self.copier.lend()
        return self.copier.copy(found if isinstance(found, Packed) else pack(found, slot.buffer), slot)
