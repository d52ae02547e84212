"""Who encodes, and whom they tell; also the documented home of the stash whose workers make tensors."""

from __future__ import annotations

import multiprocessing
import os
import threading
from typing import Protocol

import torch

from zensols_like.batch.store import BatchStore
from zensols_like.errors import DeepLearnError, MissingBatchError
from zensols_like.multi import TorchMultiProcessStash, refuse_while_starting

__all__ = ["EncodeObserver", "TorchMultiProcessStash", "Turn", "require_encoder"]


class EncodeObserver(Protocol):
    """Whoever wants to know how an encode goes on; called in the parent process."""

    def started(self, total: int, done: int) -> None:
        """An encode begins: how many batches belong in the store, and how many are committed already."""

    def committed(self, batches: int) -> None:
        """So many more batches are committed."""

    def finished(self) -> None:
        """The encode ended, well or not."""


class Turn:
    """Whose turn it is to encode, among the threads of a process; a stash shares it with its views.

    Other threads wait.  The thread that encodes may not ask for batches, which would wait for itself.

    Args:
        where: What to call the stash in an error.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._lock = threading.Lock()
        self._thread: int | None = None

    def __enter__(self) -> None:
        if self._thread == threading.get_ident():
            raise DeepLearnError(
                "The batches are asked for while they are encoded.",
                self._where,
                "let no vectorizer or data point load batches of its own stash",
            )
        self._lock.acquire()
        self._thread = threading.get_ident()

    def __exit__(self, *_: object) -> None:
        self._thread = None
        self._lock.release()

    def __reduce__(self) -> tuple[type[Turn], tuple[str]]:
        """Another process has its own."""
        return Turn, (self._where,)


def require_encoder(store: BatchStore) -> None:
    """Refuse to encode anywhere but in the main process of the first rank, into a store that can be written to.

    Raises:
        WorkerError: A worker that starts imports a main file without a guard.
        MissingBatchError: This is no such process, or no such store.
    """
    refuse_while_starting()
    reason, where = None, "in the main process"
    if multiprocessing.parent_process() is not None:
        reason = "this is a worker process"
    elif (rank := _rank()) > 0:
        reason = f"this is rank {rank}, and the first one encodes"
    elif not store.folder.is_writable():
        reason, where = "the store cannot be written to", "where it can be written to"
    if reason is not None:
        lack = "have to be encoded again" if store.is_complete else f"are not all encoded ({store.status.value})"
        raise MissingBatchError(
            f"The batches {lack}, and {reason}.",
            store.location,
            f"encode them before: zensols-like encode -c FILE, or call prime() {where}",
        )


def _rank() -> int:
    """The rank of this process among those that train together; 0 when it is alone."""
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank()
    return int(os.environ.get("RANK", "0"))
