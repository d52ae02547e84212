"""The batches of a loop in the order of its steps: being read, or read and not given yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from threading import Lock
from typing import Generic, TypeAlias

from zensols_like.errors import WorkerError
from zensols_like.loader.device import Slot
from zensols_like.loader.options import LoaderOptions
from zensols_like.loader.pace import Pace
from zensols_like.loader.packed import Packed
from zensols_like.loader.schedule import Step
from zensols_like.loader.source import B
from zensols_like.loader.work import NO_TIMES, Loaded, Reads

__all__ = ["Cache", "ReadQueue", "Reading"]

Cache: TypeAlias = dict[str, tuple[B, Packed]]
"""By ID the batches that are kept, each without tensors and beside them."""


class Reading(Generic[B]):
    """One batch that somebody reads: the loop itself, or a helper ahead of it.

    Args:
        step: The step.
        size: What its batch counts against ``max_bytes``.
        is_ahead: Whether it is a helper who reads.
    """

    __slots__ = ("_done", "found", "is_ahead", "is_cached", "reads", "size", "slot", "step")

    def __init__(self, step: Step, size: int, is_ahead: bool) -> None:
        self.step = step
        self.size = size
        self.is_ahead = is_ahead
        self.slot: Slot | None = None
        """Memory to pack its tensors into."""
        self.is_cached = False
        """Whether it was kept from before, and nobody reads it."""
        self.reads: Reads[B] | None = None
        """What reads it, where it is the loop."""
        self.found: Loaded[B] | BaseException | None = None
        """What was read or why it could not be; ``None`` as long as nobody knows."""
        if is_ahead:
            self._done = Lock()
            self._done.acquire()

    @property
    def is_there(self) -> bool:
        """Whether nobody has to wait for it."""
        return self.found is not None

    def finish(self, found: Loaded[B] | BaseException) -> None:
        """Tell what was found, once."""
        self.found = found
        self._done.release()

    def wait(self) -> Loaded[B] | BaseException:
        """What was found, by whoever reads."""
        if self.found is None:
            with self._done:
                pass
        if self.found is None:
            raise WorkerError(f"Batch {self.step.ref.batch_id!r} was not read.")
        return self.found


class ReadQueue(Generic[B]):
    """What is read, in order.

    Whoever has time begins with the next step: helpers as far ahead of the loop as there is room, the loop when
    nothing is left for it to take.  So a batch is read once, by whoever comes first, and the loop never waits for a
    helper to wake up.  The loop takes no lock as long as there is something to take.

    Args:
        steps: The steps; they are gone through by whoever begins one, one at a time.
        options: What the user chose.
        cache: The batches that need not be read.
        pace: Says whether helpers are wanted.
        size_bytes: How many bytes a batch counts against ``max_bytes``.
    """

    def __init__(
        self,
        steps: Iterator[Step],
        options: LoaderOptions,
        cache: Cache[B],
        pace: Pace,
        size_bytes: Callable[[str], int] | None = None,
    ) -> None:
        self.waiting: deque[Reading[B]] = deque()
        """The batches read ahead, the oldest first; only the loop takes them out."""
        self.slots: deque[Slot] = deque()
        """Memory for helpers."""
        self.depth = 0
        """How many batches helpers read ahead."""
        self.most_ahead = 1
        """How many a helper begins at once."""
        self.resting = 0
        """How many helpers wait to be called."""
        self.lends = False
        """Whether a helper needs a slot for each batch."""
        self.gives_views = False
        """Whether reading the same batch twice gives the same memory twice, into which the loop may write."""
        self.cache = cache
        self.pace = pace
        self._steps = steps
        self.counts = options.max_bytes is not None
        """Whether bytes are counted."""
        self._size_bytes = size_bytes if self.counts else None
        self._max_bytes = options.max_bytes or 0
        self._lock = Lock()
        self._calls: SimpleQueue[bool] = SimpleQueue()
        self.left: SimpleQueue[bool] = SimpleQueue()
        """Where each helper says that it has done its last work."""
        self._held_back: Step | None = None
        self._round = 0
        self._ahead_bytes = 0
        self._is_over = False
        self._error: Exception | None = None

    def begin(self, most: int = 1) -> list[Reading[B]]:
        """The next batches for the loop, which found none waiting: begun for it, unless a helper was quicker.

        Args:
            most: How many the loop would read itself, one after another.

        Returns:
            What the loop is to read, or one that ``is_ahead``; none at the end.

        Raises:
            Exception: What finding out the next step raised, whoever asked for it first.
        """
        with self._lock:
            readings = [self.waiting.popleft()] if self.waiting else self._begin(most, is_ahead=False)
        if not readings and self._error is not None:
            raise self._error
        return readings

    def begin_ahead(self) -> list[Reading[B]]:
        """Begin with the next batches, for a helper; none at the end, where there is no room or no help is wanted."""
        with self._lock:
            most = min(self.most_ahead, self.depth - len(self.waiting))
            if most <= 0 or not self.pace.wants_help or (self.lends and not self.slots):
                return []
            readings = self._begin(1 if self.lends else most, is_ahead=True)
            if self.lends and readings:
                readings[0].slot = self.slots.popleft()
            self.waiting.extend(readings)
            return readings

    def _begin(self, most: int, is_ahead: bool) -> list[Reading[B]]:
        readings: list[Reading[B]] = []
        while len(readings) < most and (reading := self._next(is_ahead, is_ahead or bool(readings))) is not None:
            readings.append(reading)
        return readings

    def _next(self, is_ahead: bool, is_early: bool) -> Reading[B] | None:
        """Begin with the next batch, unless it has to wait.

        Args:
            is_ahead: Whether a helper begins it.
            is_early: Whether the loop may still get batches from before it, or be at work on one.
        """
        if self._is_over:
            return None
        kept, size = None, 0
        try:
            step = next(self._steps, None) if self._held_back is None else self._held_back
            self._held_back = None
            if step is None:
                self._close()
                return None
            if self.gives_views and (step.data_epoch != self._round or step.is_padding):
                if is_early:  # it may be the batch of an earlier step again, and what the loop does to that show in it
                    self._held_back = step
                    return None
                self._round = step.data_epoch
            if self.cache:
                kept = self.cache.get(step.ref.batch_id)
            if self._size_bytes is not None and kept is None:
                size = self._size_bytes(step.ref.batch_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised when the loop comes to it
            self._error = error
            self._close()
            return None
        if size:
            is_too_much = is_ahead and self._ahead_bytes > 0 and self._ahead_bytes + size > self._max_bytes
            if is_too_much:
                self._held_back = step
                return None
            self._ahead_bytes += size
        reading: Reading[B] = Reading(step, size, is_ahead)
        if kept is not None:
            reading.is_cached, reading.found = True, Loaded(*kept, NO_TIMES, 0)
        return reading

    def _close(self) -> None:
        """There is nothing more to begin: helpers leave now, and not when the loop has to wait for that."""
        self._is_over = True
        self.end(self.resting)
        self.resting = 0

    def release(self, size: int) -> None:
        """Count the bytes of a batch no more: the loop has it."""
        with self._lock:
            self._ahead_bytes -= size

    def call(self) -> None:
        """Call the helpers that rest."""
        with self._lock:
            resting, self.resting = self.resting, 0
        for _ in range(resting):
            self._calls.put(True)

    def rest(self) -> bool:
        """As a helper that got nothing to read: wait until it is worth asking again; false where it never will be."""
        with self._lock:
            if self._is_over:
                return False
            self.resting += 1
        return self._calls.get()

    def end(self, helpers: int) -> None:
        """Let nobody begin anything any more."""
        self.depth = 0
        for _ in range(helpers):
            self._calls.put(False)
