"""Texts as their bytes, as many as there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from zensols_like.vectorize import EncodableFeatureVectorizer, FeatureContext, TensorFeatureContext


@dataclass
class ByteVectorizer(EncodableFeatureVectorizer):
    """The bytes of a text in UTF-8.

    Shape: ``(length,)``.  Dtype: uint8.  Device: CPU.
    """

    DESCRIPTION: ClassVar[str] = "bytes of a text"
    version: ClassVar[int] = 1
    encodes_data_type: ClassVar[bool] = False

    def _get_shape(self) -> tuple[int, ...]:
        return (-1,)

    def _encode(self, data: str) -> FeatureContext:
        return TensorFeatureContext(self.feature_id, torch.tensor(list(data.encode()), dtype=torch.uint8))
