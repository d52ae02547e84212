"""Rows of pandas Series as rows of a tensor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from zensols_like.errors import VectorizerError
from zensols_like.vectorize.context import FeatureContext, TensorFeatureContext
from zensols_like.vectorize.values import as_tensor, flatten, is_series, number_array
from zensols_like.vectorize.vectorizer import EncodableFeatureVectorizer

__all__ = ["SeriesEncodableFeatureVectorizer"]


@dataclass
class SeriesEncodableFeatureVectorizer(EncodableFeatureVectorizer):
    """A list of Series as rows, or a list of numbers as one dimension.

    Example:
        >>> import pandas as pd
        >>> rows = [pd.Series({"a": 1, "b": 2}), pd.Series({"a": 3, "b": 4})]
        >>> SeriesEncodableFeatureVectorizer.of("rows").transform(rows)
        tensor([[1., 2.],
                [3., 4.]])

    Shape: ``(rows, columns)``, documented as ``(-1, -1)``; ``(n,)`` of numbers.
    Dtype: that of the torch configuration.  Device: CPU.

    Configuration::

        [iris_series_vectorizer]
        class_name = zensols_like.vectorize.SeriesEncodableFeatureVectorizer
        feature_id = iseries
    """

    DESCRIPTION: ClassVar[str] = "pandas series"
    is_random: ClassVar[bool] = False

    def _get_shape(self) -> tuple[int, ...]:
        return -1, -1

    def _encode(self, data: Iterable[Any]) -> FeatureContext:
        return self._encode_rows(self._rows(data))

    def encode_column(self, column: Sequence[Any]) -> FeatureContext | tuple[FeatureContext, ...]:
        """The rows of all data points as one context."""
        return self._encode_rows(flatten(self._rows(value) for value in column))

    def _rows(self, data: Iterable[Any]) -> list[Any]:
        if is_series(data) or isinstance(data, (str, bytes)) or not isinstance(data, Iterable):
            raise VectorizerError(
                f"Expecting a list of Series, but got a {type(data).__name__}.",
                self._where(),
                "give a list with one Series for each row, as [series]",
            )
        return list(data)

    def _encode_rows(self, rows: Sequence[Any]) -> FeatureContext:
        numbers: Any = rows
        if any(is_series(row) for row in rows):
            self._check_columns(rows)
            arrays = [row.to_numpy() for row in rows]
            has_objects = any(array.dtype.hasobject for array in arrays)
            numbers = [array.tolist() for array in arrays] if has_objects else np.stack(arrays)
        array = number_array(numbers, self._where())
        return TensorFeatureContext(self.feature_id, as_tensor(array, self.torch_config.data_type, self._where()))

    def _check_columns(self, rows: Sequence[Any]) -> None:
        first = rows[0]
        for row in rows:
            if not is_series(row):
                raise VectorizerError("Series and other values are mixed.", self._where(), "give Series only")
            if row.index is not first.index and not row.index.equals(first.index):
                raise VectorizerError(
                    f"The columns of a row, {list(row.index)}, are not those of the first, {list(first.index)}.",
                    self._where(),
                    "give each row the same columns in the same order",
                )
