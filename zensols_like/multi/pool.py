"""Pools: pieces of work to results, in this process or in worker processes."""

from __future__ import annotations

import multiprocessing
import multiprocessing.spawn
import os
import pickle
import reprlib
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Semaphore
from typing import Any, Generic, TypeVar, final

from zensols_like.errors import ConfigurationError, WorkerError
from zensols_like.multi import child
from zensols_like.multi.recipe import Recipe, Worker

__all__ = ["ProcessPool", "SerialPool", "WorkerPool", "start_context"]

T = TypeVar("T")

GIVEN_PER_WORKER = 2
"""How many pieces are given out for each worker: the one it does and the next, so that it does not wait for us."""

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""The environment that a worker starts with: its numerical libraries compute in one thread."""

MAIN_GUARD = "if __name__ == '__main__':"


class WorkerPool(ABC, Generic[T]):
    """Does pieces of work and gives their results."""

    @final
    def run(self, pieces: Iterable[T]) -> Generator[Any, None, None]:
        """Do every piece, and give each result when it is there, in any order.

        Pieces are taken as workers become free.  After a failure no new piece begins; those that are being done are
        finished and their results given, then the failure is raised.  Close the generator to stop early.

        Raises:
            Exception: The first failure of a piece, with its own type, and with the worker's traceback as its cause.
            WorkerError: A worker process died, or could not start.
        """
        _refuse_while_starting()
        yield from self._results(pieces)

    @abstractmethod
    def _results(self, pieces: Iterable[T]) -> Iterator[Any]:
        """The result of each piece."""


class SerialPool(WorkerPool[T]):
    """Does the work in this process, piece after piece.

    Args:
        worker: Does the pieces.
    """

    def __init__(self, worker: Worker) -> None:
        self.worker = worker

    def _results(self, pieces: Iterable[T]) -> Iterator[Any]:
        return map(self.worker.work, pieces)


class ProcessPool(WorkerPool[T]):
    """Does the work in processes that each build their worker once and compute in one thread.

    Args:
        recipe: How to build a worker.
        workers: How many processes there are.
        context: How they start, as :func:`start_context` has it by default.
        name: What an error calls a piece.
    """

    def __init__(
        self,
        recipe: Recipe,
        workers: int,
        context: BaseContext | None = None,
        name: Callable[[T], str] = reprlib.repr,
    ) -> None:
        self.recipe = pickle.dumps(recipe)
        self.workers = workers
        self.context = context or start_context()
        self.name = name

    def _results(self, pieces: Iterable[T]) -> Iterator[Any]:
        if multiprocessing.current_process().daemon:
            raise WorkerError("A daemonic process cannot have workers.", "this process", "use workers = 1 in it")
        ready = self.context.Semaphore(0)
        crew = _Crew(ProcessPoolExecutor(self.workers, self.context, child.start, (self.recipe, ready)), self.workers)
        lost: list[T] = []
        try:
            yield from self._drain(crew, iter(pieces), lost)
        except BrokenProcessPool as error:
            crew.stop()  # how each worker ended is known when all have
            raise self._death(crew, ready, lost) from error.__cause__
        finally:
            crew.stop()

    def _drain(self, crew: _Crew, pieces: Iterator[T], lost: list[T]) -> Iterator[Any]:
        """Keep the workers busy, give the results, raise the first failure; ``lost`` gets what died with a worker."""
        given: dict[Future[Any], T] = {}
        failure = self._give(crew, pieces, given)
        while given:
            done = wait(given, return_when=FIRST_COMPLETED).done
            for future in [future for future in given if future in done]:  # in the order in which they were given
                piece, error = given.pop(future), future.exception()
                if error is None:
                    yield future.result()
                else:
                    failure = failure or error
                    if isinstance(error, BrokenProcessPool):
                        lost.append(piece)
            if failure is None:
                failure = self._give(crew, pieces, given)
            else:
                given = {future: piece for future, piece in given.items() if not future.cancel()}
        if failure is not None:
            raise failure

    def _give(self, crew: _Crew, pieces: Iterator[T], given: dict[Future[Any], T]) -> BaseException | None:
        """Give out pieces until every worker has enough; returns why no worker takes them any more, if so."""
        try:
            for piece in islice(pieces, self.workers * GIVEN_PER_WORKER - len(given)):
                given[crew.submit(piece)] = piece
        except BrokenProcessPool as error:
            return error
        return None

    def _death(self, crew: _Crew, ready: Semaphore, lost: Sequence[T]) -> WorkerError:
        if not ready.acquire(block=False):
            return WorkerError(
                f"The worker processes died before they were ready ({crew.ends()}).",
                _main_file(),
                f"put what starts the work below `{MAIN_GUARD}`; if it is there, see what the workers wrote above",
            )
        # pieces are taken in order, so the oldest ones that are lost are those that were being done
        names = ", ".join(map(self.name, lost[: self.workers]))
        return WorkerError(
            f"A worker process died ({crew.ends()}).",
            f"while it did one of: {names}",
            "if the system killed it, free memory or use fewer workers; use workers = 1 to see it in this process",
        )


class _Crew:
    """The processes of an executor: starts them with the environment of a worker, and knows how they ended."""

    def __init__(self, executor: ProcessPoolExecutor, workers: int) -> None:
        self._executor = executor
        self._workers = workers
        self._others = set(multiprocessing.active_children())
        self._processes: set[BaseProcess] = set()

    def submit(self, piece: Any) -> Future[Any]:
        """Give a piece to the executor, which may start a process for it."""
        with _environment(ONE_THREAD):
            future = self._executor.submit(child.work, piece)
        if len(self._processes) < self._workers:
            self._processes.update(set(multiprocessing.active_children()) - self._others)
        return future

    def stop(self) -> None:
        """Cancel what waits and end the processes when they have done what they are doing."""
        try:
            self._executor.shutdown(wait=True, cancel_futures=True)
        except KeyboardInterrupt:  # asked a second time: at once
            for process in self._processes:
                process.kill()
            raise

    def ends(self) -> str:
        """How the processes ended; when one dies the executor terminates the others, which says nothing."""
        codes = {process.exitcode for process in self._processes if process.exitcode is not None}
        return ", ".join(map(_end, sorted(codes - {-signal.SIGTERM} or codes)))


def _end(exit_code: int) -> str:
    return f"exit code {exit_code}" if exit_code >= 0 else f"signal {-exit_code}: {signal.strsignal(-exit_code)}"


def start_context(
    start_method: str | None = None, preload: Iterable[str] = (), where: str = "start_method"
) -> BaseContext:
    """The context in which worker processes start.

    Args:
        start_method: ``forkserver`` (the default on Linux: a worker is a fork of one process that has imported the
            modules to preload), ``spawn`` (a new interpreter for each worker) or ``fork`` (a copy of this process:
            quick, but not for one that uses CUDA or threads).
        preload: The modules that the fork server imports; those that cannot be imported are left out.
        where: What an error says about where the option stands.

    Raises:
        ConfigurationError: There is no such method here.

    Example:
        >>> start_context("spawn").get_start_method()
        'spawn'
    """
    known = multiprocessing.get_all_start_methods()
    method = start_method or ("forkserver" if sys.platform == "linux" else "spawn")
    if method not in known:
        raise ConfigurationError(f"No start method {method!r}.", where, f"use one of {sorted(known)}")
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(list(preload))
    return context


def _refuse_while_starting() -> None:
    """Refuse work in a process that still imports its parent's main file: it would start workers without end."""
    try:
        multiprocessing.spawn.get_preparation_data("worker")
    except RuntimeError:
        raise WorkerError(
            "A worker process is asked to do the work of its parent while it starts.",
            _main_file(),
            f"put what starts the work below `{MAIN_GUARD}`",
        ) from None


def _main_file() -> str:
    file = getattr(sys.modules["__main__"], "__file__", None) or sys.argv[0]
    return f"{file}, which each worker imports when it starts"


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables for the processes that start in the ``with`` block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
