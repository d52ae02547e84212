"""What reports have in common as text."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

__all__ = ["STATES", "new_table", "title"]

STATES = {
    "complete": "green",
    "partial": "yellow",
    "stale": "red",
    "absent": "red",
    "damaged": "red",
    "ok": "green",
    "note": "yellow",
    "wrong": "red",
}
"""The colour of each status."""


def title(path: str, status: str) -> Text:
    """A store and its status."""
    return Text.assemble((path, "bold"), "  ", (status, STATES[status]))


def new_table(*columns: str) -> Table:
    """A table; a column whose name begins with ``>`` is of numbers, and the last one gives way where space is short."""
    made = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for name in columns:
        made.add_column(
            name.lstrip(">"), justify="right" if name.startswith(">") else "left", no_wrap=name is not columns[-1]
        )
    return made
