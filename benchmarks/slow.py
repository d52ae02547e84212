"""A vectorizer that takes its time, as one that parses text or resizes images."""

from __future__ import annotations

from hashlib import md5
from typing import Any

from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    ArrayEncodableFeatureVectorizer,
    FeatureContext,
    FeatureVectorizerManager,
    FeatureVectorizerManagerSet,
)

__all__ = ["slow_managers"]

_HASHES = 10_000
"""Of some milliseconds."""


class SlowVectorizer(ArrayEncodableFeatureVectorizer):
    """Encodes a column as it is, after work in Python that is the same for each batch."""

    def encodes_rows(self, values: Any) -> bool:
        """A batch at a time."""
        return False

    def encode_column(self, column: Any) -> FeatureContext:
        """Work, then encode."""
        for number in range(_HASHES):
            md5(b"%d" % number, usedforsecurity=False).hexdigest()
        return super().encode_column(column)


def slow_managers(slow: str, quick: str) -> FeatureVectorizerManagerSet:
    """Vectorizers of two arrays of numbers, one of which takes its time."""
    vectorizers = [SlowVectorizer.of(slow, row_shape=()), ArrayEncodableFeatureVectorizer.of(quick, row_shape=())]
    manager = FeatureVectorizerManager.of("arrays", TorchConfig(use_gpu=False), vectorizers)
    return FeatureVectorizerManagerSet.of("managers", [manager])
