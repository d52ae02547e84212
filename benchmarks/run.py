"""What a run of the benchmark was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.catalog import CATALOG, TABLES, Entry
from benchmarks.figures import Results
from benchmarks.process import Measured, start_all
from benchmarks.workload import WORKLOADS, Workload, write_arrays

__all__ = ["Run"]


@dataclass(frozen=True)
class Run:
    """What to measure, and where to put it.

    Args:
        results: Where figures go.
        folder: Where stores are written.
        stores: The names of the entries.
        workloads: The names of the workloads.
        rounds: How often everything is measured.
        budget: The seconds that a store gets for its epochs in a round.
        memory_factor: How many times as large the larger source is whose encode must not take more memory.
    """

    results: Results
    folder: Path
    stores: Sequence[str] = (*CATALOG, *TABLES)
    workloads: Sequence[str] = tuple(WORKLOADS)
    rounds: int = 5
    budget: float = 0.1
    memory_factor: float = 5.0

    def workload(self, name: str) -> Workload:
        """A workload, as large as it is wanted."""
        return WORKLOADS[name].scaled(self.results.scale)

    @contextmanager
    def children(self, workload: str, wanted: Callable[[Entry], bool]) -> Iterator[list[Measured]]:
        """A process for each store that is wanted, ready for a workload."""
        self.folder.mkdir(parents=True, exist_ok=True)
        source = write_arrays(self.workload(workload), self.folder / "source")
        entries = [entry for name, entry in CATALOG.items() if name in self.stores and wanted(entry)]
        with start_all(entries, self.folder) as children:
            for child in children:
                child.ask(
                    "start",
                    workload=workload,
                    scale=self.results.scale,
                    source=str(source),
                    folder=str(self.folder / workload / child.entry.writer),
                )
            yield children
