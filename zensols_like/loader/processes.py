"""Worker processes that read ahead."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections import deque
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import parent_process
from typing import Any

import torch
from torch import Tensor

from zensols_like.errors import WorkerError
from zensols_like.loader.crew import Crew
from zensols_like.loader.pace import Pace
from zensols_like.loader.schedule import Step
from zensols_like.loader.source import B
from zensols_like.loader.work import Loaded, LoadWork
from zensols_like.multi import run_fork_server, start_context

__all__ = ["Processes", "start_processes"]


class Processes(Crew[B]):
    """The processes of a pool, which stay there for other loops.

    Args:
        pool: What `start_processes` made.
        pace: Says when they are paused.
    """

    def __init__(self, pool: ProcessPoolExecutor, pace: Pace) -> None:
        self._pool = pool
        self._pace = pace
        self._asked: deque[tuple[Step, Future[Loaded[B]] | None]] = deque()

    def ask(self, step: Step, out: Tensor | None) -> None:  # noqa: ARG002 - the memory of this process
        """Give it to the pool."""
        self._asked.append((step, self._pool.submit(_work, step)))

    def take(self) -> Loaded[B]:
        """Wait for it.

        Raises:
            WorkerError: A process died.
        """
        step, future = self._asked.popleft()
        try:
            return (self._pool.submit(_work, step) if future is None else future).result()
        except BrokenProcessPool as error:
            raise WorkerError(
                "A worker process of the loader died.",
                None,
                "look for a lack of memory (dmesg), or read with worker_type='thread' to see what happens",
            ) from error

    @property
    def helps(self) -> bool:
        """Unless they are paused."""
        return not self._pace.is_paused

    @property
    def ready(self) -> int:
        """How many are done, if the oldest one is among them."""
        oldest = self._asked[0][1] if self._asked else None
        if oldest is None or not oldest.done():
            return 0
        return sum(future is not None and future.done() for _, future in self._asked)

    def take_back(self) -> None:
        """Cancel what has not begun."""
        for number, (step, future) in enumerate(self._asked):
            if future is not None and future.cancel():
                self._asked[number] = step, None

    def close(self) -> None:
        """Cancel what has not begun."""
        self.take_back()
        self._asked.clear()


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
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    _worker = _Worker(recipe)


def _work(step: Step) -> Loaded[Any]:
    """In a worker process: do the work."""
    if _worker is None:
        raise WorkerError("This process is no worker of a loader.")
    return _worker.work(step)


def _end_with_parent() -> None:
    """Wait for the end of the parent process, also when it is killed, so that no worker outlives it."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
