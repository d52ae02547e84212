"""Who reads ahead: the loop itself, or threads."""

from __future__ import annotations

import threading
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeAlias

from torch import Tensor

from zensols_like.errors import WorkerError
from zensols_like.loader.pace import Pace
from zensols_like.loader.schedule import Step
from zensols_like.loader.source import B
from zensols_like.loader.work import Loaded, LoadWork

__all__ = ["CallingThread", "Crew", "Threads"]


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
    def helps(self) -> bool:
        """Whether it is worth asking ahead: batches are read while the loop works."""

    @property
    @abstractmethod
    def ready(self) -> int:
        """How many batches are there and not taken; the oldest one is among them if there are any."""

    def take_back(self) -> None:
        """Let nobody begin what was asked for and not begun; it is read when it is taken."""

    def saw(self, load_s: float, step_s: float) -> None:
        """Take notice of what loading a batch took, and the step before it."""

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
    def helps(self) -> bool:
        """Never."""
        return False

    @property
    def ready(self) -> int:
        """None ever is."""
        return 0

    def close(self) -> None:
        """Forget what was asked for."""
        self._asked.clear()


class _Task(Generic[B]):
    """A batch that was asked for: whoever begins it first reads it, a thread or the loop."""

    __slots__ = ("_begun", "_done", "_found", "out", "step")

    def __init__(self, step: Step, out: Tensor | None) -> None:
        self.step = step
        self.out = out
        self._begun = threading.Lock()
        self._done = threading.Lock()
        self._done.acquire()
        self._found: Loaded[B] | BaseException | None = None

    def begin(self) -> bool:
        """Whether nobody began it before."""
        return self._begun.acquire(blocking=False)

    def run(self, work: LoadWork[B]) -> None:
        """Read, in a thread."""
        try:
            self._found = work(self.step, self.out)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised again where the result is taken
            self._found = error
        finally:
            self._done.release()

    @property
    def is_done(self) -> bool:
        """Whether a thread has read it."""
        return not self._done.locked()

    def wait(self) -> Loaded[B]:
        """What the thread that began it has read."""
        self._done.acquire()
        found, self._found = self._found, None
        if isinstance(found, BaseException):
            raise found
        if found is None:
            raise WorkerError("The result of a batch was taken twice.")
        return found


_Inbox: TypeAlias = "SimpleQueue[_Task[Any] | None]"


class Threads(Crew[B]):
    """Threads of this process, started when there is something to gain.

    The loop reads a batch itself when it asks for one that no thread has begun: to wait for another thread would take
    longer.

    Args:
        work: How to read.
        workers: How many threads there are.
        pace: Says whether threads are worth it.
    """

    def __init__(self, work: LoadWork[B], workers: int, pace: Pace) -> None:
        self._work = work
        self._workers = workers
        self._pace = pace
        self._asked: deque[tuple[Step, Tensor | None, _Task[B] | None]] = deque()
        self._inbox: _Inbox = SimpleQueue()
        self._end: Callable[[], Any] | None = None

    def ask(self, step: Step, out: Tensor | None) -> None:
        """Remember it, and tell a thread if that pays."""
        task: _Task[B] | None = None
        if self.helps:
            if self._end is None:
                self._start()
            task = _Task(step, out)
            self._inbox.put(task)
        self._asked.append((step, out, task))

    def _start(self) -> None:
        threads = [
            threading.Thread(target=_serve, args=(self._work, self._inbox), name="zensols_like.loader", daemon=True)
            for _ in range(self._workers)
        ]
        # also when a loop is forgotten or Python ends, where a thread in the middle of its work is no clean end
        self._end = weakref.finalize(self, _end_threads, threads, self._inbox)
        for thread in threads:
            thread.start()

    def take(self) -> Loaded[B]:
        """Read it, or wait for the thread that does."""
        step, out, task = self._asked.popleft()
        return self._work(step, out) if task is None or task.begin() else task.wait()

    @property
    def helps(self) -> bool:
        """Whether threads pay, and are not paused."""
        return self._pace.pays and not self._pace.is_paused

    @property
    def ready(self) -> int:
        """How many the threads have read, if the oldest one is among them."""
        oldest = self._asked[0][2] if self._asked else None
        if oldest is None or not oldest.is_done:
            return 0
        return sum(task is not None and task.is_done for _, _, task in self._asked)

    def take_back(self) -> None:
        """Begin, in the name of the loop, what no thread has begun."""
        for number, (step, out, task) in enumerate(self._asked):
            if task is not None and task.begin():
                self._asked[number] = step, out, None

    def saw(self, load_s: float, step_s: float) -> None:
        """Tell the pace."""
        self._pace.saw(load_s, step_s)

    def close(self) -> None:
        """End the threads; each finishes the batch that it reads."""
        self._asked.clear()
        if self._end is not None:
            self._end()


def _serve(work: LoadWork[Any], inbox: _Inbox) -> None:
    """Read until there is nothing more to come."""
    while (task := inbox.get()) is not None:
        if task.begin():
            task.run(work)
        del task  # a batch is not kept while the thread waits


def _end_threads(threads: Sequence[threading.Thread], inbox: _Inbox) -> None:
    _empty(inbox)
    for _ in threads:
        inbox.put(None)
    for thread in threads:
        if thread is not threading.current_thread():  # which collects the garbage that the loop is part of
            thread.join()


def _empty(inbox: _Inbox) -> None:
    try:
        while True:
            inbox.get_nowait()
    except Empty:
        return
