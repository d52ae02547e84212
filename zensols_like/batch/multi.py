"""The documented home of the stash whose workers make tensors, and what encodes report while they run."""

from __future__ import annotations

from typing import Protocol

from zensols_like.multi import TorchMultiProcessStash

__all__ = ["EncodeObserver", "TorchMultiProcessStash"]


class EncodeObserver(Protocol):
    """Whoever wants to know how an encode goes on; called in the parent process."""

    def started(self, total: int, done: int) -> None:
        """An encode begins: how many batches belong in the store, and how many are committed already."""

    def committed(self, batches: int) -> None:
        """So many more batches are committed."""

    def finished(self) -> None:
        """The encode ended, well or not."""
