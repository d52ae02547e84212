"""Tensors as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from zensols_like.errors import VectorizerError
from zensols_like.vectorize.context import FeatureContext, TensorFeatureContext
from zensols_like.vectorize.vectorizer import EncodableFeatureVectorizer

__all__ = ["IdentityEncodableFeatureVectorizer"]


@dataclass
class IdentityEncodableFeatureVectorizer(EncodableFeatureVectorizer):
    """Stores a tensor, or several put together.

    A list of numbers in tensors without dimensions becomes one dimension; other tensors are joined along their first.

    Example:
        >>> IdentityEncodableFeatureVectorizer.of("id").transform([torch.zeros(1, 2), torch.ones(2, 2)]).shape
        torch.Size([3, 2])

    Shape: ``(-1,)``; that of the tensors.  Dtype: that of the tensors.  Device: CPU.
    """

    DESCRIPTION: ClassVar[str] = "identity"
    is_random: ClassVar[bool] = False
    encodes_data_type: ClassVar[bool] = False

    def _get_shape(self) -> tuple[int, ...]:
        return (-1,)

    def _encode(self, data: Tensor | Iterable[Tensor]) -> FeatureContext:
        return TensorFeatureContext(self.feature_id, self._join(data))

    def encode_column(self, column: Sequence[Any]) -> FeatureContext | tuple[FeatureContext, ...]:
        """All values as one tensor."""
        parts = [self._join(value) for value in column]
        if any(part.dim() == 0 for part in parts):
            raise VectorizerError(
                "A tensor without dimensions has no rows that could make a batch.",
                self._where(),
                "map the attribute with is_agg=True, or give tensors with one dimension",
            )
        return TensorFeatureContext(self.feature_id, self._cat(parts))

    def _join(self, data: Tensor | Iterable[Tensor]) -> Tensor:
        if isinstance(data, Tensor):
            return data.detach().cpu()
        parts = list(data) if isinstance(data, Iterable) else [data]
        wrong = [part for part in parts if not isinstance(part, Tensor)]
        if wrong:
            raise VectorizerError(f"Expecting tensors, but got {wrong[0]!r}.", self._where(), "give tensors")
        parts = [part.detach().cpu() for part in parts]
        if parts and all(part.dim() == 0 for part in parts):
            return torch.stack(parts)
        return self._cat(parts)

    def _cat(self, parts: list[Tensor]) -> Tensor:
        if not parts:
            return torch.empty(0, dtype=self.torch_config.data_type)
        try:
            return torch.cat(parts)
        except RuntimeError as error:
            raise VectorizerError(
                f"Tensors of shapes {[tuple(part.shape) for part in parts]} cannot be joined.",
                self._where(),
                "give tensors whose dimensions after the first are equal",
            ) from error
