"""Words as counts in a fixed number of columns, whatever the words are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from xxhash import xxh3_64_intdigest

from zensols_like.errors import VectorizerError
from zensols_like.vectorize import EncodableFeatureVectorizer, FeatureContext, SparseTensorFeatureContext


@dataclass
class HashVectorizer(EncodableFeatureVectorizer):
    """Counts each word in the column that its hash says.

    Shape: ``(n, size)``.  Dtype: int32 as stored; that of the torch configuration when decoded.  Device: CPU.
    """

    DESCRIPTION: ClassVar[str] = "hashed words"
    version: ClassVar[int] = 1  # change it when other numbers come out: batches made before are stale then
    encodes_data_type: ClassVar[bool] = False  # what is stored does not depend on torch_config.data_type

    size: int = 1024
    """How many columns there are."""

    def _get_shape(self) -> tuple[int, ...]:
        return -1, self.size

    def _encode(self, data: Collection[str]) -> FeatureContext:
        if isinstance(data, str):
            raise VectorizerError(f"{data!r} is one text.", self._where(), "give a list of words, as text.split()")
        counts = torch.zeros(1, self.size, dtype=torch.int32)  # one row for each data point
        for word in data:
            counts[0, xxh3_64_intdigest(word.encode()) % self.size] += 1
        return SparseTensorFeatureContext.instance(self.feature_id, counts)

    def _decode(self, context: FeatureContext) -> Tensor | None:
        counts = super()._decode(context)
        return None if counts is None else counts.to(self.torch_config.data_type)
