"""Steps in, batches out: in order, read ahead, each failure at its place."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from time import perf_counter
from typing import Generic, NamedTuple, TypeAlias

import torch

from zensols_like.errors import WorkerError
from zensols_like.loader.crew import Crew
from zensols_like.loader.device import DeviceCopier, Landing, Slot
from zensols_like.loader.options import LoaderOptions
from zensols_like.loader.packed import Packed, pack, size_of
from zensols_like.loader.schedule import Step
from zensols_like.loader.source import B, BatchSource, Tensors
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


class _Ticket(NamedTuple):
    """A batch that was asked for, or that is in the cache."""

    step: Step
    size: int
    is_cached: bool
    slot: Slot | None


class _Staged(NamedTuple, Generic[B]):
    """A batch whose tensors are there or on their way to the device, or what went wrong with it."""

    ticket: _Ticket
    batch: B
    tensors: Tensors | Landing | None
    """``None`` for the tensors that the batch has."""


class _Failed(NamedTuple):
    """A batch that cannot be read."""

    ticket: _Ticket
    error: Exception


class Pipeline(Generic[B]):
    """Reads the batches of steps ahead of a loop.

    Args:
        source: Where batches come from.
        options: What the user chose.
        crew: Who reads them.
        copier: Copies to the device; ``None`` where the tensors stay on the CPU.
        cache: What is kept.
        stats: Where to count.
    """

    def __init__(
        self,
        source: BatchSource[B],
        options: LoaderOptions,
        crew: Crew[B],
        copier: DeviceCopier | None,
        cache: Cache[B],
        stats: LoaderStats,
    ) -> None:
        self.source = source
        self.options = options
        self.crew = crew
        self.copier = copier
        self.cache = cache
        self.stats = stats
        self._waiting: deque[_Ticket] = deque()
        self._held_back: Step | None = None
        self._ahead_bytes = 0
        self._depth = options.prefetch if options.workers else 0
        self._lends = copier is not None and options.cache is None and not options.uses_processes
        self._keeps_on_host = options.cache == "cpu" or (options.cache == "cuda" and copier is None)
        transform = None if options.transforms_in_worker else options.transform
        self._transform = None if transform is None else SeededTransform(transform, options.seed)

    def run(self, steps: Iterator[Step]) -> Generator[tuple[Step, B], None, None]:
        """The batches of the steps, in order.

        Raises:
            Exception: What reading a batch raises, when it is its turn.
            WorkerError: A worker process died.
        """
        early: _Staged[B] | _Failed | None = None
        given: float | None = None
        while True:
            asked = perf_counter()
            ready = self.crew.ready
            staged = self._next(steps, early)
            if staged is None:
                return
            step, batch = staged.ticket.step, self._finish(staged)
            del staged
            if self._depth > 0:
                self._fill(steps, self._depth)
            early = None if self.copier is None else self._stage_early()
            now = perf_counter()
            self.stats.delivered(now - asked, None if given is None else asked - given, ready)
            given = now
            yield step, batch
            del batch  # a loop that let go of it frees its memory

    def _next(self, steps: Iterator[Step], early: _Staged[B] | _Failed | None) -> _Staged[B] | None:
        """The next batch that can be read; ``None`` at the end."""
        staged = early
        while True:
            if staged is None:
                if not self._waiting:
                    self._fill(steps, max(1, self._depth))
                if not self._waiting:
                    return None
                staged = self._stage(self._waiting.popleft())
            self._ahead_bytes -= staged.ticket.size
            if not isinstance(staged, _Failed):
                return staged
            if self.options.on_error == "raise" or isinstance(staged.error, WorkerError):
                raise staged.error
            self.stats.skip(staged.ticket.step.ref.batch_id)
            staged = None

    def _fill(self, steps: Iterator[Step], depth: int) -> None:
        """Ask for batches as long as there is room."""
        limit = self.options.max_bytes
        while len(self._waiting) < depth:
            step = self._held_back or next(steps, None)
            if step is None:
                return
            size = 0
            is_cached = step.ref.batch_id in self.cache
            if limit is not None and self.source.size_bytes is not None and not is_cached:
                size = self.source.size_bytes(step.ref.batch_id)
                if self._ahead_bytes > 0 and self._ahead_bytes + size > limit:
                    self._held_back = step
                    return
            self._held_back = None
            self._ahead_bytes += size
            slot = None
            if not is_cached:
                slot = self.copier.lend() if self.copier is not None and self._lends else None
                self.crew.ask(step, None if slot is None else slot.buffer)
            self._waiting.append(_Ticket(step, size, is_cached, slot))

    def _stage_early(self) -> _Staged[B] | _Failed | None:
        """The next batch if it is there, so that its copy runs beside what the loop does now."""
        if self._waiting and (self._waiting[0].is_cached or self.crew.ready):
            return self._stage(self._waiting.popleft())
        return None

    def _stage(self, ticket: _Ticket) -> _Staged[B] | _Failed:
        try:
            return self._cached(ticket) if ticket.is_cached else self._loaded(ticket)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised when it is the batch's turn
            if self.copier is not None and ticket.slot is not None:
                self.copier.give_back(ticket.slot)
            return _Failed(ticket, error)

    def _cached(self, ticket: _Ticket) -> _Staged[B]:
        self.stats.cached += 1
        batch, packed = self.cache[ticket.step.ref.batch_id]
        return self._placed(ticket, batch, packed)

    def _loaded(self, ticket: _Ticket) -> _Staged[B]:
        batch, found, *times = self.crew.take()
        self.stats.loaded(*times)
        if self.options.uses_processes:
            batch = self.source.attach(batch)
        if self._keeps_on_host and isinstance(found, Packed):
            found = self._keep(found)
            self.cache[ticket.step.ref.batch_id] = batch, found
        if self.copier is None and self._transform is None and not isinstance(found, Packed):
            return _Staged(ticket, batch, None)
        return self._placed(ticket, batch, found)

    def _keep(self, packed: Packed) -> Packed:
        """The same in memory that stays: pinned where it is copied from, and not shared with another process."""
        if self.copier is not None:
            return packed.into(self.copier.allocate(packed.buffer.nbytes))
        return packed.copy(_CPU) if self.options.uses_processes else packed

    def _placed(self, ticket: _Ticket, batch: B, found: Tensors | Packed) -> _Staged[B]:
        began = perf_counter()
        if self._transform is not None:
            tensors = found.copy(_CPU).views() if isinstance(found, Packed) else found
            try:
                found = self._transform(tensors, ticket.step)
            except Exception as error:
                error.add_note(note_of(ticket.step))
                raise
        transformed = perf_counter()
        placed = self._place(found, ticket.slot)
        self.stats.loaded(0.0, 0.0, transformed - began, perf_counter() - transformed)
        return _Staged(ticket, batch, placed)

    def _place(self, found: Tensors | Packed, slot: Slot | None) -> Tensors | Landing:
        if self.copier is None:  # a copy, since the buffer is kept, or is shared with another process
            return found.copy(_CPU).views() if isinstance(found, Packed) else found
        if isinstance(found, Packed) and (self._keeps_on_host or found.buffer.is_cuda):
            return self.copier.start(found)
        slot = slot or self.copier.lend()
        return self.copier.copy(found if isinstance(found, Packed) else pack(found, slot.buffer), slot)

    def _finish(self, staged: _Staged[B]) -> B:
        """The batch with tensors that the loop may use."""
        ticket, batch, tensors = staged
        if tensors is None:
            self.stats.nbytes += size_of(batch.attributes)
            return batch
        if isinstance(tensors, Landing):
            packed = tensors.take()
            if self.options.cache == "cuda" and not self._keeps_on_host and not ticket.is_cached:
                self.cache[ticket.step.ref.batch_id] = batch, packed
                packed = packed.copy(packed.buffer.device)  # what is kept is not given away
            tensors = packed.views()
        self.stats.nbytes += size_of(tensors)
        return self.source.holding(batch, tensors)
