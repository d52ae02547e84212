"""The figures of the last runs, found by what they are of; and tables in Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from benchmarks.catalog import CATALOG, TABLES, Entry
from benchmarks.figures import Figure, latest, read_figures

__all__ = ["Figures", "paired", "table"]


class Figures:
    """Figures by what they are of."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self.all = list(figures)
        self._by_key = {(figure.what, *figure.key): figure for figure in self.all}

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Those of the last run of each kind and workload."""
        return cls(latest(read_figures(folder)))

    def find(self, what: str, workload: str, store: str, **how: Any) -> Figure | None:
        """A figure, if it was measured."""
        return self._by_key.get((what, workload, store, *sorted(how.items())))

    def median(self, what: str, workload: str, store: str, **how: Any) -> float | None:
        """The median of its rounds."""
        figure = self.find(what, workload, store, **how)
        return None if figure is None else figure.median

    def ratio(self, what: str, workload: str, store: str, to: str, **how: Any) -> float | None:
        """How many times the figure of another store that of one is, see `paired`."""
        return paired(*(self.find(what, workload, name, **how) for name in (store, to)))

    def best(self, what: str, workload: str, stores: Iterable[str], **how: Any) -> str | None:
        """The store with the smallest figure of some, if any was measured."""
        medians = {name: self.median(what, workload, name, **how) for name in stores}
        known = {name: median for name, median in medians.items() if median is not None}
        return min(known, key=lambda name: known[name]) if known else None

    def entries(self, what: str) -> list[Entry]:
        """The stores that were measured, in the order of the catalog."""
        measured = {figure.store for figure in self.all if figure.what == what}
        return [entry for name, entry in {**CATALOG, **TABLES}.items() if name in measured]

    def workloads(self, what: str) -> list[str]:
        """The names of the workloads that were measured."""
        return sorted({figure.workload for figure in self.all if figure.what == what})

    def values(self, what: str, name: str) -> list[Any]:
        """The different values of one of the words that tell figures of a kind apart, in their order."""
        return list(dict.fromkeys(figure.how[name] for figure in self.all if figure.what == what))


def paired(own: Figure | None, other: Figure | None) -> float | None:
    """How many times another figure one is: the median over the rounds, in each of which both took their turns."""
    if own is None or other is None:
        return None  # not measured
    return statistics.median(one / another for one, another in zip(own.rounds, other.rounds, strict=False))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; all columns but the first are numbers."""
    lines = [heads, ["---", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
