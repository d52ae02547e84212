"""Named points at which a test makes a process fail; off unless the environment says otherwise.

    ZENSOLS_LIKE_FAILPOINTS="file.write=oserror:ENOSPC@3;journal.write=kill"

A point is a name of `POINTS`, ``=`` and what happens there: ``kill`` (the process kills itself with signal 9),
``oserror:NAME`` (the error of that name is raised) or ``sleep:SECONDS``.  ``@n`` restricts it to the n-th pass in a
process.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from dataclasses import dataclass

__all__ = ["POINTS", "VARIABLE", "failpoint"]

VARIABLE = "ZENSOLS_LIKE_FAILPOINTS"

POINTS = (
    "worker.begin",
    "worker.done",
    "file.write",
    "file.replace",
    "shard.write",
    "shard.sync",
    "journal.write",
    "journal.sync",
)
"""All that there are."""


@dataclass
class _Point:
    name: str
    action: str
    value: str
    only_pass: int | None
    passes: int = 0

    def pass_by(self) -> None:
        self.passes += 1
        if self.only_pass not in (None, self.passes):
            return
        if self.action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.action == "sleep":
            time.sleep(float(self.value))
        else:
            number = getattr(errno, self.value)
            raise OSError(number, f"{os.strerror(number)} (failpoint {self.name}, pass {self.passes})")


def _parse(text: str) -> dict[str, _Point]:
    points = {}
    for entry in filter(None, text.split(";")):
        name, _, what = entry.partition("=")
        what, _, only_pass = what.partition("@")
        action, _, value = what.partition(":")
        if name not in POINTS:
            raise ValueError(f"{VARIABLE} has no point {name!r}, in {entry!r}: use {', '.join(POINTS)}")
        if action not in ("kill", "sleep", "oserror"):
            raise ValueError(
                f"{VARIABLE} has no action {action!r}, in {entry!r}: use kill, sleep:SECONDS or oserror:NAME"
            )
        points[name] = _Point(name, action, value, int(only_pass) if only_pass else None)
    return points


_points = _parse(os.environ.get(VARIABLE, ""))


def failpoint(name: str) -> None:
    """A point at which a test makes this process fail."""
    point = _points.get(name)
    if point is not None:
        point.pass_by()
