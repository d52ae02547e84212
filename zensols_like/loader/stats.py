"""Where the time of a loop goes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from operator import sub
from threading import Lock
from typing import Any

from zensols_like.loader.pace import WINDOW, Pace

__all__ = ["DeliveryLog", "LoaderStats"]

_STAGES = ("read_s", "decode_s", "transform_s", "copy_s")
_SKIPPED_IDS = 100


@dataclass
class LoaderStats:
    """Counts of a loader, since it was made or since the last reset.  Times are in seconds.

    Example:
        >>> stats = LoaderStats(batches=100, steps=99, wait_s=0.031 * 9.9, step_s=0.969 * 9.9, read_s=0.2)
        >>> print(stats)
        data wait 3.1 % of step · step 96.9 ms, wait 3.1 ms · mostly read 2.0 ms · ready 0.0 · 0.0 MB, 0 skipped
    """

    batches: int = 0
    """Batches that the loop got."""
    nbytes: int = 0
    """Bytes of their tensors."""
    first_wait_s: float = 0.0
    """How long the loop waited for the first batch of each epoch, when nothing could be read ahead."""
    steps: int = 0
    """Batches but the first of each epoch; the next two are about these."""
    wait_s: float = 0.0
    """How long the loop waited for them."""
    step_s: float = 0.0
    """How long the loop worked before it asked for them."""
    read_s: float = 0.0
    """Reading and verifying, in the workers."""
    decode_s: float = 0.0
    """Decoding, in the workers."""
    transform_s: float = 0.0
    """The transform, wherever it runs."""
    copy_s: float = 0.0
    """Packing, and starting the copies to the device."""
    ready: int = 0
    """Sum over all batches: how many were ahead of the loop when it asked; none where it had to wait for the first."""
    cached: int = 0
    """Batches that came from the cache."""
    skipped: int = 0
    """Batches that could not be read and were skipped."""
    skipped_ids: list[str] = field(default_factory=list)
    """The IDs of the first hundred of them."""

    @property
    def wait_share(self) -> float:
        """The part of the time of the loop that it waited for data, from 0 to 1."""
        total = self.wait_s + self.step_s
        return self.wait_s / total if total > 0 else 0.0

    @property
    def slowest(self) -> str:
        """The stage that took most time: ``read``, ``decode``, ``transform`` or ``copy``."""
        return max(_STAGES, key=lambda stage: float(getattr(self, stage))).removesuffix("_s")

    @property
    def queue_depth(self) -> float:
        """How many batches were ready on average when the loop asked for one."""
        return self.ready / self.batches if self.batches else 0.0

    def snapshot(self, reset: bool = False) -> LoaderStats:
        """A copy that does not change any more.

        Args:
            reset: Whether this object counts from zero again.
        """
        taken = replace(self, skipped_ids=list(self.skipped_ids))
        if reset:  # but for what another thread has counted just now
            for name in vars(LoaderStats()).keys() - {"skipped_ids"}:
                setattr(self, name, getattr(self, name) - getattr(taken, name))
            del self.skipped_ids[: len(taken.skipped_ids)]
        return taken

    def loaded(self, read_s: float, decode_s: float, transform_s: float, copy_s: float) -> None:
        """Count what was done for a batch."""
        self.read_s += read_s
        self.decode_s += decode_s
        self.transform_s += transform_s
        self.copy_s += copy_s

    def skip(self, batch_id: str) -> None:
        """Count a batch that was skipped."""
        self.skipped += 1
        if len(self.skipped_ids) < _SKIPPED_IDS:
            self.skipped_ids.append(batch_id)

    def as_dict(self) -> dict[str, Any]:
        """All counts, and what follows from them."""
        return {
            **asdict(self),
            "wait_share": self.wait_share,
            "queue_depth": self.queue_depth,
            "slowest": self.slowest,
        }

    def to_json(self) -> str:
        """`as_dict` as a line of JSON."""
        return json.dumps(self.as_dict())

    def __str__(self) -> str:
        steps, batches = max(1, self.steps), max(1, self.batches)
        slowest = getattr(self, f"{self.slowest}_s") / batches
        return (
            f"data wait {self.wait_share:.1%} of step".replace("%", " %")
            + f" · step {self.step_s / steps * 1e3:.1f} ms, wait {self.wait_s / steps * 1e3:.1f} ms"
            + f" · mostly {self.slowest} {slowest * 1e3:.1f} ms · ready {self.queue_depth:.1f}"
            + f" · {self.nbytes / 1e6:.1f} MB, {self.skipped} skipped"
        )


class DeliveryLog:
    """What the loop got and is not counted yet.

    Adding up for each batch costs some microseconds, since after a step hardly anything that it needs is in the caches
    of the processor.  For many batches it costs little more, and whoever reads ahead does it for the loop.

    Args:
        stats: Where to count.
        pace: Takes notice of the times, a window at a time.
    """

    def __init__(self, stats: LoaderStats, pace: Pace | None = None) -> None:
        self.entries: list[tuple[float, float, int, int, tuple[float, float, float, float]]] = []
        """Of each batch when the loop asked and when it got it, how many were there then, its bytes, and what reading,
        decoding, transform and packing took."""
        self.stats = stats
        self._pace = pace
        self._periods: list[float] = []
        self._worked_s = self._loaded_s = 0.0
        self._given: float | None = None
        self._lock = Lock()

    def begin(self) -> None:
        """Begin an epoch, before whose first batch there is no step."""
        self.settle()
        self._given = None

    def settle(self) -> None:
        """Count what is there; any thread may ask for that."""
        with self._lock:
            self._settle()

    def catch_up(self) -> None:
        """Count what is there if that is worth it, unless another thread does; never waits."""
        if len(self.entries) >= WINDOW and self._lock.acquire(blocking=False):
            try:
                self._settle()
            finally:
                self._lock.release()

    def _settle(self) -> None:
        count = len(self.entries)
        if count > 0:
            self._count(self.entries[:count])
            del self.entries[:count]  # the loop may have added others meanwhile
            self._tell()

    def _count(self, entries: list[Any]) -> None:
        stats = self.stats
        asked, given, ready, nbytes, times = zip(*entries, strict=True)
        waits = list(map(sub, given, asked))
        before = given[:-1] if self._given is None else (self._given, *given[:-1])
        first = len(given) - len(before)
        periods = list(map(sub, given[first:], before))
        wait_s = sum(waits[first:])
        worked_s = sum(periods) - wait_s
        stats.batches += len(given)
        stats.steps += len(periods)
        stats.ready += sum(ready)
        stats.nbytes += sum(nbytes)
        stats.first_wait_s += sum(waits[:first])
        stats.wait_s += wait_s
        stats.step_s += worked_s
        stats.loaded(*map(sum, zip(*times, strict=True)))
        self._given = given[-1]
        self._periods += periods
        self._worked_s += worked_s
        self._loaded_s += sum(map(sum, times[first:]))

    def _tell(self) -> None:
        if len(self._periods) >= WINDOW:
            if self._pace is not None:
                count = len(self._periods)
                self._pace.saw(self._periods, self._worked_s / count, self._loaded_s / count)
            self._periods, self._worked_s, self._loaded_s = [], 0.0, 0.0
