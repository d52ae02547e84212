"""How an encode tells of its progress."""

from __future__ import annotations

import io

from rich.console import Console

from zensols_like.cli.progress import ProgressBar, ProgressLines


def test_a_plain_line_comes_now_and_then():
    file, now = io.StringIO(), [0.0]
    lines = ProgressLines(Console(file=file, width=100), every_s=10, clock=lambda: now[0])
    lines.started(total=10, done=2)
    for batches in (1, 1, 2):
        now[0] += 6
        lines.committed(batches)
    lines.finished()
    assert file.getvalue() == "encoding 8 of 10 batches\n4 of 10 batches, 0.2/s, 36 s left\n"
    assert lines.encoded == 4


def test_a_bar_counts_what_was_there_before():
    file = io.StringIO()
    bar = ProgressBar(Console(file=file, width=100, force_terminal=True, color_system=None))
    bar.started(total=10, done=2)
    bar.committed(3)
    bar.finished()
    assert "5/10" in file.getvalue()
    assert bar.encoded == 3
