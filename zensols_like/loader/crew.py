"""Who reads ahead: the loop itself, threads, or processes."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle
from multiprocessing import parent_process
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeAlias

import torch
from torch import Tensor

from zensols_like.errors import WorkerError
from zensols_like.loader.schedule import Step
from zensols_like.loader.source import B
from zensols_like.loader.work import Loaded, LoadWork
from zensols_like.multi import start_context

__all__ = ["CallingThread", "Crew", "Processes", "Threads", "start_processes"]


class Crew(ABC, Generic[B]):
    """Reads batches and gives them in the order in which they were asked for."""

    @abstractmethod
    def ask(self, step: Step, out: Tensor | None) -> None:
        """Ask for the batch of a step.

        Args:
            step: The step.
            out: Memory to pack its tensors into, which processes do not use.
        """

    @abstractmethod
    def take(self) -> Loaded[B]:
        """Wait for the oldest batch that was asked for.

        Raises:
            Exception: What reading it raised.
        """

    @property
    @abstractmethod
    def ready(self) -> int:
        """How many batches are there and not taken; the oldest one is among them if there are any."""

    @abstractmethod
    def close(self) -> None:
        """End; what is being read is read to its end, the rest is forgotten."""


class CallingThread(Crew[B]):
    """Reads a batch when it is taken, in the thread that takes it.

    Args:
        work: How to read.
    """

    def __init__(self, work: LoadWork[B]) -> None:
        self._work = work
        self._asked: deque[tuple[Step, Tensor | None]] = deque()

    def ask(self, step: Step, out: Tensor | None) -> None:
        """Remember it."""
        self._asked.append((step, out))

    def take(self) -> Loaded[B]:
        """Read it."""
        return self._work(*self._asked.popleft())

    @property
    def ready(self) -> int:
        """None ever is."""
        return 0

    def close(self) -> None:
        """Forget what was asked for."""
        self._asked.clear()


_Inbox: TypeAlias = "SimpleQueue[tuple[Step, Tensor | None] | None]"
_Outbox: TypeAlias = "SimpleQueue[Loaded[Any] | Exception]"


class Threads(Crew[B]):
    """Threads of this process, which get steps in turn.

    Each has two queues of its own, so that order costs nothing: the results lie where their turn is.

    Args:
        work: How to read.
        workers: How many threads there are.
    """

    def __init__(self, work: LoadWork[B], workers: int) -> None:
        self._inboxes: list[_Inbox] = [SimpleQueue() for _ in range(workers)]
        self._outboxes: list[_Outbox] = [SimpleQueue() for _ in range(workers)]
        threads = [
            threading.Thread(target=_serve, args=(work, *boxes), name="zensols_like.loader", daemon=True)
            for boxes in zip(self._inboxes, self._outboxes, strict=True)
        ]
        self._ask_next = cycle(self._inboxes)
        self._take_next = deque(self._outboxes)
        # also when a loop is forgotten or Python ends, where a thread in the middle of its work is no clean end
        self._end = weakref.finalize(self, _end_threads, threads, self._inboxes)
        for thread in threads:
            thread.start()

    def ask(self, step: Step, out: Tensor | None) -> None:
        """Give it to the next thread."""
        next(self._ask_next).put((step, out))

    def take(self) -> Loaded[B]:
        """Wait for the thread whose turn it is."""
        outbox = self._take_next[0]
        result = outbox.get()
        self._take_next.rotate(-1)
        if isinstance(result, Exception):
            raise result
        return result

    @property
    def ready(self) -> int:
        """How many results lie there, if the oldest one is among them."""
        return 0 if self._take_next[0].empty() else sum(outbox.qsize() for outbox in self._outboxes)

    def close(self) -> None:
        """End the threads; each finishes the batch that it reads."""
        self._end()


def _serve(work: LoadWork[Any], inbox: _Inbox, outbox: _Outbox) -> None:
    """Read until there is nothing more to come."""
    while (asked := inbox.get()) is not None:
        try:
            outbox.put(work(*asked))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised again where the result is taken
            outbox.put(error)


def _end_threads(threads: Sequence[threading.Thread], inboxes: Sequence[_Inbox]) -> None:
    for inbox in inboxes:
        _empty(inbox)
        inbox.put(None)
    for thread in threads:
        thread.join()


def _empty(inbox: _Inbox) -> None:
    try:
        while True:
            inbox.get_nowait()
    except Empty:
        return


class Processes(Crew[B]):
    """The processes of a pool, which stay there for other loops.

    Args:
        pool: What `start_processes` made.
    """

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool
        self._asked: deque[Future[Loaded[B]]] = deque()

    def ask(self, step: Step, out: Tensor | None) -> None:  # noqa: ARG002 - the memory of this process
        """Give it to the pool."""
        self._asked.append(self._pool.submit(_work, step))

    def take(self) -> Loaded[B]:
        """Wait for it.

        Raises:
            WorkerError: A process died.
        """
        try:
            return self._asked.popleft().result()
        except BrokenProcessPool as error:
            raise WorkerError(
                "A worker process of the loader died.",
                None,
                "look for a lack of memory (dmesg), or read with worker_type='thread' to see what happens",
            ) from error

    @property
    def ready(self) -> int:
        """How many are done, if the oldest one is among them."""
        return sum(future.done() for future in self._asked) if self._asked and self._asked[0].done() else 0

    def close(self) -> None:
        """Cancel what has not begun."""
        while self._asked:
            self._asked.popleft().cancel()


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
    return ProcessPoolExecutor(workers, start_context(preload=["torch"]), _begin, (recipe,))


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
