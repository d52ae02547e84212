"""Steps in, batches out: in order, read ahead, each failure at its place."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from time import perf_counter
from typing import Generic

from zensols_like.errors import WorkerError
from zensols_like.loader.crew import Crew
from zensols_like.loader.options import LoaderOptions
from zensols_like.loader.pace import WINDOW
from zensols_like.loader.placing import Placer
from zensols_like.loader.queue import Reading, ReadQueue
from zensols_like.loader.schedule import Step
from zensols_like.loader.source import B
from zensols_like.loader.stats import DeliveryLog
from zensols_like.loader.work import NO_TIMES, Loaded, Times

__all__ = ["Pipeline"]

_SPARE_SLOTS = 3
"""Beside those of the batches that are read ahead: one for what the loop reads itself, two for what is being copied."""
_UNCOUNTED = 8 * WINDOW
"""So many batches wait to be counted by those who read, before the loop does it: it has nothing to read itself."""
_OWN = 64
"""How many batches the loop begins at once where nobody helps."""
_AHEAD = 4
"""How many batches a helper begins at once at most; and in how many parts helpers read what there is room for."""
_UNKNOWN = 1 << 30
"""The size of batches before the first one shows it: large, so that only few are read ahead."""


class Pipeline(Generic[B]):
    """Gives a loop the batches of a queue.

    Args:
        options: What the user chose.
        queue: What is read.
        crew: Who reads.
        placer: What is done to batches that were read.
        log: Where to note what the loop gets.
    """

    def __init__(
        self, options: LoaderOptions, queue: ReadQueue[B], crew: Crew[B], placer: Placer[B], log: DeliveryLog
    ) -> None:
        self.options = options
        self.queue = queue
        self.crew = crew
        self.placer = placer
        self.log = log
        self._low = 0
        self._takes_many = placer.gives_as_read and not queue.counts

    def run(self) -> Generator[tuple[Step, B | Exception], None, None]:
        """The batches of the steps, in order; in place of one that is skipped, why it is.

        Raises:
            Exception: What reading a batch raises, when it is its turn.
            WorkerError: A worker process died.
        """
        waiting, pace, entries = self.queue.waiting, self.queue.pace, self.log.entries
        gives_as_read, copies, counts = self.placer.gives_as_read, self.placer.copies, self.queue.counts
        own: deque[Reading[B]] = deque()  # begun here, before all that is waiting
        self.log.begin()
        asked = perf_counter()
        self._fill(_UNKNOWN)
        while True:  # all that is done here the loop waits for
            ready = 0 if own else len(waiting)
            if ready:
                reading = waiting.popleft()
            elif own or self._begin(own):
                reading = own.popleft()
            else:
                return
            found = reading.found
            if found is None:
                ready, found = 0, self.crew.wait(reading) if reading.is_ahead else self.crew.load(reading)
            if counts:
                self.queue.release(reading.size)
            if gives_as_read and type(found) is Loaded:
                batch, _, times, nbytes = found
            else:
                finished = self._finish(reading)
                if isinstance(finished, Exception):
                    yield reading.step, finished
                    continue
                batch, nbytes, times = finished
            if len(waiting) <= self._low and pace.pays:
                self._fill(nbytes)
            if copies:
                self._start_next()
            step = reading.step
            del reading, found
            entries.append((asked, perf_counter(), ready, nbytes, times))
            if len(entries) >= _UNCOUNTED:
                self.log.catch_up()
            yield step, batch
            del batch  # a loop that let go of its batch frees its memory
            asked = perf_counter()

    def _begin(self, own: deque[Reading[B]]) -> bool:
        """Begin with the next batches, unless somebody has just begun one; false at the end.

        Where nobody helps, several are begun at once, of which each is read in its turn; of long loads one, since help
        may be wanted soon.
        """
        self.log.catch_up()
        queue, pace = self.queue, self.queue.pace
        is_alone = queue.depth == 0 or (pace.loads_are_short and not pace.wants_help)
        own += queue.begin(_OWN if self._takes_many and is_alone else 1)
        if own and own[0].found is None and not own[0].is_ahead:
            if queue.lends:
                own[0].slot = self.placer.lend()
            self.crew.begin(own)
        return bool(own)

    def _fill(self, nbytes: int) -> None:
        """See to it that batches are read ahead: half of the depth at a time, so that one call is for several."""
        queue, workers = self.queue, self.options.workers
        depth = self.options.depth(nbytes)
        self._low = max(depth // 2, min(workers, depth - 1)) if depth > 0 else -1
        self.placer.reserve(depth + _SPARE_SLOTS)
        while queue.lends and len(queue.waiting) + len(queue.slots) < depth:
            queue.slots.append(self.placer.lend())
        queue.depth = depth
        if depth > 0:
            takes_many = self._takes_many and queue.pace.loads_are_short
            queue.most_ahead = max(1, min(_AHEAD, depth // (_AHEAD * workers))) if takes_many else 1
            self.crew.fill()

    def _finish(self, reading: Reading[B]) -> tuple[B, int, Times] | Exception:
        """The batch with tensors for the loop, their bytes, and what reading took; the error where it is skipped."""
        try:
            batch, nbytes = self.placer.finish(reading)
        except Exception as error:
            if self.options.on_error == "raise" or isinstance(error, WorkerError):
                raise
            self.log.stats.skip(reading.step.ref.batch_id)
            return error
        return batch, nbytes, found.times if isinstance(found := reading.found, Loaded) else NO_TIMES

    def _start_next(self) -> None:
        """Begin with the next batch if it is there, so that its copy runs beside what the loop does now."""
        waiting = self.queue.waiting
        if waiting and isinstance(waiting[0].found, Loaded):
            self.placer.start(waiting[0])
