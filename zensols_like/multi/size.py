"""How many workers there are and how large a piece of work is."""

from __future__ import annotations

import math
import os
import sys
from fractions import Fraction
from functools import cache
from pathlib import Path

from zensols_like.errors import ConfigurationError

__all__ = ["LARGEST_PIECE", "available_cpus", "chunk_length", "worker_count"]

PIECES_PER_WORKER = 8
"""How many pieces a worker gets when their size is left to us: enough that a slow one does not hold up the rest."""
LARGEST_PIECE = 100
"""How long a piece may be then: what is lost when a process is killed is at most one piece a worker."""


def available_cpus() -> int:
    """The CPUs that this process may use: what it is pinned to, and no more than its cgroup's quota.

    Example:
        >>> available_cpus() >= 1
        True
    """
    pinned = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, math.ceil(min(pinned, _own_quota_cpus())))


@cache
def _own_quota_cpus() -> float:
    """The quota of this process, which is hardly ever changed while it runs, and takes a while to find."""
    return _quota_cpus(Path("/"))


def _quota_cpus(root: Path) -> float:
    """The least number of CPUs that a cgroup of this process, or one above it, grants; infinity without a quota."""
    granted = [math.inf]
    for line in _words_of(root / "proc/self/cgroup", "\n"):
        _, controllers, path = line.split(":", 2)
        below = Path(path.lstrip("/"))
        for group in (below, *below.parents):
            if controllers == "":  # version 2
                granted.append(_share(_words_of(root / "sys/fs/cgroup" / group / "cpu.max")))
            elif "cpu" in controllers.split(","):
                folder = root / "sys/fs/cgroup/cpu" / group
                granted.append(_share(_words_of(folder / "cpu.cfs_quota_us") + _words_of(folder / "cpu.cfs_period_us")))
    return min(granted)


def _share(quota_and_period: list[str]) -> float:
    if len(quota_and_period) != 2 or quota_and_period[0] in ("max", "-1"):
        return math.inf
    quota, period = map(int, quota_and_period)
    return quota / period


def _words_of(path: Path, separator: str | None = None) -> list[str]:
    """The words of a file; none when it is not there or may not be read, as on systems without cgroups."""
    try:
        return path.read_text().strip().split(separator) if path.is_file() else []
    except OSError:
        return []


def worker_count(workers: int | float, where: str = "workers") -> int:
    """How many workers an option stands for.

    Args:
        workers: A number of workers; 0 for one on each available CPU, less than 0 for all but so many, a fraction in
            (0, 1] for that share of all, rounded up.
        where: What an error says about where the option stands.

    Raises:
        ConfigurationError: The option makes no sense, or leaves no worker.

    Example:
        >>> worker_count(3)
        3
        >>> worker_count(0) == worker_count(1.0) == available_cpus()
        True
    """
    fix = "use a number of workers, 0 for all CPUs, -n for all but n, or a share of all as a fraction in (0, 1]"
    if isinstance(workers, bool) or not isinstance(workers, int | float):
        raise ConfigurationError(f"Not a number of workers: {workers!r}.", where, fix)
    if isinstance(workers, int) and workers > 0:
        return workers
    cpus = available_cpus()
    if isinstance(workers, float):
        if not 0 < workers <= 1:  # NaN is not, either
            raise ConfigurationError(f"Not a share of the CPUs: {workers!r}.", where, fix)
        return math.ceil(Fraction(str(workers)) * cpus)  # as written: 0.07 of 100 is 7
    count = cpus + workers
    if count < 1:
        raise ConfigurationError(f"No worker is left: {workers} of {cpus} CPUs.", where, fix)
    return count


def chunk_length(chunk_size: int, n_items: int, workers: int, where: str = "chunk_size") -> int:
    """How many items a piece of work has.

    Args:
        chunk_size: The length asked for; 0 for small pieces: about eight a worker, so that the work balances, and no
            more than a hundred items, since what is not finished when a process is killed is done again.
        n_items: How many items there are.
        workers: How many workers share them.
        where: What an error says about where the option stands.

    Raises:
        ConfigurationError: ``chunk_size`` is not a whole number, or less than 0.

    Example:
        >>> chunk_length(0, n_items=1600, workers=2), chunk_length(0, n_items=3, workers=2), chunk_length(50, 10, 2)
        (100, 1, 50)
    """
    if isinstance(chunk_size, bool) or not isinstance(chunk_size, int) or chunk_size < 0:
        raise ConfigurationError(
            f"Not a size of a chunk: {chunk_size!r}.", where, "use a whole number of items, or 0 for automatic"
        )
    balanced = math.ceil(n_items / (workers * PIECES_PER_WORKER))
    return chunk_size or min(LARGEST_PIECE, max(1, balanced))
