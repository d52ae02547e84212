"""How a worker process gets what it works with: from its section of a configuration, or from a copy in a file."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

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
            return dill.load(file)  # noqa: S301 - written by our parent process a moment ago, readable by this user only


@contextmanager
def spooled(worker: Worker) -> Iterator[SpoolRecipe]:
    """Write an object to a temporary file, once for all workers; the file is gone at the end of the ``with`` block.

    Raises:
        WorkerError: The object cannot be copied to another process.
    """
    with tempfile.TemporaryDirectory(prefix="zensols-like-") as folder:
        path = Path(folder) / "worker.dill"
        try:
            with path.open("wb") as file:
                dill.dump(worker, file)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise WorkerError(
                f"A {type(worker).__name__} cannot be copied to the worker processes: {error}",
                None,
                "make it from a section of a configuration (options config and name), or use workers = 1",
            ) from error
        yield SpoolRecipe(path)
