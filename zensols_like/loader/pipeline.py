"""Steps in, batches out: in order, read ahead, each failure at its place."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from time import perf_counter
from typing import Generic, TypeAlias

import torch

from zensols_like.errors import WorkerError
from zensols_like.loader.crew import Crew
from zensols_like.loader.device import DeviceCopier, Landing, Slot
from zensols_like.loader.options import LoaderOptions
from zensols_like.loader.packed import Packed, pack, size_of
from zensols_like.loader.schedule import Step
from zensols_like.loader.source import B, BatchSource, Tensors, widen
from zensols_like.loader.stats import LoaderStats
from zensols_like.loader.work import LoadWork, SeededTransform, note_of

__all__ = ["Cache", "Pipeline", "plan_work"]

_CPU = torch.device("cpu")

Cache: TypeAlias = dict[str, tuple[B, Packed]]
"""By ID the batches that are kept, each without tensors and beside them."""


def plan_work(source: BatchSource[B], options: LoaderOptions, device: torch.device) -> LoadWork[B]:
    """What workers do, where the rest is done by the thread of the loop."""
    packs = options.uses_processes or options.cache is not None or (device.type != "cpu" and options.transform is None)
    transform = None
    if options.transform is not None and options.transforms_in_worker:
        transform = SeededTransform(options.transform, options.seed)
    return LoadWork(source.load, source.holding, transform, packs)


class _Item(Generic[B]):
    """A batch on its way: asked for or in the cache, then there or failed."""

    __slots__ = ("batch", "error", "is_cached", "size", "slot", "step", "tensors")

    def __init__(self, step: Step, size: int, is_cached: bool, slot: Slot | None) -> None:
        self.step = step
        self.size = size
        self.is_cached = is_cached
        self.slot = slot
        self.batch: B | None = None
        self.tensors: Tensors | Landing | None = None
        """On the CPU or on their way to the device; ``None`` for those that the batch has."""
        self.error: Exception | None = None


class Pipeline(Generic[B]):
    """Reads the batches of steps ahead of a loop.

    Args:
        source: Where batches come from.
        options: What the user chose.
        work: How to read a batch.
        crew: Who reads them.
        copier: Copies to the device; ``None`` where the tensors stay on the CPU.
        cache: What is kept.
        stats: Where to count.
    """

    def __init__(
        self,
        source: BatchSource[B],
        options: LoaderOptions,
        work: LoadWork[B],
        crew: Crew[B],
        copier: DeviceCopier | None,
        cache: Cache[B],
        stats: LoaderStats,
    ) -> None:
        self.source = source
        self.options = options
        self.work = work
        self.crew = crew
        self.copier = copier
        self.cache = cache
        self.stats = stats
        self._waiting: deque[_Item[B]] = deque()
        self._held_back: Step | None = None
        self._ahead_bytes = 0
        self._load_s = 0.0
        self._depth = options.prefetch if options.workers else 0
        # half of the depth at a time, so that one wake-up of a thread is for several batches
        self._low = max(self._depth // 2, min(options.workers, self._depth - 1))
        self._counts_bytes = options.max_bytes is not None and source.size_bytes is not None
        self._lends = copier is not None and options.cache is None and not options.uses_processes
        self._keeps_on_host = options.cache == "cpu" or (options.cache == "cuda" and copier is None)
        transform = None if options.transforms_in_worker else options.transform
        self._transform = None if transform is None else SeededTransform(transform, options.seed)
        self._widens = len(source.wide_data_types) > 0
        plainly = copier is None and transform is None and not work.packs and not self._widens
        self._gives_as_read = plainly and options.max_bytes is None

    def run(self, steps: Iterator[Step]) -> Generator[tuple[Step, B], None, None]:
        """The batches of the steps, in order.

        Raises:
            Exception: What reading a batch raises, when it is its turn.
            WorkerError: A worker process died.
        """
        early: _Item[B] | None = None
        given: float | None = None
        while True:
            asked = perf_counter()
            if self._gives_as_read and not self._waiting and not self.crew.helps:
                ready, found = 0, self._read(steps)
            else:
                ready, found = self.crew.ready, self._take(steps, early)
                early = None if self.copier is None else self._stage_early()
            if found is None:
                return
            step_s = None if given is None else asked - given
            given = perf_counter()
            self.stats.delivered(given - asked, step_s, ready)
            if step_s is not None:
                self.crew.saw(self._load_s, step_s)
            yield found
            del found  # a loop that let go of its batch frees its memory

    def _read(self, steps: Iterator[Step]) -> tuple[Step, B] | None:
        """The next batch, read here and now where nobody helps; ``None`` at the end."""
        for step in steps:
            try:
                batch, _, times = self.work(step)
            except Exception:
                if self.options.on_error == "raise":
                    raise
                self.stats.skip(step.ref.batch_id)
                continue
            self._load_s = self.stats.loaded(*times)
            self.stats.nbytes += size_of(batch.attributes)
            return step, batch
        return None

    def _take(self, steps: Iterator[Step], early: _Item[B] | None) -> tuple[Step, B] | None:
        """The next batch of those that were asked for; ``None`` at the end."""
        item = self._next(steps, early)
        if item is None:
            return None
        batch = self._finish(item)
        if self._depth and self.crew.helps and len(self._waiting) <= self._low:
            self._fill(steps, self._depth)
        return item.step, batch

    def _next(self, steps: Iterator[Step], early: _Item[B] | None) -> _Item[B] | None:
        """The next item that could be read; ``None`` at the end."""
        item = early
        while True:
            if item is None:
                if not self._waiting:
                    self._fill(steps, self._depth if self._depth and self.crew.helps else 1)
                if not self._waiting:
                    return None
                item = self._stage(self._waiting.popleft())
            self._ahead_bytes -= item.size
            if item.error is None:
                return item
            if self.options.on_error == "raise" or isinstance(item.error, WorkerError):
                raise item.error
            self.stats.skip(item.step.ref.batch_id)
            item = None

    def _fill(self, steps: Iterator[Step], depth: int) -> None:
        """Ask for batches as long as there is room."""
        while len(self._waiting) < depth:
            step = self._held_back or next(steps, None)
            if step is None:
                return
            is_cached = step.ref.batch_id in self.cache
            size = 0
            if self._counts_bytes and not is_cached:
                size = self._size(step)
                if self._held_back is not None:
                    return
            slot = None
            if not is_cached:
                slot = self.copier.lend() if self.copier is not None and self._lends else None
                self.crew.ask(step, None if slot is None else slot.buffer)
            self._waiting.append(_Item(step, size, is_cached, slot))

    def _size(self, step: Step) -> int:
        """The bytes of a batch, which is held back if there is no room for them."""
        limit, size_bytes = self.options.max_bytes, self.source.size_bytes
        size = 0 if size_bytes is None else size_bytes(step.ref.batch_id)
        is_too_much = limit is not None and self._ahead_bytes > 0 and self._ahead_bytes + size > limit
        self._held_back = step if is_too_much else None
        if not is_too_much:
            self._ahead_bytes += size
        return size

    def _stage_early(self) -> _Item[B] | None:
        """The next batch if it is there, so that its copy runs beside what the loop does now."""
        if self._waiting and (self._waiting[0].is_cached or self.crew.ready):
            return self._stage(self._waiting.popleft())
        return None

    def _stage(self, item: _Item[B]) -> _Item[B]:
        try:
            if item.is_cached:
                self.stats.cached += 1
                item.batch, packed = self.cache[item.step.ref.batch_id]
                item.tensors = self._placed(item, packed)
            else:
                self._load(item)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised when it is the batch's turn
            if self.copier is not None and item.slot is not None:
                self.copier.give_back(item.slot)
            item.error = error
        return item

    def _load(self, item: _Item[B]) -> None:
        batch, found, times = self.crew.take()
        self._load_s = self.stats.loaded(*times)
        if self.copier is None and self._transform is None and not isinstance(found, Packed):
            item.batch = batch
            return
        if self.options.uses_processes:
            batch = self.source.attach(batch)
        if self._keeps_on_host and isinstance(found, Packed):
            found = self._keep(found)
            self.cache[item.step.ref.batch_id] = batch, found
        item.batch = batch
        item.tensors = self._placed(item, found)

    def _keep(self, packed: Packed) -> Packed:
        """The same in memory that stays: pinned where it is copied from, and not shared with another process."""
        if self.copier is not None:
            return packed.into(self.copier.allocate(packed.buffer.nbytes))
        return packed.copy(_CPU) if self.options.uses_processes else packed

    def _placed(self, item: _Item[B], found: Tensors | Packed) -> Tensors | Landing:
        began = perf_counter()
        if self._transform is not None:
            tensors = found.copy(_CPU).views() if isinstance(found, Packed) else found
            try:
                found = self._transform(tensors, item.step)
            except Exception as error:
                error.add_note(note_of(item.step))
                raise
        transformed = perf_counter()
        placed = self._place(found, item.slot)
        self.stats.loaded(0.0, 0.0, transformed - began, perf_counter() - transformed)
        return placed

    def _place(self, found: Tensors | Packed, slot: Slot | None) -> Tensors | Landing:
        if self.copier is None:  # a copy, since the buffer is kept, or is shared with another process
            return found.copy(_CPU).views() if isinstance(found, Packed) else found
        if isinstance(found, Packed) and (self._keeps_on_host or found.buffer.is_cuda):
            return self.copier.start(found)
        slot = slot or self.copier.lend()
        return self.copier.copy(found if isinstance(found, Packed) else pack(found, slot.buffer), slot)

    def _finish(self, item: _Item[B]) -> B:
        """The batch with tensors that the loop may use."""
        batch, tensors = item.batch, item.tensors
        if batch is None:
            raise WorkerError(f"Batch {item.step.ref.batch_id!r} was not read.")
        if tensors is None and not self._widens:
            self.stats.nbytes += size_of(batch.attributes)
            return batch
        if tensors is None:
            tensors = batch.attributes
        if isinstance(tensors, Landing):
            packed = tensors.take()
            if self.options.cache == "cuda" and not self._keeps_on_host and not item.is_cached:
                self.cache[item.step.ref.batch_id] = batch, packed
                packed = packed.copy(packed.buffer.device)  # what is kept is not given away
            tensors = packed.views()
        self.stats.nbytes += size_of(tensors)
        return self.source.holding(batch, widen(tensors, self.source.wide_data_types))
