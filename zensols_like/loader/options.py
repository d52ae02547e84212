"""What a user may choose about a loader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from zensols_like.errors import ConfigurationError
from zensols_like.loader.shard import ShardContext
from zensols_like.loader.source import Tensors

__all__ = ["LoaderOptions"]

_ALLOWED: dict[str, Sequence[Any]] = {
    "worker_type": ("thread", "process"),
    "cache": (None, "cpu", "cuda"),
    "on_error": ("raise", "skip"),
}
_MOST_AHEAD = 16
_AHEAD_BYTES = 1 << 24
_AT_LEAST = {"prefetch": 0, "workers": 0, "max_bytes": 1}


@dataclass(frozen=True)
class LoaderOptions:
    """The options of ``BatchStash.loader``.

    Example:
        >>> LoaderOptions(cache="disk")
        Traceback (most recent call last):
        ...
        zensols_like.errors.ConfigurationError: There is no cache='disk'.
          where: options of the loader
          fix: use one of [None, 'cpu', 'cuda']
    """

    shuffle: str | None = None
    """``batch`` for another order of the batches in every epoch."""
    seed: int = 0
    """Of the order and of the transform; the same on all ranks."""
    drop_last: bool = False
    """Leave the last batch of the split out, if it has fewer data points than the others."""
    uneven: str = "pad"
    """What happens where the ranks do not get equally many batches; see `BatchSchedule`."""
    epochs: int | None = None
    """How many epochs there are; no end when ``None``."""
    steps_per_epoch: int | None = None
    """The steps of an epoch; all data once when ``None``."""
    shard: ShardContext | None = None
    """Which rank this process is; found out when ``None``."""
    device: torch.device | str | None = None
    """Where the tensors go; the device of the stash's model when ``None``."""
    prefetch: int | None = None
    """How many batches are read ahead of the loop.  When ``None``, two or one for each worker, and of small batches as
    many as have 16 MiB together, 16 at most: to call a worker costs some microseconds, which many batches share."""
    max_bytes: int | None = None
    """How many bytes of batches, as they are stored, are read ahead at most; one batch always is."""
    workers: int = 1
    """How many workers read ahead; with 0 the loop reads when it asks for a batch."""
    worker_type: str = "thread"
    """``thread``, since decoding makes views, or ``process`` for vectorizers or a transform that compute."""
    cache: str | None = None
    """Where batches stay after they were read once: ``cpu``, ``cuda`` for the device of the loader, or nowhere."""
    transform: Callable[[Tensors], Tensors] | None = None
    """Makes other tensors of those of a batch, on the CPU.  The generators of random, numpy and torch are seeded for
    it from the seed, the epoch and the batch.  It runs in the worker processes; without these, or with a cache, in the
    thread of the loop, since threads share these generators."""
    on_error: str = "raise"
    """What happens with a batch that cannot be read: ``raise``, or ``skip``, which `LoaderStats` counts.  A step
    that is skipped is done; an epoch of which no batch can be read raises the last error."""

    def __post_init__(self) -> None:
        for name, allowed in _ALLOWED.items():
            if getattr(self, name) not in allowed:
                raise _refuse(f"There is no {name}={getattr(self, name)!r}.", f"use one of {list(allowed)}")
        for name, least in _AT_LEAST.items():
            value = getattr(self, name)
            if value is None and name != "workers":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise _refuse(f"The option {name} is {value!r}.", f"use a whole number of at least {least}")
        if not isinstance(self.shard, ShardContext | None):
            raise _refuse(f"The option shard is {self.shard!r}.", "use ShardContext(num_shards, index), or None")
        if self.transform is not None and not callable(self.transform):
            raise _refuse(f"The option transform is {self.transform!r}.", "use a function of tensors by name, or None")
        try:
            torch.device(self.device or "cpu")
        except (RuntimeError, TypeError) as error:
            raise _refuse(f"There is no device={self.device!r}.", "use a name such as cpu or cuda:1") from error
        if self.cache == "cuda" and self.transform is not None:
            raise _refuse(
                "A transform runs before the copy to the device, where cache='cuda' keeps batches.",
                "use cache='cpu', or transform the batch in the loop",
            )

    @property
    def reads_ahead(self) -> bool:
        """Whether anybody reads while the loop works."""
        return self.uses_processes or (self.workers > 0 and self.prefetch != 0)

    def depth(self, nbytes: int) -> int:
        """How many batches of a size are read ahead.

        Example:
            >>> [LoaderOptions().depth(nbytes) for nbytes in (10_000, 1_000_000, 100_000_000)]
            [16, 16, 2]
        """
        if self.workers == 0 or self.prefetch is not None:
            return self.prefetch or 0 if self.workers else 0
        return max(2, self.workers, min(_MOST_AHEAD, _AHEAD_BYTES // max(1, nbytes)))

    @property
    def uses_processes(self) -> bool:
        """Whether there are worker processes."""
        return self.workers > 0 and self.worker_type == "process"

    @property
    def transforms_in_worker(self) -> bool:
        """Whether the transform runs where its random generators are nobody else's."""
        return self.uses_processes and self.cache is None


def _refuse(what: str, fix: str) -> ConfigurationError:
    return ConfigurationError(what, "options of the loader", fix)
