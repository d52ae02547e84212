"""Arrays as they are, a row for each data point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from zensols_like.errors import VectorizerError
from zensols_like.torchconfig import TorchTypes
from zensols_like.vectorize.context import FeatureContext, TensorFeatureContext
from zensols_like.vectorize.values import converted, require_unmasked
from zensols_like.vectorize.vectorizer import EncodableFeatureVectorizer

__all__ = ["ArrayEncodableFeatureVectorizer"]


@dataclass
class ArrayEncodableFeatureVectorizer(EncodableFeatureVectorizer):
    """An array, tensor or number for each data point, all of one shape; those of a batch become the rows of a tensor.

    Example:
        >>> images = ArrayEncodableFeatureVectorizer.of("image", row_shape=(8, 8))
        >>> tensor = images.transform([np.zeros((8, 8), np.uint8), np.ones((8, 8), np.uint8)])
        >>> tensor.shape, tensor.dtype
        (torch.Size([2, 8, 8]), torch.uint8)

    Shape: ``(n, *row_shape)``; ``(1, *row_shape)`` of one array.
    Dtype: `data_type`; that of the arrays, however narrow, when it is ``None``.  Device: CPU.

    Configuration::

        [image_vectorizer]
        class_name = zensols_like.vectorize.ArrayEncodableFeatureVectorizer
        feature_id = image
        row_shape = eval: (8, 8)
    """

    DESCRIPTION: ClassVar[str] = "rows of an array"
    is_random: ClassVar[bool] = False
    encodes_data_type: ClassVar[bool] = False

    row_shape: Sequence[int] | None = None
    """The shape of the array of a data point; any, the same for a whole batch, when ``None``."""

    data_type: torch.dtype | str | None = None
    """The type to convert to, or its name; floats may be rounded, and what it cannot hold is refused."""

    def __post_init__(self) -> None:
        self.row_shape = None if self.row_shape is None else tuple(self.row_shape)
        self.data_type = None if self.data_type is None else TorchTypes.resolve(self.data_type)

    def _get_shape(self) -> tuple[int, ...]:
        return (-1,) if self.row_shape is None else (-1, *self.row_shape)

    def _encode(self, data: Any) -> FeatureContext:
        return self._encode_rows(self._stack(data) if isinstance(data, (list, tuple)) else self._tensor(data)[None])

    def encode_column(self, column: Sequence[Any]) -> FeatureContext:
        """The arrays of all data points as one context."""
        is_whole = isinstance(column, np.ndarray) and not column.dtype.hasobject
        return self._encode_rows(
            self._tensor(column) if is_whole or isinstance(column, Tensor) else self._stack(column)
        )

    def encodes_rows(self, column: Sequence[Any]) -> bool:
        """Whether the column is an array or a tensor."""
        return isinstance(column, Tensor) or (isinstance(column, np.ndarray) and not column.dtype.hasobject)

    def _encode_rows(self, rows: Tensor) -> FeatureContext:
        if self.row_shape is not None and tuple(rows.shape[1:]) != self.row_shape:
            raise VectorizerError(
                f"Expecting arrays of shape {self.row_shape}, but got {tuple(rows.shape[1:])}.",
                self._where(),
                "give arrays of this shape, or set another row_shape",
            )
        return TensorFeatureContext(self.feature_id, self._converted(rows))

    def _stack(self, values: Sequence[Any]) -> Tensor:
        tensors = [self._tensor(value) for value in values]
        if self.data_type is not None and len({tensor.dtype for tensor in tensors}) > 1:
            tensors = [self._converted(tensor) for tensor in tensors]
        kinds = {(tensor.dtype, tuple(tensor.shape)) for tensor in tensors}
        if len(kinds) > 1:
            raise VectorizerError(
                f"Arrays of {sorted(map(str, kinds))} do not stack.",
                self._where(),
                "give arrays of one type, or a data_type to convert to, and of one shape; pad sequences of several "
                "lengths by an AggregateEncodableFeatureVectorizer over an AttributeEncodableFeatureVectorizer",
            )
        return torch.stack(tensors) if tensors else torch.empty((0, *(self.row_shape or ())))

    def _converted(self, tensor: Tensor) -> Tensor:
        if self.data_type is None or self.data_type == tensor.dtype:
            return tensor
        return converted(tensor, TorchTypes.resolve(self.data_type), self._where())

    def _tensor(self, value: Any) -> Tensor:
        if isinstance(value, Tensor):
            return value.detach().cpu()
        require_unmasked(value, self._where())
        array = np.asarray(value)
        try:
            # what may not be written to is copied, since tensors can always be, and what goes backwards, as none can
            is_plain = array.flags.carray and array.dtype.isnative and min(array.strides, default=0) >= 0
            return torch.from_numpy(array if is_plain else _own(array))
        except (TypeError, ValueError) as error:
            raise VectorizerError(
                f"A {type(value).__name__} of {array.dtype} is no array of numbers.",
                self._where(),
                "give arrays or tensors of numbers or booleans",
            ) from error


def _own(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array.astype(array.dtype.newbyteorder("="), order="C", copy=True)
