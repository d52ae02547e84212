"""How an encode or a verification goes on: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

__all__ = ["Observer", "ProgressBar", "ProgressLines", "observer_for", "observing"]


class Observer:
    """Counts the batches of an encode, and shows nothing."""

    def __init__(self) -> None:
        self.total = 0
        self.before = 0
        self.done = 0

    @property
    def encoded(self) -> int:
        """Batches that were committed since the start."""
        return self.done - self.before

    def started(self, total: int, done: int) -> None:
        """An encode begins."""
        self.total, self.before, self.done = total, done, done

    def committed(self, batches: int) -> None:
        """More batches are committed."""
        self.done += batches

    def finished(self) -> None:
        """The encode ended."""


class ProgressBar(Observer):
    """A bar with count, rate and the time that is left."""

    def __init__(self, console: Console, verb: str = "encoding") -> None:
        super().__init__()
        self._progress = Progress(
            TextColumn(verb),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TextColumn("[dim]left[/]"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )

    def started(self, total: int, done: int) -> None:
        """Show the bar."""
        super().started(total, done)
        self._task = self._progress.add_task("", total=total, completed=done)
        self._progress.start()

    def committed(self, batches: int) -> None:
        """Move the bar."""
        super().committed(batches)
        self._progress.advance(self._task, batches)

    def finished(self) -> None:
        """Take the bar away."""
        self._progress.stop()


class _Rate(ProgressColumn):
    """Batches a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f}/s", style="progress.data.speed")


class ProgressLines(Observer):
    """A plain line when some time has passed.

    Args:
        console: Where the lines go.
        every_s: Seconds from one line to the next.
        clock: Tells the time in seconds.
        verb: What is done with the batches.
    """

    def __init__(
        self,
        console: Console,
        every_s: float = 10,
        clock: Callable[[], float] = time.monotonic,
        verb: str = "encoding",
    ) -> None:
        super().__init__()
        self._verb = verb
        self._console = console
        self._every_s = every_s
        self._clock = clock

    def started(self, total: int, done: int) -> None:
        """Say how much there is to do."""
        super().started(total, done)
        self._start = self._last = self._clock()
        self._console.print(f"{self._verb} {total - done} of {total} batches")

    def committed(self, batches: int) -> None:
        """Say how far it is, when it is time."""
        super().committed(batches)
        now = self._clock()
        if now - self._last >= self._every_s:
            self._last = now
            rate = self.encoded / (now - self._start)
            left_s = (self.total - self.done) / rate
            self._console.print(f"{self.done} of {self.total} batches, {rate:.1f}/s, {left_s:.0f} s left")


def observer_for(is_quiet: bool, verb: str = "encoding") -> Observer:
    """An observer that shows what fits where standard error goes."""
    console = Console(stderr=True, highlight=False)
    if is_quiet:
        return Observer()
    return ProgressBar(console, verb) if console.is_terminal else ProgressLines(console, verb=verb)


@contextmanager
def observing(is_quiet: bool, verb: str) -> Iterator[Callable[[int, int], None]]:
    """What to call with the number of batches that are done, and that of all."""
    observer = observer_for(is_quiet, verb)

    def observe(done: int, total: int) -> None:
        if observer.total == 0:
            observer.started(total, done - 1)
        observer.committed(1)

    try:
        yield observe
    finally:
        observer.finished()
