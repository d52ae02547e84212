"""What is stored of a value between encode and decode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from zensols_like.persist import register
from zensols_like.persist.formats.tensors import byte_view
from zensols_like.torchconfig import TorchConfig

__all__ = [
    "FeatureContext",
    "MaskFeatureContext",
    "MultiFeatureContext",
    "NullFeatureContext",
    "PackedFeatureContext",
    "SparseTensorFeatureContext",
    "TensorFeatureContext",
    "put_together",
]


@register
@dataclass
class FeatureContext:
    """What a vectorizer needs to make its tensor; small, and holds no vectorizer.

    A subclass must be registered with `zensols_like.persist.register` to be stored in records.
    """

    feature_id: str
    """The vectorizer that made it, and that can decode it."""


@register
@dataclass
class NullFeatureContext(FeatureContext):
    """There is no value; decodes to ``None``."""


@register
@dataclass
class TensorFeatureContext(FeatureContext):
    """The tensor itself."""

    tensor: Tensor
    """On the CPU."""


_INDEXED = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}
"""In place of types into which torch cannot write by position, some of the same size."""


@register
@dataclass
class SparseTensorFeatureContext(FeatureContext):
    """The elements of a tensor that are not zero, where that is smaller than the tensor.

    Of any data type and number of dimensions; the tensor comes back bit by bit.

    Example:
        >>> context = SparseTensorFeatureContext.instance("one", torch.eye(9, dtype=torch.bfloat16))
        >>> torch.equal(context.to_tensor(), torch.eye(9, dtype=torch.bfloat16))
        True
    """

    USE_SPARSE: ClassVar[bool] = True
    """Set to ``False`` to keep every tensor as it is."""

    sparse_data: Tensor | tuple[Tensor, Tensor, Tensor]
    """The shape, the positions in the flattened tensor and the elements there; or just the tensor."""

    @classmethod
    def instance(cls, feature_id: str, arr: Tensor, torch_config: TorchConfig | None = None) -> Self:
        """The context of a tensor.

        Args:
            feature_id: The vectorizer that will decode it.
            arr: Any tensor, sparse or dense.
            torch_config: Nothing depends on it; it is taken since the documented method has it.
        """
        del torch_config
        dense = arr.detach().cpu().to_dense().contiguous()
        return cls(feature_id, cls._sparse(dense) if cls.USE_SPARSE else dense)

    @staticmethod
    def _sparse(dense: Tensor) -> Tensor | tuple[Tensor, Tensor, Tensor]:
        flat = dense.reshape(-1)
        # a negative zero has bits, so bytes are compared rather than numbers
        marks = byte_view(flat).reshape(len(flat), dense.itemsize).any(1)
        positions = marks.nonzero().squeeze(1)
        if len(flat) < 2**31:
            positions = positions.to(torch.int32)
        if len(positions) * (positions.itemsize + dense.itemsize) + 8 * dense.dim() >= dense.nbytes:
            return dense
        return torch.tensor(dense.shape), positions, flat[positions]

    def to_tensor(self, torch_config: TorchConfig | None = None) -> Tensor:
        """The dense tensor.

        Args:
            torch_config: Says on which device; the CPU when not given.
        """
        if isinstance(self.sparse_data, Tensor):
            dense = self.sparse_data
        else:
            shape, positions, values = self.sparse_data
            sizes: list[int] = shape.tolist()
            dense = torch.zeros(sizes, dtype=values.dtype)
            bits = _INDEXED.get(values.dtype, values.dtype)
            dense.view(-1).view(bits)[positions] = values.view(bits)
        return dense if torch_config is None else torch_config.to(dense)

    @property
    def sparse_arr(self) -> Tensor:
        """The tensor as a sparse one of torch."""
        return self.to_tensor().to_sparse()


@register
@dataclass
class MultiFeatureContext(FeatureContext):
    """The contexts of several values."""

    contexts: tuple[FeatureContext, ...]
    """One for each value."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no value in it."""
        return all(
            isinstance(context, NullFeatureContext) or (isinstance(context, MultiFeatureContext) and context.is_empty)
            for context in self.contexts
        )


@register
class PackedFeatureContext(MultiFeatureContext):
    """The contexts of several values that are tensors alike, as one tensor, which is how they are stored.

    Args:
        feature_id: The vectorizer that made it.
        inner_id: The vectorizer that made the context of each value.
        tensor: The tensors of all values, put together.  Shape: ``(sum(lengths), …)``.
        lengths: The first dimension of each.  Shape: ``(n,)``.  Dtype: int64.
    """

    def __init__(self, feature_id: str, inner_id: str, tensor: Tensor, lengths: Tensor) -> None:
        self.feature_id = feature_id
        self.inner_id = inner_id
        self.tensor = tensor
        self.lengths = lengths

    @property
    def contexts(self) -> tuple[FeatureContext, ...]:  # type: ignore[override]  # made of what is stored
        """One for each value, with views of the tensor."""
        parts = torch.split(self.tensor, self.lengths.tolist())
        return tuple(TensorFeatureContext(self.inner_id, part) for part in parts)

    @classmethod
    def pack(cls, feature_id: str, contexts: tuple[FeatureContext, ...]) -> MultiFeatureContext:
        """The contexts of several values, as one tensor where they can be."""
        packed = put_together(contexts)
        if packed is None:
            return MultiFeatureContext(feature_id, contexts)
        return cls(feature_id, contexts[0].feature_id, *packed)


def put_together(contexts: Sequence[FeatureContext]) -> tuple[Tensor, Tensor] | None:
    """The tensors of contexts as one, and the length of each.

    Returns:
        ``None`` where one has no tensor, or one without dimensions or of another data type or another shape of a row,
        or belongs to another vectorizer; and for less than two.
    """
    tensors = [context.tensor for context in contexts if type(context) is TensorFeatureContext]
    if len(tensors) < max(len(contexts), 2):
        return None
    first = tensors[0]
    for tensor in tensors:
        if tensor.dim() == 0 or tensor.dtype != first.dtype or tensor.shape[1:] != first.shape[1:]:
            return None
    if len({context.feature_id for context in contexts}) > 1:
        return None
    return torch.cat(tensors), torch.tensor([len(tensor) for tensor in tensors])


@register
@dataclass
class MaskFeatureContext(FeatureContext):
    """How long each sequence is, which is all that a mask needs."""

    sequence_lengths: tuple[int, ...]
    """One for each sequence."""

    def __getstate__(self) -> dict[str, Any]:
        # as an array, the numbers lie outside of what describes a record
        return {**vars(self), "sequence_lengths": np.asarray(self.sequence_lengths, dtype=np.int64)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)
        self.sequence_lengths = tuple(state["sequence_lengths"].tolist())
