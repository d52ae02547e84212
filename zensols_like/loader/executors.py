"""Who reads ahead: the loop itself, threads, or processes."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import parent_process
from typing import Any

import torch

from zensols_like.errors import WorkerError
from zensols_like.loader.schedule import Step
from zensols_like.loader.work import Loaded, LoadWork
from zensols_like.multi import start_context

__all__ = ["CallingThread", "start_processes", "start_threads", "work_in_process"]


class CallingThread(Executor):
    """Does everything at once, in the thread that asks for it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do it; a failure is raised by whoever takes the result."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again where the result is taken
            future.set_exception(error)
        return future


def start_threads(workers: int) -> Executor:
    """Threads of this process; none starts before there is work."""
    return ThreadPoolExecutor(workers, "zensols_like.loader")


def start_processes(workers: int, work: LoadWork[Any]) -> Executor:
    """Processes that each get the work once.

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
    return ProcessPoolExecutor(workers, start_context(preload=["torch"]), _begin, (recipe,))


@dataclass
class _Worker:
    """What this process knows: a recipe of the work, and the work once it is unpickled."""

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


def work_in_process(step: Step) -> Loaded[Any]:
    """In a worker process: do the work."""
    if _worker is None:
        raise WorkerError("This process is no worker of a loader.", None, "call it by start_processes()")
    return _worker.work(step)


def _end_with_parent() -> None:
    """Wait for the end of the parent process, also when it is killed, so that no worker outlives it."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
