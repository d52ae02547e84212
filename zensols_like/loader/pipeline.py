"""Steps in, batches out: in order, read ahead, each failure at its place."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from time import perf_counter
from typing import Generic, TypeAlias

import torch

from zensols_like.errors import WorkerError
from zensols_like.loader.device import DeviceCopier, Landing, Slot
from zensols_like.loader.options import LoaderOptions
from zensols_like.loader.packed import Packed, pack, size_of
from zensols_like.loader.schedule import Step
from zensols_like.loader.source import B, BatchSource, Tensors
from zensols_like.loader.stats import LoaderStats
from zensols_like.loader.work import Clock, Loaded, LoadWork, SeededTransform, note_of

_CPU = torch.device("cpu")

__all__ = ["Cache", "Pipeline", "plan_work"]

Cache: TypeAlias = dict[str, tuple[B, Packed]]
"""By ID the batches that are kept, each without tensors and beside them."""


def plan_work(source: BatchSource[B], options: LoaderOptions, device: torch.device) -> LoadWork[B]:
    """What workers do, where the rest is done by the thread of the loop."""
    packs = options.uses_processes or options.cache is not None or (device.type != "cpu" and options.transform is None)
    transform = None
    if options.transform is not None and options.transforms_in_worker:
        transform = SeededTransform(options.transform, options.seed)
    return LoadWork(source.load, source.holding, transform, packs)


@dataclass(frozen=True)
class _Ticket(Generic[B]):
    """A batch that was asked for."""

    step: Step
    size: int
    future: Future[Loaded[B]] | None = None
    """``None`` for a batch that is in the cache."""
    slot: Slot | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the batch is there, and whole."""
        return self.future is None or (self.future.done() and self.future.exception() is None)


@dataclass(frozen=True)
class _Staged(Generic[B]):
    """A batch whose tensors are there, or on their way to the device."""

    step: Step
    size: int
    batch: B
    tensors: Tensors | Landing


class Pipeline(Generic[B]):
    """Reads the batches of steps ahead of a loop.

    Args:
        source: Where batches come from.
        options: What the user chose.
        executor: Does the work.
        work: The work for a step, as the executor takes it.
        copier: Copies to the device; ``None`` where the tensors stay on the CPU.
        cache: What is kept.
        stats: Where to count.
    """

    def __init__(
        self,
        source: BatchSource[B],
        options: LoaderOptions,
        executor: Executor,
        work: Callable[..., Loaded[B]],
        copier: DeviceCopier | None,
        cache: Cache[B],
        stats: LoaderStats,
    ) -> None:
        self.source = source
        self.options = options
        self.executor = executor
        self.work = work
        self.copier = copier
        self.cache = cache
        self.stats = stats
        self._waiting: deque[_Ticket[B]] = deque()
        self._held_back: Step | None = None
        self._ahead_bytes = 0
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
        try:
            yield from self._run(steps)
        finally:
            for ticket in self._waiting:
                if ticket.future is not None:
                    ticket.future.cancel()

    def _run(self, steps: Iterator[Step]) -> Iterator[tuple[Step, B]]:
        early: _Staged[B] | None = None
        given: float | None = None
        while True:
            asked = perf_counter()
            ready = sum(ticket.is_ready for ticket in self._waiting) + (early is not None)
            staged = early or self._obtain(steps)
            if staged is None:
                return
            self._ahead_bytes -= staged.size
            self._fill(steps)
            early = self._stage_early()
            step, batch = staged.step, self._finish(staged)
            del staged
            self.stats.delivered(perf_counter() - asked, None if given is None else asked - given, ready)
            given = perf_counter()
            yield step, batch
            del batch  # a loop that let go of it frees its memory

    def _obtain(self, steps: Iterator[Step]) -> _Staged[B] | None:
        """The next batch that can be read; ``None`` at the end."""
        while True:
            self._fill(steps, at_least=1)
            if not self._waiting:
                return None
            ticket = self._waiting.popleft()
            try:
                return self._stage(ticket)
            except BrokenProcessPool as error:
                raise WorkerError(
                    "A worker process of the loader died.",
                    note_of(ticket.step),
                    "look for a lack of memory (dmesg), or read with worker_type='thread' to see what happens",
                ) from error
            except Exception:
                if self.options.on_error == "raise":
                    raise
                self._ahead_bytes -= ticket.size
                self.stats.skip(ticket.step.ref.batch_id)

    def _fill(self, steps: Iterator[Step], at_least: int = 0) -> None:
        """Ask for batches as long as there is room."""
        limit = self.options.max_bytes
        depth = max(at_least, self.options.prefetch if self.options.workers else 0)
        while len(self._waiting) < depth:
            step = self._held_back or next(steps, None)
            if step is None:
                return
            is_cached = step.ref.batch_id in self.cache
            size = 0 if is_cached or self.source.size_bytes is None else self.source.size_bytes(step.ref.batch_id)
            if limit is not None and len(self._waiting) >= at_least and self._ahead_bytes + size > limit:
                self._held_back = step
                return
            self._held_back = None
            self._ahead_bytes += size
            self._waiting.append(_Ticket(step, 0) if is_cached else self._ask(step, size))

    def _ask(self, step: Step, size: int) -> _Ticket[B]:
        if self.copier is None or not self._lends:
            return _Ticket(step, size, self.executor.submit(self.work, step))
        slot = self.copier.lend()
        return _Ticket(step, size, self.executor.submit(self.work, step, slot.buffer), slot)

    def _stage_early(self) -> _Staged[B] | None:
        """The next batch if it is there, so that its copy runs beside what the loop does now."""
        # what could fail is left for its turn
        if self.copier is None or self._transform is not None or not self._waiting or not self._waiting[0].is_ready:
            return None
        return self._stage(self._waiting.popleft())

    def _stage(self, ticket: _Ticket[B]) -> _Staged[B]:
        found: Tensors | Packed
        if ticket.future is None:
            self.stats.cached += 1
            batch, found = self.cache[ticket.step.ref.batch_id]
        else:
            loaded = self._result(ticket, ticket.future)
            batch = self.source.attach(loaded.batch) if self.options.uses_processes else loaded.batch
            found = loaded.tensors
            if self._keeps_on_host and isinstance(found, Packed):
                found = self._keep(found)
                self.cache[ticket.step.ref.batch_id] = batch, found
        clock = Clock()
        if self._transform is not None:
            tensors = found.copy(_CPU).views() if isinstance(found, Packed) else found
            found = self._transform(tensors, ticket.step)
            clock.lap("transform_s")
        placed = self._place(found, ticket.slot)
        clock.lap("copy_s")
        self.stats.add_times(clock.laps)
        return _Staged(ticket.step, ticket.size, batch, placed)

    def _result(self, ticket: _Ticket[B], future: Future[Loaded[B]]) -> Loaded[B]:
        try:
            loaded = future.result()
        except Exception:
            if self.copier is not None and ticket.slot is not None:
                self.copier.give_back(ticket.slot)
            raise
        self.stats.add_times(loaded.times)
        return loaded

    def _keep(self, packed: Packed) -> Packed:
        """The same in memory that stays: pinned where it is copied from, and not shared with another process."""
        if self.copier is not None:
            return packed.into(self.copier.allocate(packed.buffer.nbytes))
        return packed.copy(_CPU) if self.options.uses_processes else packed

    def _place(self, found: Tensors | Packed, slot: Slot | None) -> Tensors | Landing:
        if self.copier is None:  # a copy, since the buffer is kept, or is shared with another process
            return found.copy(_CPU).views() if isinstance(found, Packed) else found
        if isinstance(found, Packed) and (self._keeps_on_host or found.buffer.is_cuda):
            return self.copier.start(found)
        slot = slot or self.copier.lend()
        return self.copier.copy(found if isinstance(found, Packed) else pack(found, slot.buffer), slot)

    def _finish(self, staged: _Staged[B]) -> B:
        """The batch with tensors that the loop may use."""
        tensors = staged.tensors
        if isinstance(tensors, Landing):
            packed = tensors.take()
            if self.options.cache == "cuda" and staged.step.ref.batch_id not in self.cache:
                self.cache[staged.step.ref.batch_id] = staged.batch, packed
                packed = packed.copy(packed.buffer.device)  # what is kept is not given away
            tensors = packed.views()
        self.stats.nbytes += size_of(tensors)
        return self.source.holding(staged.batch, tensors)
