"""Worker processes that read ahead."""

from __future__ import annotations

import pickle
import signal
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from zensols_like.errors import BatchError, WorkerError
from zensols_like.loader.crew import Crew
from zensols_like.loader.queue import Reading, ReadQueue
from zensols_like.loader.schedule import Step
from zensols_like.loader.source import B
from zensols_like.loader.work import Loaded, LoadWork
from zensols_like.multi import (
    MAIN_GUARD,
    end_with_parent,
    main_file,
    portable,
    refuse_in_daemon,
    refuse_while_starting,
    refuse_without_file,
    run_fork_server,
    start_context,
    use_one_thread,
)

__all__ = ["Pool", "Processes", "start_processes"]

_OTHERWISE = "worker_type='thread'"


class Pool(ProcessPoolExecutor):
    """Worker processes of a loader."""

    has_answered = False
    """Whether one of them has said anything, so that they do start."""

    def ask(self, step: Step) -> Future[Loaded[Any]]:
        """Have the batch of a step read; what is in the way is what comes of it."""
        try:
            return self.submit(_work, step)
        except RuntimeError as error:
            future: Future[Loaded[Any]] = Future()
            future.set_exception(error if isinstance(error, BrokenProcessPool) else _closed())
            return future

    def result_of(self, future: Future[Loaded[Any]]) -> Loaded[Any] | BaseException:
        """What came of it, which is waited for.

        Raises:
            CancelledError: It was cancelled.
        """
        error = future.exception()
        if isinstance(error, BrokenProcessPool):
            return _died(error, self.has_answered)
        self.has_answered = True
        return future.result() if error is None else error


class Processes(Crew[B]):
    """The processes of a pool, which stay there for other loops.

    Args:
        queue: What is read.
        pool: What `start_processes` made.
    """

    def __init__(self, queue: ReadQueue[B], pool: Pool) -> None:
        self._queue = queue
        self._pool = pool
        self._futures: dict[Reading[B], Future[Loaded[B]]] = {}

    def load(self, reading: Reading[B]) -> Loaded[B] | BaseException:
        """Have it read, and wait for it."""
        try:
            found = self._pool.result_of(self._pool.ask(reading.step))
        except CancelledError:
            found = _closed()
        reading.found = found
        return found

    def wait(self, reading: Reading[B]) -> Loaded[B] | BaseException:
        """Wait for it, and have it read anew where a pause took it back, before or meanwhile."""
        while True:
            future = self._futures.get(reading)
            if reading.is_there:  # told before forgotten
                break
            try:
                (future or self._ask(reading)).exception()
                break
            except CancelledError:
                _forget(reading, self._futures, future)
        return reading.wait()

    def fill(self) -> None:
        """Ask for as many batches as there is room for."""
        while readings := self._queue.begin_ahead():
            for reading in readings:
                if not reading.is_there:
                    self._ask(reading)

    def _ask(self, reading: Reading[B]) -> Future[Loaded[B]]:
        future = self._futures[reading] = self._pool.ask(reading.step)
        future.add_done_callback(partial(_hear, reading, self._futures, self._pool))
        return future

    def take_back(self) -> None:
        """Cancel what has not begun."""
        for future in list(self._futures.values()):
            future.cancel()

    def close(self) -> None:
        """Cancel what has not begun."""
        self.take_back()
        self._queue.waiting.clear()


def _hear(
    reading: Reading[Any], futures: dict[Reading[Any], Future[Loaded[Any]]], pool: Pool, future: Future[Loaded[Any]]
) -> None:
    """In a thread of the pool, or where it was cancelled: tell what a process found."""
    if not future.cancelled():
        reading.finish(pool.result_of(future))
    _forget(reading, futures, future)


def _forget(
    reading: Reading[Any], futures: dict[Reading[Any], Future[Loaded[Any]]], future: Future[Loaded[Any]] | None
) -> None:
    if futures.get(reading) is future:  # else it was asked for again
        futures.pop(reading, None)


def _died(error: BrokenProcessPool, has_answered: bool) -> WorkerError:
    if has_answered:
        died = WorkerError(
            "A worker process of the loader died.",
            None,
            "look for a lack of memory (dmesg), or read with worker_type='thread' to see what happens",
        )
    else:
        died = WorkerError(
            "The worker processes of the loader died before they gave a batch.",
            main_file(),
            f"put what starts the work below `{MAIN_GUARD}`; if it is there, see what the workers wrote above, or use "
            f"{_OTHERWISE}",
        )
    died.__cause__ = error
    return died


def _closed() -> WorkerError:
    return WorkerError(
        "The loader was closed while a loop was going on.", "worker processes", "close it when its loop has ended"
    )


def start_processes(work: LoadWork[Any], workers: int) -> Pool:
    """Processes that get the work once.

    Raises:
        WorkerError: The work cannot be copied to another process, or this one can have no processes.
    """
    context = start_context(preload=["torch"])
    refuse_while_starting()
    refuse_in_daemon(f"use {_OTHERWISE}")
    refuse_without_file(context, f"use {_OTHERWISE}")
    try:
        recipe = pickle.dumps(work)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise _stuck(error) from error
    run_fork_server(context)
    return Pool(workers, context, _begin, (recipe,))


def _stuck(error: Exception) -> WorkerError:
    return WorkerError(
        f"The batches cannot be read by worker processes: {error}",
        "worker_type of the loader",
        "define the transform at the top of a module, and keep what cannot be pickled out of the stash; or use "
        f"{_OTHERWISE}",
    )


@dataclass
class _Worker:
    """What a worker process knows: a recipe of the work, and the work once it is unpickled."""

    recipe: bytes

    @cached_property
    def work(self) -> LoadWork[Any]:
        try:
            work: LoadWork[Any] = pickle.loads(self.recipe)  # noqa: S301 - comes from our parent process
        except Exception as error:
            raise _stuck(error) from error
        return work


_worker: _Worker | None = None


def _begin(recipe: bytes) -> None:
    """Make this process a worker; the recipe is unpickled with the first work, so that errors reach the parent."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes of a terminal: the parent decides
    end_with_parent()
    use_one_thread()
    _worker = _Worker(recipe)


def _work(step: Step) -> Loaded[Any]:
    """In a worker process: do the work."""
    if _worker is None:
        raise WorkerError("This process is no worker of a loader.")
    work = _worker.work
    try:
        return next(work([step]))
    except Exception as error:
        told = portable(error, BatchError)
        if told is error:
            raise
        raise told from error  # what cannot travel would end the pool
