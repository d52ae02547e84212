"""Figures as tables, in Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.catalog import CATALOG
from benchmarks.figures import Figure

__all__ = ["Figures", "table"]


class Figures:
    """The figures of the last runs, found by what they are of."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._by_key = {(figure.what, *figure.key): figure for figure in figures}

    def find(self, what: str, workload: str, store: str, **how: Any) -> Figure | None:
        """A figure, if it was measured."""
        return self._by_key.get((what, workload, store, *sorted(how.items())))

    def median(self, what: str, workload: str, store: str, **how: Any) -> float | None:
        """The median of its rounds."""
        figure = self.find(what, workload, store, **how)
        return None if figure is None else figure.median

    def ratio(self, of: Figure | None, to: Figure | None) -> float | None:
        """The median of the ratios of the rounds, in each of which both were measured one after the other."""
        if of is None or to is None:
            return None
        return statistics.median(one / other for one, other in zip(of.rounds, to.rounds, strict=False))

    def stores(self, what: str) -> list[str]:
        """The names of the stores that were measured, in the order of the catalog."""
        measured = {key[2] for key in self._by_key if key[0] == what}
        return [name for name in CATALOG if name in measured]

    def workloads(self, what: str) -> list[str]:
        """The names of the workloads that were measured."""
        return sorted({key[1] for key in self._by_key if key[0] == what})


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; all columns but the first are numbers."""
    lines = [heads, ["---", *["--:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def load_table(figures: Figures, verify: bool) -> str:
    """An epoch of each store: milliseconds, and how many times as long as the raw walk."""
    columns = [(work, order) for work in figures.workloads("load") for order in ("sequential", "shuffled")]

    def cell(store: str, workload: str, order: str) -> str:
        how: Mapping[str, Any] = {"order": order, "verify": verify}
        figure = figures.find("load", workload, store, **how)
        ratio = figures.ratio(figure, figures.find("load", workload, "raw", **how))
        if figure is None or ratio is None:
            return ""
        return f"{figure.median * 1e3:.1f} ({ratio:.2f}x)"

    return table(
        ["ms for an epoch (x raw walk)", *(f"{work} {order}" for work, order in columns)],
        (
            [f"{CATALOG[store].title} ({CATALOG[store].kind})", *(cell(store, *column) for column in columns)]
            for store in figures.stores("load")
        ),
    )
