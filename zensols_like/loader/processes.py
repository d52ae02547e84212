"""Worker processes that read ahead."""

from __future__ import annotations

import pickle
import signal
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import torch

from zensols_like.errors import WorkerError
from zensols_like.loader.crew import Crew
from zensols_like.loader.queue import Reading, ReadQueue
from zensols_like.loader.schedule import Step
from zensols_like.loader.source import B
from zensols_like.loader.work import Loaded, LoadWork
from zensols_like.multi import end_with_parent, run_fork_server, start_context

__all__ = ["Processes", "start_processes"]


class Processes(Crew[B]):
    """The processes of a pool, which stay there for other loops.

    Args:
        queue: What is read.
        pool: What `start_processes` made.
    """

    def __init__(self, queue: ReadQueue[B], pool: ProcessPoolExecutor) -> None:
        self._queue = queue
        self._pool = pool
        self._futures: dict[Reading[B], Future[Loaded[B]]] = {}

    def load(self, reading: Reading[B]) -> Loaded[B] | BaseException:
        """Have it read, and wait for it."""
        found: Loaded[B] | BaseException
        try:
            found = self._pool.submit(_work, reading.step).result()
        except BrokenProcessPool as error:
            found = _died(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again where the batch is taken
            found = error
        reading.found = found
        return found

    def wait(self, reading: Reading[B]) -> Loaded[B] | BaseException:
        """Wait for it, or have it read where a pause took it back."""
        if reading not in self._futures and not reading.is_there:  # told before forgotten
            self._ask(reading)
        return reading.wait()

    def fill(self) -> None:
        """Ask for as many batches as there is room for."""
        while readings := self._queue.begin_ahead():
            for reading in readings:
                if not reading.is_there:
                    self._ask(reading)

    def _ask(self, reading: Reading[B]) -> None:
        try:
            future = self._pool.submit(_work, reading.step)
        except BrokenProcessPool as error:
            reading.finish(_died(error))
        else:
            self._futures[reading] = future
            future.add_done_callback(partial(_hear, reading, self._futures))

    def take_back(self) -> None:
        """Cancel what has not begun."""
        for future in list(self._futures.values()):
            future.cancel()

    def close(self) -> None:
        """Cancel what has not begun."""
        self.take_back()
        self._queue.waiting.clear()


def _hear(reading: Reading[Any], futures: dict[Reading[Any], Future[Loaded[Any]]], future: Future[Loaded[Any]]) -> None:
    """In a thread of the pool, or where it was cancelled: tell what a process found."""
    if not future.cancelled():
        error = future.exception()
        if isinstance(error, BrokenProcessPool):
            error = _died(error)
        reading.finish(future.result() if error is None else error)
    futures.pop(reading, None)


def _died(error: BrokenProcessPool) -> WorkerError:
    died = WorkerError(
        "A worker process of the loader died.",
        None,
        "look for a lack of memory (dmesg), or read with worker_type='thread' to see what happens",
    )
    died.__cause__ = error
    return died


def start_processes(work: LoadWork[Any], workers: int) -> ProcessPoolExecutor:
    """Processes that get the work once.

    Raises:
        WorkerError: The work cannot be copied to another process.
    """
    try:
        recipe = pickle.dumps(work)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise WorkerError(
            f"The batches cannot be read by worker processes: {error}",
            "worker_type of the loader",
            "define the transform at the top of a module, and keep what cannot be pickled out of the stash; or use "
            "worker_type='thread'",
        ) from error
    context = start_context(preload=["torch"])
    run_fork_server(context)
    return ProcessPoolExecutor(workers, context, _begin, (recipe,))


@dataclass
class _Worker:
    """What a worker process knows: a recipe of the work, and the work once it is unpickled."""

    recipe: bytes

    @cached_property
    def work(self) -> LoadWork[Any]:
        work: LoadWork[Any] = pickle.loads(self.recipe)  # noqa: S301 - comes from our parent process
        return work


_worker: _Worker | None = None


def _begin(recipe: bytes) -> None:
    """Make this process a worker; the recipe is unpickled with the first work, so that errors reach the parent."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes of a terminal: the parent decides
    end_with_parent()
    torch.set_num_threads(1)
    _worker = _Worker(recipe)


def _work(step: Step) -> Loaded[Any]:
    """In a worker process: do the work."""
    if _worker is None:
        raise WorkerError("This process is no worker of a loader.")
    return next(_worker.work([step]))
