"""A table: from a CSV file to batches, and back; one worker each."""

from __future__ import annotations

from benchmarks.catalog import TABLES
from benchmarks.figures import Figure
from benchmarks.process import interleave, start_all, versions_of
from benchmarks.run import Run
from benchmarks.table import BATCH_SIZE, ROWS, write_table

__all__ = ["run_table"]


def run_table(run: Run) -> None:
    """Measure encode and load of all stores of tables."""
    rows = max(round(ROWS * run.results.scale), 3 * BATCH_SIZE)
    csv = write_table(rows, run.folder / "source")
    with start_all([entry for name, entry in TABLES.items() if name in run.stores], run.folder) as children:
        for child in children:
            child.ask("start", csv=str(csv), rows=rows, folder=str(run.folder / "T" / child.entry.name))
        commands = {"encode": {"do": "encode", "workers": 1}, "load": {"do": "load"}}
        versions = versions_of(children)
        answers = interleave(children, run.rounds, commands)
    measures = {"encode": ("seconds", "unsynced", "bytes"), "load": ("seconds", "again")}
    run.results.add(
        (
            Figure(
                "table",
                "T",
                store,
                [answer[measure] for answer in rounds],
                "B" if measure == "bytes" else "s",
                {"work": work, "measure": measure, "rows": rows},
            )
            for (store, work), rounds in answers.items()
            for measure in measures[work]
        ),
        versions,
    )
