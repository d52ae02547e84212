"""Batches for the data loader of torch, a batch for each item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

from torch.utils.data import Dataset, get_worker_info

from zensols_like.loader.packed import pack
from zensols_like.loader.source import B, BatchSource, widen

__all__ = ["BatchDataset", "unwrap"]


class BatchDataset(Dataset[B], Generic[B]):
    """The batches of a split by number, decoded, on the CPU.

    Give it to ``torch.utils.data.DataLoader`` with ``batch_size=1, collate_fn=unwrap`` or with ``batch_size=None``.
    A batch that comes from a worker process has no stash: tie it again with ``stash.attach(batch)`` where it is needed.

    Args:
        source: The batches.
    """

    def __init__(self, source: BatchSource[B]) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(self.source.ids)

    def __getitem__(self, index: int) -> B:
        """The batch of a number, which may count from the end.

        Raises:
            IndexError: There is none.
        """
        return self._decoded([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[B]:
        """The batches of several numbers."""
        if type(self).__getitem__ is not BatchDataset.__getitem__:  # who changes what one is changes it for many, too
            return [self[index] for index in indices]
        return self._decoded(indices)

    def _decoded(self, indices: Sequence[int]) -> list[B]:
        ids = [self.source.ids[index] for index in indices]
        return [self._ready(batch) for _, batch in zip(ids, self.source.load_many(ids), strict=True)]

    def _ready(self, batch: B) -> B:
        tensors = widen(batch.attributes, self.source.wide_data_types)
        if get_worker_info() is not None:
            tensors = pack(tensors).views()  # one piece of shared memory for each batch, not for each tensor
        return self.source.holding(batch, tensors)


def unwrap(batches: Sequence[B]) -> B:
    """The one batch of a list, as ``collate_fn`` of a ``DataLoader`` with ``batch_size=1``.

    Example:
        >>> unwrap(["a batch"])
        'a batch'
    """
    (batch,) = batches
    return batch
