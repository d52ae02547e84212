"""Which positions of padded sequences hold a value."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from zensols_like.errors import VectorizerError
from zensols_like.torchconfig import TorchTypes
from zensols_like.vectorize.context import FeatureContext, MaskFeatureContext
from zensols_like.vectorize.values import require_number
from zensols_like.vectorize.vectorizer import EncodableFeatureVectorizer

__all__ = ["MaskFeatureVectorizer"]


@dataclass
class MaskFeatureVectorizer(EncodableFeatureVectorizer):
    """A row for each sequence, with ones as far as the sequence goes; only the lengths are stored.

    Example:
        >>> MaskFeatureVectorizer.of("mask", data_type="DEFAULT_INT").transform(["ab", "abc"])
        tensor([[1, 1, 0],
                [1, 1, 1]], dtype=torch.int32)

    Shape: ``(n, size)``; without a size as wide as the longest sequence.  Dtype: `data_type`.  Device: CPU.
    """

    DESCRIPTION: ClassVar[str] = "mask"
    is_random: ClassVar[bool] = False
    encodes_data_type: ClassVar[bool] = False

    size: int = field(default=-1, metadata={"fingerprint": False})
    """The width; -1 for that of the longest sequence of a batch.  Longer sequences are cut."""

    data_type: torch.dtype | str = field(default="bool", metadata={"fingerprint": False})
    """Of the mask, or its name; ``DEFAULT_INT`` is the integer type of the torch configuration."""

    def __post_init__(self) -> None:
        require_number(self.size, "size", self._where())
        if isinstance(self.data_type, str) and self.data_type != "DEFAULT_INT":
            self.data_type = TorchTypes.type_from_string(self.data_type)

    def _get_shape(self) -> tuple[int, ...]:
        return -1, self.size

    def _encode(self, data: Iterable[Sized]) -> FeatureContext:
        sequences = list(data)
        wrong = [value for value in sequences if not isinstance(value, Sized)]
        if wrong:
            raise VectorizerError(f"{wrong[0]!r} has no length.", self._where(), "give a list of sequences")
        return MaskFeatureContext(self.feature_id, tuple(map(len, sequences)))

    def _decode(self, context: FeatureContext) -> Tensor | None:
        if not isinstance(context, MaskFeatureContext):
            return super()._decode(context)
        lengths = torch.tensor(context.sequence_lengths, dtype=torch.int64)
        width = max(context.sequence_lengths, default=0) if self.size < 0 else self.size
        mask = torch.arange(width) < lengths.unsqueeze(1)  # (n, width)
        return mask.to(self.torch_config.int_type if isinstance(self.data_type, str) else self.data_type)
