"""How batches and their stash show themselves in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["html_table"]


def html_table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of texts.

    Example:
        >>> html_table("<5>", ["split"], [("train",)])
        '<table><caption>&lt;5&gt;</caption><tr><th>split</th></tr><tr><td>train</td></tr></table>'
    """
    lines = [_line("th", columns), *(_line("td", row) for row in rows)]
    return f"<table><caption>{escape(caption)}</caption>{''.join(lines)}</table>"


def _line(tag: str, cells: Iterable[object]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(str(cell))}</{tag}>' for cell in cells)}</tr>"
