"""All that a loader knows of where batches come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeAlias, TypeVar

import torch
from torch import Tensor

__all__ = ["BatchSource", "LoadedBatch", "Tensors", "widen"]

Tensors: TypeAlias = Mapping[str, Tensor | None]
"""Tensors by attribute; ``None`` for what is missing."""


class LoadedBatch(Protocol):
    """What a loader asks of a batch."""

    @property
    def attributes(self) -> Tensors:
        """The tensors on the CPU, decoded when first asked."""


B = TypeVar("B", bound=LoadedBatch)


@dataclass(frozen=True)
class BatchSource(Generic[B]):
    """The batches of one split, as a value: what a loader and its workers need, and nothing else.

    The functions are pickled for worker processes.
    """

    name: str
    """What messages call it, as ``train of batch_stash``."""
    digest: str
    """Says which batches these are and in which order; equal for equal stores, wherever they lie."""
    ids: Sequence[str]
    """The IDs of the batches, in order."""
    load_many: Callable[[Sequence[str]], Iterable[B]]
    """Reads and verifies batches, exactly one for each ID, in their order, each when it is its turn; may be called by
    several threads."""
    holding: Callable[[B, Tensors], B]
    """A copy of a batch that holds these tensors instead of its own."""
    attach: Callable[[B], B]
    """Ties a batch again that came from another process."""
    device: torch.device
    """Where the model is."""
    batch_size: int = 1
    """The number of data points of a batch."""
    is_last_short: bool = False
    """Whether the last batch has fewer."""
    size_bytes: Callable[[str], int] | None = None
    """How many bytes a batch has in its store, without reading it; ``None`` where nobody knows."""
    wide_data_types: Mapping[str, torch.dtype] = field(default_factory=dict)
    """By name the data types that tensors get where the model is, if they are others there."""


def widen(tensors: Tensors, data_types: Mapping[str, torch.dtype]) -> Tensors:
    """The tensors, some of them in another data type.

    Device: that of each tensor.

    Example:
        >>> widen({"image": torch.tensor([255], dtype=torch.uint8)}, {"image": torch.float32})
        {'image': tensor([255.])}
    """
    if not data_types:
        return tensors
    return {name: None if one is None else one.to(data_types.get(name, one.dtype)) for name, one in tensors.items()}
