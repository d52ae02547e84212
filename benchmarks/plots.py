"""Small pictures of figures, as SVG."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from benchmarks.catalog import Entry, Kind
from benchmarks.report import Figures

__all__ = ["load_plot", "plot"]

_COLORS: dict[Kind, str] = {"limit": "#9aa0a6", "ours": "#1a73e8", "expert": "#f29900", "peer": "#c26401"}
_WIDTH, _LABEL, _LINE = 760, 250, 18


def load_plot(figures: Figures) -> str:
    """How many times as long as the raw walk an epoch of each store takes, for each workload."""
    rows = []
    for workload in figures.workloads("load"):
        for entry in figures.entries("load"):
            ratio = figures.ratio("load", workload, entry.name, "raw", order="sequential", verify=False)
            if ratio is not None:
                rows.append((entry, f"{workload}  {entry.title}", ratio))
    return plot("An epoch in order, not verified: times as long as the raw walk (logarithmic)", rows)


def plot(title: str, rows: Sequence[tuple[Entry, str, float]]) -> str:
    """Bars on a logarithmic scale, coloured by the kind of their store."""
    least = min((value for _, _, value in rows), default=1.0) / 1.5
    span = math.log(max((value for _, _, value in rows), default=1.0) / least) or 1.0
    height = _LINE * (len(rows) + 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="sans-serif" '
        'font-size="12"><rect width="100%" height="100%" fill="white"/>',
        f'<text x="4" y="{_LINE - 4}" font-weight="bold">{html.escape(title)}</text>',
    ]
    for number, (entry, label, value) in enumerate(rows, start=1):
        top = _LINE * number + 4
        length = (_WIDTH - _LABEL - 60) * math.log(value / least) / span
        parts += [
            f'<text x="4" y="{top + 12}">{html.escape(label)}</text>',
            f'<rect x="{_LABEL}" y="{top}" width="{length:.1f}" height="{_LINE - 4}" fill="{_COLORS[entry.kind]}"/>',
            f'<text x="{_LABEL + length + 4:.1f}" y="{top + 12}">{value:.2f}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
