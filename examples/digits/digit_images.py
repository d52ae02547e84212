"""A digit as a data point, its vectorizer and its batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from zensols_like.batch import Batch, BatchFeatureMapping, DataPoint, FieldFeatureMapping, ManagerFeatureMapping
from zensols_like.vectorize import EncodableFeatureVectorizer, FeatureContext, TensorFeatureContext


@dataclass
class ImageVectorizer(EncodableFeatureVectorizer):
    """Grey images: stored as bytes, decoded to numbers from 0 to 1.

    Shape: ``(n, 1, 8, 8)``.  Dtype: uint8 as stored; that of the torch configuration when decoded.  Device: CPU.
    """

    DESCRIPTION = "grey image"
    decoding: ClassVar[str] = "rowwise"  # the images of a batch are decoded in one go
    encodes_data_type: ClassVar[bool] = False  # what is stored is the same for every type of the tensor

    def _get_shape(self) -> tuple[int, ...]:
        return -1, 1, 8, 8

    def _encode(self, data: np.ndarray[Any, Any]) -> FeatureContext:
        return TensorFeatureContext(self.feature_id, torch.from_numpy(data).reshape(1, 1, 8, 8))

    def _decode(self, context: FeatureContext) -> Tensor | None:
        pixels = super()._decode(context)
        return None if pixels is None else pixels.to(self.torch_config.data_type) / 16


@dataclass
class DigitPoint(DataPoint):
    """A digit that somebody wrote."""

    row: dict[str, Any]

    @property
    def image(self) -> np.ndarray[Any, Any]:
        """Shades from 0 to 16, as ``uint8[8, 8]``."""
        return self.row["image"]

    @property
    def label(self) -> list[int]:
        """The digit."""
        return [self.row["label"]]


@dataclass
class DigitBatch(Batch):
    """Digits."""

    MAPPINGS = BatchFeatureMapping(
        "label",
        [
            ManagerFeatureMapping(
                "digit_manager",
                (FieldFeatureMapping("label", "digit"), FieldFeatureMapping("image", "image")),
            )
        ],
    )

    def _get_batch_feature_mappings(self) -> BatchFeatureMapping:
        return self.MAPPINGS
