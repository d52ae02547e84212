"""Numbers as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from zensols_like.errors import VectorizerError
from zensols_like.vectorize.context import FeatureContext, TensorFeatureContext
from zensols_like.vectorize.values import as_tensor, number_array
from zensols_like.vectorize.vectorizer import EncodableFeatureVectorizer

__all__ = ["AttributeEncodableFeatureVectorizer"]


@dataclass
class AttributeEncodableFeatureVectorizer(EncodableFeatureVectorizer):
    """A number, or a sequence of numbers, as one dimension; of a column a number for each data point.

    Example:
        >>> AttributeEncodableFeatureVectorizer.of("age").transform([31, 42.5])
        tensor([31.0000, 42.5000])

    Shape: ``(n,)``, documented as ``(1,)``.  Dtype: that of the torch configuration.  Device: CPU.
    """

    DESCRIPTION: ClassVar[str] = "single attribute"
    is_random: ClassVar[bool] = False

    def _get_shape(self) -> tuple[int, ...]:
        return (1,)

    def _encode(self, data: Any) -> FeatureContext:
        return self._encode_array(self._numbers(data))

    def encode_column(self, column: Sequence[Any]) -> FeatureContext | tuple[FeatureContext, ...]:
        """The numbers of all data points as one context.

        Raises:
            VectorizerError: A data point has more or less than one number.
        """
        if self.encodes_rows(column) or all(isinstance(value, (int, float)) for value in column):
            return self._encode_array(self._numbers(column))
        numbers = [self._numbers(value) for value in column]
        for value in numbers:
            if len(value) != 1:
                raise VectorizerError(
                    f"A data point has {len(value)} numbers, {value.tolist()}; this takes one of each.",
                    self._where(),
                    "map each of the numbers as an attribute of its own, or a row of them with an "
                    "ArrayEncodableFeatureVectorizer",
                )
        return self._encode_array(np.concatenate(numbers))

    def encodes_rows(self, column: Sequence[Any]) -> bool:
        """Whether the column is an array with a number for each data point."""
        return isinstance(column, np.ndarray) and column.ndim == 1 and not column.dtype.hasobject

    def _encode_array(self, numbers: np.ndarray[Any, Any]) -> FeatureContext:
        return TensorFeatureContext(self.feature_id, as_tensor(numbers, self.torch_config.data_type, self._where()))

    def _numbers(self, data: Any) -> np.ndarray[Any, Any]:
        array = np.atleast_1d(number_array(data, self._where()))
        if array.ndim > 1:
            raise VectorizerError(
                f"Expecting a number or a list of numbers, but got an array of shape {array.shape}.",
                self._where(),
                "map each column as an attribute of its own",
            )
        return array
