"""What was measured: a line of JSON for each figure, with all that is needed to compare it."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.environments import HERE

__all__ = ["Figure", "Results", "latest", "read_figures"]


@dataclass(frozen=True)
class Figure:
    """One thing that was measured, in each round."""

    what: str
    """As ``load``; there is a file of results for each."""
    workload: str
    store: str
    rounds: Sequence[float]
    unit: str = "s"
    how: Mapping[str, Any] = field(default_factory=dict)
    """What tells it from others of the same store, as ``{"verify": True}``."""
    versions: Mapping[str, str] = field(default_factory=dict)
    run: str = ""
    """When the run began; figures are compared within a run only."""
    commit: str = ""
    machine: str = ""
    scale: float = 1.0

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.rounds)

    @property
    def key(self) -> tuple[Any, ...]:
        """What it is a figure of."""
        return self.workload, self.store, *sorted(self.how.items())


@dataclass(frozen=True)
class Results:
    """Where figures go: a file for each kind.

    Args:
        folder: The folder of the files.
        scale: The size of the workloads, beside their own.
    """

    folder: Path
    scale: float = 1.0
    run: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def add(self, figures: Iterable[Figure], versions: Mapping[str, Mapping[str, str]]) -> None:
        """Append figures.

        Args:
            figures: What was measured.
            versions: What was installed, by the name of the store.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for figure in figures:
            known = {"run": self.run, "commit": _commit(), "machine": _machine(), "scale": self.scale}
            line = {**asdict(figure), **known, "versions": versions[figure.store], "median": figure.median}
            with (self.folder / f"{figure.what}.jsonl").open("a") as file:
                file.write(json.dumps(line) + "\n")


def read_figures(folder: Path) -> Iterator[Figure]:
    """All figures of all runs, in the order in which they were measured."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            values = json.loads(line)
            values.pop("median")
            yield Figure(**values)


def latest(figures: Iterable[Figure]) -> list[Figure]:
    """The figures of the last run of each kind and workload."""
    runs: dict[tuple[str, str], list[Figure]] = {}
    for figure in figures:
        known = runs.setdefault((figure.what, figure.workload), [])
        if known and known[0].run < figure.run:
            known.clear()
        if not known or known[0].run == figure.run:
            known.append(figure)
    return [figure for known in runs.values() for figure in known]


@cache
def _commit() -> str:
    """The commit that is measured, ``-dirty`` where something else than what a run writes differs from it."""
    written = (":(top,exclude)benchmarks/results", ":(top,exclude)docs/performance*")
    changes = _git("diff", "--name-only", "HEAD", "--", ":/", *written)
    return (_git("describe", "--always") or "unknown") + ("-dirty" if changes else "")


def _git(*arguments: str) -> str:
    found = subprocess.run(["git", *arguments], cwd=HERE, capture_output=True, text=True, check=False)
    return found.stdout.strip()


@cache
def _machine() -> str:
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} x {cpu}, {memory:.0f} GiB, {platform.system()} {platform.release()}"
