"""Stashes whose values are made by worker processes."""

from __future__ import annotations

import math
import reprlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.context import BaseContext
from typing import Any, final

from zensols_like.config import Configurable
from zensols_like.errors import ConfigurationError, WorkerError
from zensols_like.multi.pool import ProcessPool, ThriftyPool, WorkerPool
from zensols_like.multi.recipe import ConfigRecipe, Recipe, spooled
from zensols_like.multi.size import LARGEST_PIECE, chunk_length, worker_count
from zensols_like.multi.start import refuse_while_starting, start_context
from zensols_like.multi.stop import Stop, stoppable
from zensols_like.persist import DictionaryStash, PrimablePreemptiveStash, chunks, innermost

__all__ = ["MultiProcessStash", "TorchMultiProcessStash"]


@dataclass
class MultiProcessStash(PrimablePreemptiveStash, ABC):
    """A stash whose values are made in worker processes, when it is primed and its delegate has none.

    The data is cut in chunks.  Each worker builds this stash once, makes the values of one chunk after another and
    dumps them to the delegate, which must keep them where the parent process finds them.  Use it below
    ``if __name__ == "__main__":``, since workers import the main file.

    All values are made, or none counts: what chunk a value is of is not known afterwards, so where the work fails or is
    stopped, even killed, it begins anew (see `.PrimablePreemptiveStash`).  A `.MultiProcessFactoryStash` goes on.

        [numbers]
        class_name = mymodule.NumberStash
        delegate = instance: numbers_directory
        chunk_size = 0
        workers = -1
    """

    config: Configurable | None
    """The configuration that has a section with this stash's name, from which each worker builds it; without one,
    workers get a copy."""

    name: str
    """The section of this stash in the configuration."""

    chunk_size: int
    """How many data a chunk has at most; 0 for small chunks, about eight a worker."""

    workers: int | float
    """How many worker processes there are: a number (1: none, all is done in this process), 0 for one on each available
    CPU, less than 0 for all but so many, or a share of all as a fraction in (0, 1].

    - With 1, all is done in this process.
    - With a number from 2 on there are so many, which guard this one against code that crashes, where code that is not
      of this library makes the values: a class or function of yours, or of another library.
    - Else the first work is done in this process, and all of it where starting others would take longer than they would
      save; but with `timeout_s` there are always processes."""

    start_method: str | None = field(default=None, kw_only=True)
    """How workers start: ``forkserver`` (the default on Linux), ``spawn`` or ``fork``."""

    timeout_s: float | None = field(default=None, kw_only=True)
    """How many seconds a worker process may take for a chunk before it counts as hanging; any time when ``None``."""

    is_child: bool = field(default=False, init=False, repr=False, compare=False)
    """Whether this copy lives in a worker process."""

    @abstractmethod
    def _create_data(self) -> Iterable[Any]:
        """In the parent: the data to make values from, which is cut in chunks."""

    @abstractmethod
    def _process(self, chunk: Sequence[Any]) -> Iterable[tuple[str, Any]]:
        """In a worker: the keys and values of a chunk."""

    def _work(self, chunk: Sequence[Any]) -> Any:
        """In a worker: process a chunk and store its values.

        Returns:
            What :meth:`_done` gets in the parent, by default how many values were stored.
        """
        count = 0
        for key, value in self._process(chunk):
            self.delegate.dump(key, value)
            count += 1
        return count

    def _done(self, result: Any) -> None:
        """In the parent: take notice of a finished chunk, in any order; does nothing by default."""

    def _chunk_name(self, chunk: Sequence[Any]) -> str:
        """What an error calls a chunk."""
        return reprlib.repr(chunk)

    def prime(self) -> None:
        """Make the values, if the delegate has none.

        Raises:
            Exception: The first failure in a worker; no values stay.
        """
        super().prime()
        if not self.is_child and not self.has_data:
            refuse_while_starting()  # which would wait for its parent
            self._fill(lambda: self._spawn_work(tuple(self._create_data())))

    @final
    def work(self, piece: Sequence[Any]) -> Any:
        """Do a chunk; this is what the pool calls."""
        return self._work(piece)

    @final
    def _spawn_work(self, work: Sequence[Any]) -> int:
        """Do all work, in chunks, with the workers.

        Returns:
            How many chunks were done; how they are cut in this process follows the clock.

        Raises:
            Exception: The first failure in a worker.
            WorkerError: A worker process died twice with the same work, or could not start, or the delegate keeps its
                values in memory.
            KeyboardInterrupt: Ctrl-C was pressed.
            SystemExit: The process was asked to end by SIGTERM.
        """
        self._check_timeout()
        workers = worker_count(self.workers, self._where("workers"))
        length = chunk_length(self.chunk_size, len(work), workers, self._where("chunk_size"))
        if workers > 1:
            self._refuse_memory()
        count = 0
        with (
            self._stoppable() as stop,
            self._pool(workers, len(work), length) as pool,
            closing(pool.run(chunks(work, length))) as results,
        ):
            for result in results:
                self._done(result)
                count += 1
                stop.check()
        return count

    def _stoppable(self) -> AbstractContextManager[Stop]:
        """Ctrl-C and SIGTERM leave the ``with`` block in good order, and say how to go on."""
        if self._keeps_parts:
            note = "what is done stays.  Call the same again: it goes on with the rest."
        else:
            note = "what was done is removed, since a part would pass for the whole.  Call the same again."
        return stoppable(f"[{self.name}] was stopped; {note}")

    def _is_thrifty(self) -> bool:
        """Whether processes are only started where they pay."""
        if isinstance(self.workers, int) and self.workers == 1:
            return True
        is_left_to_us = isinstance(self.workers, float) or self.workers <= 0
        return self.timeout_s is None and (is_left_to_us or not self._runs_foreign_code())

    def _runs_foreign_code(self) -> bool:
        """Whether code that is not of this library makes the values, as it does unless a subclass knows better."""
        return True

    @contextmanager
    def _pool(self, workers: int, total: int, length: int) -> Iterator[WorkerPool[Sequence[Any]]]:
        needed = min(workers, math.ceil(total / length))
        if needed == 0 or self._is_thrifty():
            part = self.chunk_size or LARGEST_PIECE
            yield ThriftyPool(self, partial(self._processes, needed), needed, total, length, part)
        else:
            with self._processes(needed) as pool:
                yield pool

    @contextmanager
    def _processes(self, workers: int) -> Iterator[WorkerPool[Sequence[Any]]]:
        with self._recipe() as recipe:
            yield ProcessPool(recipe, workers, self._start_context(), self._chunk_name, _singles, self.timeout_s)

    @contextmanager
    def _recipe(self) -> Iterator[Recipe]:
        if self.config is not None and self.name in self.config:
            yield ConfigRecipe(self.config, self.name)
        else:
            with spooled(self) as recipe:
                yield recipe

    def _start_context(self) -> BaseContext:
        """How workers start; the fork server imports the modules of our own classes ahead of them."""
        return start_context(self.start_method, self._own_modules(), self._where("start_method"))

    def _own_modules(self) -> list[str]:
        return [cls.__module__ for cls in type(self).__mro__ if cls.__module__.startswith("zensols_like.")]

    def _check_timeout(self) -> None:
        if self.timeout_s is not None and not self.timeout_s > 0:
            raise ConfigurationError(
                f"A worker cannot do anything in {self.timeout_s!r} seconds.",
                self._where("timeout_s"),
                "use a number of seconds, or leave it out to wait for any time",
            )

    def _where(self, option: str) -> str:
        """Where an option of this stash stands, for an error."""
        if self.config is not None and self.name in self.config:
            return self.config.where(self.name, option)
        return f"[{self.name}] {option}"

    def _refuse_memory(self) -> None:
        stash = innermost(self.delegate)
        if isinstance(stash, DictionaryStash):
            raise WorkerError(
                f"A {type(stash).__name__} cannot take values from worker processes: they would stay in their memory.",
                self._where("delegate"),
                "use a stash that stores files as delegate, such as DirectoryStash, or workers = 1",
            )


def _singles(chunk: Sequence[Any]) -> Sequence[Sequence[Any]]:
    return tuple(chunks(chunk, 1))


@dataclass
class TorchMultiProcessStash(MultiProcessStash, ABC):
    """A stash whose workers make tensors: they start with torch, and each computes in one thread.

    CUDA does not survive a ``fork``, so use that start method only where the parent process does not touch a GPU.
    """

    def _start_context(self) -> BaseContext:
        return start_context(self.start_method, ["torch", *self._own_modules()], self._where("start_method"))
