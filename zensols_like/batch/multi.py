"""Who encodes, and whom they tell; also the documented home of the stash whose workers make tensors."""

from __future__ import annotations

import multiprocessing
import os
from typing import Protocol

import torch

from zensols_like.batch.store import BatchStore
from zensols_like.errors import MissingBatchError
from zensols_like.multi import TorchMultiProcessStash, refuse_while_starting

__all__ = ["EncodeObserver", "TorchMultiProcessStash", "require_encoder"]


class EncodeObserver(Protocol):
    """Whoever wants to know how an encode goes on; called in the parent process."""

    def started(self, total: int, done: int) -> None:
        """An encode begins: how many batches belong in the store, and how many are committed already."""

    def committed(self, batches: int) -> None:
        """So many more batches are committed."""

    def finished(self) -> None:
        """The encode ended, well or not."""


def require_encoder(store: BatchStore) -> None:
    """Refuse to encode anywhere but in the main process of the first rank, into a store that can be written to.

    Raises:
        WorkerError: A worker that starts imports a main file without a guard.
        MissingBatchError: This is no such process, or no such store.
    """
    refuse_while_starting()
    reason = None
    if multiprocessing.parent_process() is not None:
        reason = "this is a worker process"
    elif (rank := _rank()) > 0:
        reason = f"this is rank {rank}, and the first one encodes"
    elif not store.folder.is_writable():
        reason = "the store cannot be written to"
    if reason is not None:
        raise MissingBatchError(
            f"The batches are not all encoded ({store.status.value}), and {reason}.",
            store.location,
            "encode them before: zensols-like encode, or call prime() in the main process",
        )


def _rank() -> int:
    """The rank of this process among those that train together; 0 when it is alone."""
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank()
    return int(os.environ.get("RANK", "0"))
