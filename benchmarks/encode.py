"""From arrays in memory to the disk: until the call returns, and until all files and folders are durable."""

from __future__ import annotations

from benchmarks.figures import Figure
from benchmarks.process import interleave, versions_of
from benchmarks.run import Run

__all__ = ["run_encode"]

_BUDGET_S = 0.5
"""Seconds of writing that a store gets in a round, in at most three tries."""


def run_encode(run: Run) -> None:
    """Measure all stores that write, with one worker and with two."""
    for workload in run.workloads:
        with run.children(workload, lambda entry: entry.writer == entry.name and entry.writers != ()) as children:
            answers = interleave(
                children,
                run.rounds,
                {workers: {"do": "write", "workers": workers, "budget": _BUDGET_S} for workers in (1, 2)},
                can=lambda child, workers: workers in child.entry.writers,
            )
            versions = versions_of(children)
        for measure, unit in (("seconds", "s"), ("unsynced", "s"), ("bytes", "B"), ("files", "files")):
            run.results.add(
                (
                    Figure(
                        "encode",
                        workload,
                        store,
                        [answer[measure] for answer in rounds],
                        unit,
                        {"workers": workers, "measure": measure},
                    )
                    for (store, workers), rounds in answers.items()
                ),
                versions,
            )
