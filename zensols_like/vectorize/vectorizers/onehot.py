"""Labels as rows with a single one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from zensols_like.vectorize.context import FeatureContext, TensorFeatureContext
from zensols_like.vectorize.vectorizers.category import CategoryEncodableFeatureVectorizer, are_labels

__all__ = ["OneHotEncodedEncodableFeatureVectorizer", "one_hot"]


def one_hot(ids: Tensor, width: int, data_type: torch.dtype) -> Tensor:
    """Rows of zeros with a one at each ID.

    Shape: ``ids`` is ``(n,)``; the result ``(n, width)``.  Dtype: ``data_type``.  Device: that of ``ids``.
    """
    rows = torch.zeros(len(ids), width, dtype=data_type, device=ids.device)
    return rows.scatter_(1, ids.to(torch.int64).unsqueeze(1), 1)


@dataclass
class OneHotEncodedEncodableFeatureVectorizer(CategoryEncodableFeatureVectorizer):
    """Each label as a row with a one at its number; stored as the number in as few bytes as it needs.

    Example:
        >>> pet = OneHotEncodedEncodableFeatureVectorizer.of("pet", categories=["dog", "cat"], optimize_bools=False)
        >>> pet.transform(["dog", "cat"])
        tensor([[0., 1.],
                [1., 0.]])

    Shape: ``(n, len(categories))``, documented as ``(-1, len(categories))``; ``(n,)`` for two categories with
    `optimize_bools`, documented as ``(1,)``.  Dtype: that of the torch configuration.  Device: CPU.
    """

    DESCRIPTION: ClassVar[str] = "one-hot encoder"
    is_random: ClassVar[bool] = False
    decoding: ClassVar[str] = "rowwise"

    optimize_bools: bool
    """Represent two categories as zero and one instead of as rows."""

    def _get_shape(self) -> tuple[int, ...]:
        return (1,) if self._is_bool else (-1, len(self.label_encoder.classes_))

    @property
    def _is_bool(self) -> bool:
        return self.optimize_bools and len(self.label_encoder.classes_) == 2

    def encodes_rows(self, column: Sequence[Any]) -> bool:
        """Whether there is a label for each data point."""
        return are_labels(column)

    def _encode_ids(self, ids: Tensor) -> FeatureContext:
        return TensorFeatureContext(self.feature_id, ids.to(_narrowest(len(self.label_encoder.classes_))))

    def _decode(self, context: FeatureContext) -> Tensor | None:
        ids = super()._decode(context)
        if ids is None:
            return None
        if self._is_bool:
            return ids.to(self.torch_config.data_type)
        return one_hot(ids, len(self.label_encoder.classes_), self.torch_config.data_type)


def _narrowest(count: int) -> torch.dtype:
    """The narrowest integer type of so many numbers from zero."""
    types = (torch.uint8, torch.int16, torch.int32, torch.int64)
    return next(data_type for data_type in types if count - 1 <= torch.iinfo(data_type).max)
