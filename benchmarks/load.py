"""An epoch in process: from the disk to CPU tensors, every byte touched."""

from __future__ import annotations

from benchmarks.figures import Figure
from benchmarks.process import interleave, versions_of
from benchmarks.run import Run

__all__ = ["run_load"]


def run_load(run: Run) -> None:
    """Measure epochs of all stores, in order and shuffled, unverified and verified; and the time to a first tensor."""
    for workload in run.workloads:
        with run.children(workload, lambda _: True) as children:
            written = set()
            for child in sorted(children, key=lambda child: child.entry.reads != ""):
                if child.entry.writer not in written:  # an entry that only reads has none of its own to write with
                    child.ask("write", workers=1)
                    written.add(child.entry.writer)
            for child in children:
                child.ask("check")
            epochs = {
                (order, verify): {"do": "epoch", "seed": seed, "verify": verify, "budget": run.budget}
                for verify in (False, True)
                for order, seed in (("sequential", None), ("shuffled", 7))
            }
            firsts = {("first", verify): {"do": "first", "verify": verify} for verify in (False, True)}
            versions = versions_of(children)
            answers = interleave(children, run.rounds, {**firsts, **epochs})
        run.results.add(
            (
                Figure(
                    "load",
                    workload,
                    name,
                    [answer["seconds"] for answer in rounds],
                    how={"order": order, "verify": verify},
                )
                for (name, (order, verify)), rounds in answers.items()
            ),
            versions,
        )
