"""How a worker process gets what it works with: from its section of a configuration, or from a copy in a file."""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import dill

from zensols_like.config import Configurable, ImportConfigFactory
from zensols_like.errors import WorkerError

__all__ = ["ConfigRecipe", "Recipe", "SpoolRecipe", "Worker", "spooled"]


class Worker(Protocol):
    """What a worker process works with."""

    is_child: bool
    """Whether this copy lives in a worker process."""

    def work(self, piece: Any) -> Any:
        """Do a piece of the work and return what the parent process should know, which should be small."""


class Recipe(Protocol):
    """Says how to build a :class:`Worker`; it is pickled for each worker process, and small."""

    def build(self) -> Worker:
        """A new worker; called once in each process."""


@dataclass(frozen=True)
class ConfigRecipe:
    """Build the worker from its section of a configuration."""

    config: Configurable
    name: str
    """The section."""

    def build(self) -> Any:
        """The section's object, made by a new factory."""
        return ImportConfigFactory(self.config).instance(self.name)


@dataclass(frozen=True)
class SpoolRecipe:
    """Build the worker from the copy in a file that :func:`spooled` wrote."""

    path: Path

    def build(self) -> Any:
        """The copy."""
        with self.path.open("rb") as file:
            return _Unpickler(file).load()


class _Unpickler(dill.Unpickler):  # type: ignore[misc]  # dill has no types
    """Reads what our parent process wrote a moment ago, with the main file as a worker has imported it."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self._main = sys.modules["__main__"]  # dill keeps the one that was there when dill was imported


@contextmanager
def spooled(worker: Worker) -> Iterator[SpoolRecipe]:
    """Write an object to a temporary file, once for all workers; the file is gone at the end of the ``with`` block.

    On Linux it has no name, so that it is gone too when this process is killed, and needs no temporary folder.

    Raises:
        WorkerError: The object cannot be copied to another process.
    """
    with _temporary_file() as (file, path):
        try:
            dill.dump(worker, file)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise WorkerError(
                f"A {type(worker).__name__} cannot be copied to the worker processes: {error}",
                None,
                "make it from a section of a configuration (options config and name), or use workers = 1",
            ) from error
        file.flush()
        yield SpoolRecipe(path)


@contextmanager
def _temporary_file() -> Iterator[tuple[BinaryIO, Path]]:
    """A file for this user, and where other processes find it."""
    if sys.platform == "linux":
        with os.fdopen(os.memfd_create("zensols-like"), "wb") as file:
            yield file, Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")
    else:
        with tempfile.TemporaryDirectory(prefix="zensols-like-") as folder:
            path = Path(folder) / "worker.dill"
            with path.open("wb") as file:
                yield file, path
