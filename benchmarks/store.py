"""The one interface behind which every library and every limit is measured."""

from __future__ import annotations

import multiprocessing
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from torch import Tensor

from benchmarks.workload import Arrays, Workload

__all__ = ["Order", "Store", "write_in_processes"]


@dataclass(frozen=True)
class Order:
    """In which order the batches of an epoch are wanted."""

    positions: Sequence[int]
    """The numbers of the batches."""
    seed: int | None = None
    """That of the shuffle, for libraries that shuffle themselves; ``None`` where batches come as they were written."""

    @property
    def is_shuffled(self) -> bool:
        """Whether the batches come in another order than they were written in."""
        return self.seed is not None


class Store(ABC):
    """A way to keep the batches of a workload on disk, and to read them.

    Each is made, used and thrown away in a process of its own.
    """

    def __init__(self, workload: Workload) -> None:
        self.workload = workload

    def write(self, arrays: Arrays, folder: Path, workers: int) -> None:
        """Keep arrays as batches in a folder that is empty."""
        raise NotImplementedError(f"{type(self).__name__} only reads")

    @abstractmethod
    def open(self, folder: Path, verify: bool) -> None:
        """Get ready to read.

        Args:
            folder: Where `write` was told to write.
            verify: Whether checksums are to be compared, where the library can.
        """

    @abstractmethod
    def epoch(self, order: Order) -> Iterator[Iterable[Tensor]]:
        """The tensors of batch after batch, on the CPU, ready to be used."""


def write_in_processes(write: Callable[[int], None], batches: int, workers: int) -> None:
    """Write each batch by its number: in this process, or in forked ones that get equally many."""
    cuts = [batches * worker // workers for worker in range(workers + 1)]
    pieces = [range(start, stop) for start, stop in pairwise(cuts)]
    if workers == 1:
        _write_all(write, pieces[0])
        return
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_write_all, args=(write, piece)) for piece in pieces]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode != 0:
            raise RuntimeError(f"a writing process ended with {process.exitcode}")


def _write_all(write: Callable[[int], None], batches: range) -> None:
    for batch in batches:
        write(batch)
