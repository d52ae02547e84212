"""Pools: pieces of work to results, in this process or in supervised worker processes."""

from __future__ import annotations

import logging
import math
import pickle
import reprlib
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import chain, islice
from multiprocessing.context import BaseContext
from typing import Any, ClassVar, Generic, TypeVar, final

from zensols_like.errors import WorkerError
from zensols_like.multi.child import Done, Failed
from zensols_like.multi.crew import Answer, Crew, Lost
from zensols_like.multi.recipe import Recipe, Worker
from zensols_like.multi.start import (
    MAIN_GUARD,
    main_file,
    refuse_in_daemon,
    refuse_while_starting,
    refuse_without_file,
    start_context,
)
from zensols_like.persist import chunks

__all__ = ["ProcessPool", "ThriftyPool", "WorkerPool"]

logger = logging.getLogger(__name__)

T = TypeVar("T")


class WorkerPool(ABC, Generic[T]):
    """Does pieces of work and gives their results."""

    @final
    def run(self, pieces: Iterable[T]) -> Generator[Any, None, None]:
        """Do every piece, and give each result when it is there, in any order.

        Pieces are taken as workers become free.  After a failure no new piece begins; those that are being done are
        finished and their results given, then the failure is raised.  Close the generator to stop early.

        Raises:
            Exception: The first failure of a piece, with its own type, and with the worker's traceback as its cause.
            WorkerError: A piece ended its worker process twice, or no worker could start.
        """
        refuse_while_starting()
        yield from self._results(pieces)

    @abstractmethod
    def _results(self, pieces: Iterable[T]) -> Iterator[Any]:
        """The result of each piece."""


@dataclass
class ThriftyPool(WorkerPool[Sequence[Any]]):
    """Does the work in this process for as long as starting others would not pay, which the first of it tells.

    Here pieces are cut anew, in parts that take about half a second.
    """

    START_S: ClassVar[float] = 2.0
    """Seconds that starting processes takes, most of it for importing torch."""
    GLANCE_S: ClassVar[float] = 0.25
    """Seconds of work that tell how long the rest will take."""
    PART_S: ClassVar[float] = 0.5
    """Seconds that a part takes: what is done is known soon, and what a part costs that is not work does not count."""
    GROWTH: ClassVar[int] = 16
    """How many times as long as the one before a part is at most, since quick work may be followed by slow."""

    worker: Worker
    """Does pieces in this process."""
    processes: Callable[[], AbstractContextManager[WorkerPool[Sequence[Any]]]]
    """Makes a pool of processes, for the length of a ``with`` block."""
    workers: int
    """How many processes that has; with 1 all is done in this process."""
    total: int
    """How much all pieces hold together."""
    piece: int
    """How much a piece for processes holds."""
    part: int
    """How much a part holds at most."""

    def _results(self, pieces: Iterable[Sequence[Any]]) -> Iterator[Any]:
        rest = chain.from_iterable(pieces)
        size, pace = 1, _Pace()
        while part := list(islice(rest, size)):
            began = time.monotonic()
            result = self.worker.work(part)
            took_s = time.monotonic() - began
            yield result
            pace.add(len(part), took_s)
            if self._pays(pace):
                logger.info(
                    "starting %d processes for the rest, %d of %d", self.workers, self.total - pace.done, self.total
                )
                with self.processes() as pool:
                    yield from pool.run(chunks(rest, self.piece))
                return
            growth = min(self.GROWTH, self.PART_S / took_s) if took_s > 0 else self.GROWTH
            size = min(self.part, max(1, int(len(part) * growth)))
        if self.workers > 1:
            logger.info("did all %d in this process: starting others would not have paid", self.total)

    def _pays(self, pace: _Pace) -> bool:
        """Whether what processes would save of the rest is more than what starting them takes."""
        rest = self.total - pace.done
        needed = min(self.workers, math.ceil(rest / self.piece))
        if needed < 2 or pace.rest_s <= self.GLANCE_S:
            return False
        return pace.seconds * rest * (1 - 1 / needed) > self.START_S + pace.ready_s


@dataclass
class _Pace:
    """How long work takes.  The first part also makes ready, as each process has to."""

    first: int = 0
    first_s: float = 0.0
    done: int = 0
    rest_s: float = 0.0

    def add(self, count: int, seconds: float) -> None:
        """Take notice of a part."""
        if self.done == 0:
            self.first, self.first_s = count, seconds
        else:
            self.rest_s += seconds
        self.done += count

    @property
    def seconds(self) -> float:
        """Of one, after the first part."""
        return self.rest_s / (self.done - self.first)

    @property
    def ready_s(self) -> float:
        """Seconds that making ready took."""
        return max(0.0, self.first_s - self.first * self.seconds)


def _whole(piece: T) -> Sequence[T]:
    return (piece,)


class ProcessPool(WorkerPool[T]):
    """Does the work in processes that each build their worker once and compute in one thread.

    A piece whose process is killed, crashes, runs out of memory or hangs is done again, cut in its parts, each of them
    alone while no other worker does anything; what ends its process then is an error that names it.

    Args:
        recipe: How to build a worker.
        workers: How many processes there are.
        context: How they start, as :func:`start_context` has it by default.
        name: What an error calls a piece.
        cut: A piece to the pieces that are tried alone.
        timeout_s: How long a worker may take for a piece before it counts as hanging; any time when ``None``.
    """

    def __init__(
        self,
        recipe: Recipe,
        workers: int,
        context: BaseContext | None = None,
        name: Callable[[T], str] = reprlib.repr,
        cut: Callable[[T], Sequence[T]] = _whole,
        timeout_s: float | None = None,
    ) -> None:
        self.recipe = pickle.dumps(recipe)
        self.workers = workers
        self.context = context or start_context()
        self.name = name
        self.cut = cut
        self.timeout_s = timeout_s

    def _results(self, pieces: Iterable[T]) -> Iterator[Any]:
        refuse_in_daemon()
        refuse_without_file(self.context)
        with Crew[_Task[T]](self.recipe, self.workers, self.context, self.timeout_s) as crew:
            yield from _Shift(self, crew, iter(pieces)).results()


@dataclass(frozen=True)
class _Task(Generic[T]):
    """A piece on its way, and how the process ended that did it before."""

    piece: T
    reason: str | None = None


@dataclass
class _Shift(Generic[T]):
    """One run of a pool: who does what, what has to be done again, and why it stops."""

    pool: ProcessPool[T]
    crew: Crew[_Task[T]]
    pieces: Iterator[T]
    suspects: deque[_Task[T]] = field(default_factory=deque)
    """What was being done when a process was lost."""
    failure: Exception | None = None
    has_pieces: bool = True
    has_stillborn: bool = False

    def results(self) -> Iterator[Any]:
        """The results; raises the first failure at the end."""
        while self.crew.tasks or self._goes_on:
            if self._goes_on:
                self.crew.fill()
            done = [result for task, answer in self.crew.wait() for result in self._hear(task, answer)]
            self._give()  # before the results, so that no worker waits for who takes them
            yield from done
        if self.failure is not None:
            raise self.failure

    @property
    def _goes_on(self) -> bool:
        """Whether there is something to begin."""
        return self.failure is None and (self.has_pieces or bool(self.suspects))

    def _give(self) -> None:
        """Give the idle what is next."""
        for member in self.crew.idle:
            task = self._next() if self._goes_on else None
            if task is not None:
                self.crew.give(member, task, task.piece)

    def _next(self) -> _Task[T] | None:
        """What is next; suspects are tried when nothing else is being done, and nothing else is begun meanwhile."""
        tasks = self.crew.tasks
        if self.suspects or any(task.reason for task in tasks):
            return None if tasks else self.suspects.popleft()
        for piece in self.pieces:
            return _Task(piece)
        self.has_pieces = False
        return None

    def _hear(self, task: _Task[T] | None, answer: Answer) -> Iterator[Any]:
        """Take notice of an answer; gives the result, if it is one."""
        match answer:
            case Done(result):
                self.has_stillborn = False
                if task is not None:  # else the worker says that it is built
                    yield result
            case Failed(error, trace, is_exhausted):
                if is_exhausted and task is not None:
                    self._lost(task, ": ".join(["out of memory", *str(error).splitlines()[:1]]), _Remote(trace))
                else:
                    error.__cause__ = _Remote(trace)
                    self._fail(error)
            case Lost(reason, was_ready=False):
                if self.has_stillborn:
                    self._fail(_stillborn(reason))
                self.has_stillborn = True
            case Lost(reason) if task is not None:
                self._lost(task, reason)

    def _lost(self, task: _Task[T], reason: str, cause: _Remote | None = None) -> None:
        """A task ended its process: it is suspect, or guilty where it was before."""
        if task.reason is None:
            self.suspects.extend(_Task(part, reason) for part in self.pool.cut(task.piece))
            return
        error = WorkerError(
            f"A worker process died ({task.reason}), and another one that did the same work alone ({reason}).",
            self.pool.name(task.piece),
            "if the system killed them, free memory; workers = 1 does the work in this process, to look into it",
        )
        error.__cause__ = cause
        self._fail(error)

    def _fail(self, error: Exception) -> None:
        self.failure = self.failure or error


class _Remote(Exception):
    """The traceback of a worker process; a cause, never raised."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


def _stillborn(reason: str) -> WorkerError:
    return WorkerError(
        f"The worker processes died before they were ready ({reason}).",
        main_file(),
        f"put what starts the work below `{MAIN_GUARD}`; if it is there, see what the workers wrote above",
    )
