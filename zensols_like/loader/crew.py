"""Who reads: the loop itself, and threads ahead of it."""

from __future__ import annotations

import os
import threading
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic

from zensols_like.errors import WorkerError
from zensols_like.loader.queue import Reading, ReadQueue
from zensols_like.loader.source import B
from zensols_like.loader.stats import DeliveryLog
from zensols_like.loader.work import Loaded, LoadWork, Reads

__all__ = ["CallingThread", "Crew", "Threads"]

_MOMENT_S = 0.1
"""Seconds in which a thread that has left its work is gone."""


class Crew(ABC, Generic[B]):
    """Those who read the batches of a queue."""

    def begin(self, readings: Sequence[Reading[B]]) -> None:
        """Take notice of batches that the loop began, before it asks for the first of them."""

    @abstractmethod
    def load(self, reading: Reading[B]) -> Loaded[B] | BaseException:
        """Read the next batch of those that the loop began, now."""

    def wait(self, reading: Reading[B]) -> Loaded[B] | BaseException:
        """Wait for a batch that was begun ahead of the loop."""
        return reading.wait()

    def fill(self) -> None:
        """See to it that batches are read ahead; called when few are."""

    def take_back(self) -> None:
        """Let nobody begin anything, since a pause began; what goes on is read to its end."""

    @abstractmethod
    def close(self) -> None:
        """End; what is being read is read to its end."""


class CallingThread(Crew[B]):
    """Reads a batch in the thread of the loop, when the loop asks for it.

    Args:
        queue: What is read.
        work: How to read.
    """

    def __init__(self, queue: ReadQueue[B], work: LoadWork[B]) -> None:
        self._queue = queue
        self._work = work

    def begin(self, readings: Sequence[Reading[B]]) -> None:
        """Make ready to read them."""
        reads = reads_of(self._work, readings)
        for reading in readings:
            reading.reads = reads

    def load(self, reading: Reading[B]) -> Loaded[B] | BaseException:
        """Read it here."""
        if reading.reads is None:
            raise WorkerError(f"Batch {reading.step.ref.batch_id!r} was not begun.")
        found = reading.found = reading.reads.next()
        return found

    def close(self) -> None:
        """There is nothing to end."""


class Threads(CallingThread[B]):
    """Threads of this process, started when there is something to gain.

    What no thread has begun when it is needed is read by the loop itself: to wait for a thread would take longer.

    Args:
        queue: What is read.
        work: How to read.
        workers: How many threads there are.
        log: What they count for the loop.
    """

    def __init__(self, queue: ReadQueue[B], work: LoadWork[B], workers: int, log: DeliveryLog) -> None:
        super().__init__(queue, work)
        self._workers = workers
        self._log = log
        self._pace = queue.pace
        self._end: Callable[[], Any] | None = None

    def fill(self) -> None:
        """Call the threads that rest, if they are wanted: one call is for all batches that there is room for."""
        if self._pace.wants_help:
            if self._end is None:
                self._start()
            elif self._queue.resting:
                self._queue.call()

    def _start(self) -> None:
        threads: list[threading.Thread] = []
        # also when a loop is forgotten or Python ends, where a thread in the middle of its work is no clean end
        self._end = weakref.finalize(self, _end_threads, threads, self._queue, os.getpid())
        work = self._queue, self._work, self._log
        for _ in range(self._workers):
            thread = threading.Thread(target=_serve, args=work, name="zensols_like.loader", daemon=True)
            thread.start()
            threads.append(thread)

    def close(self) -> None:
        """End the threads; each finishes the batch that it reads."""
        if self._end is not None:
            self._end()
        self._queue.waiting.clear()


def reads_of(work: LoadWork[B], readings: Sequence[Reading[B]]) -> Reads[B]:
    """What reads them; one that has a slot is alone."""
    slot = readings[0].slot
    return Reads(work, [reading.step for reading in readings], None if slot is None else slot.buffer)


def _serve(queue: ReadQueue[Any], work: LoadWork[Any], log: DeliveryLog) -> None:
    """Read ahead until the end of the loop."""
    try:
        _read_ahead(queue, work, log)
    finally:
        queue.left.put(True)


def _read_ahead(queue: ReadQueue[Any], work: LoadWork[Any], log: DeliveryLog) -> None:
    while True:
        log.catch_up()
        readings = queue.begin_ahead()
        if readings:
            _read(readings, work)
        elif not queue.rest():
            return


def _read(readings: list[Reading[Any]], work: LoadWork[Any]) -> None:
    """Read what is not there, and keep nothing of it."""
    missing = deque(reading for reading in readings if not reading.is_there)
    readings.clear()
    if missing:
        reads = reads_of(work, missing)
        while missing:
            missing.popleft().finish(reads.next())


def _end_threads(threads: Sequence[threading.Thread], queue: ReadQueue[Any], process: int) -> None:
    """End the threads of a process, and wait for them.

    Garbage may be collected at any place, so that whoever comes here may hold any lock: one of the threads that of the
    queue, which the others wait for, and any thread that of the module `threading`, without which none can be joined.
    """
    if os.getpid() != process:
        return  # a fork of it, which has none of its threads
    queue.end(len(threads))
    if threading.current_thread() in threads:
        return  # it collects the garbage that the loop is part of, and all of them end by themselves
    for _ in threads:
        queue.left.get()
    for thread in threads:
        thread.join(_MOMENT_S)
