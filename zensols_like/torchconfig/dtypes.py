"""Data types by name, and what they are called elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch

from zensols_like.errors import DeepLearnError

__all__ = ["TorchTypes"]

T = TypeVar("T")


class TorchTypes:
    """Tables of torch data types.

    Example:
        >>> TorchTypes.type_from_string("float16")
        torch.float16
        >>> TorchTypes.float_to_int(torch.float64)
        torch.int64
    """

    NAME_TO_TYPE: ClassVar[Mapping[str, torch.dtype]] = {
        "float16": torch.float16,
        "half": torch.float16,
        "bfloat16": torch.bfloat16,
        "float32": torch.float32,
        "float": torch.float32,
        "float64": torch.float64,
        "double": torch.float64,
        "uint8": torch.uint8,
        "int8": torch.int8,
        "int16": torch.int16,
        "short": torch.int16,
        "int32": torch.int32,
        "int": torch.int32,
        "int64": torch.int64,
        "long": torch.int64,
        "bool": torch.bool,
    }
    """The data type of each name that a configuration may use."""

    _NUMPY: ClassVar[Mapping[torch.dtype, type[np.generic]]] = {
        torch.float16: np.float16,
        torch.float32: np.float32,
        torch.float64: np.float64,
        torch.uint8: np.uint8,
        torch.int8: np.int8,
        torch.int16: np.int16,
        torch.int32: np.int32,
        torch.int64: np.int64,
        torch.bool: np.bool_,
    }
    _TENSOR_CLASSES: ClassVar[Mapping[torch.dtype, type[Any]]] = {
        torch.float16: torch.HalfTensor,
        torch.bfloat16: torch.BFloat16Tensor,
        torch.float32: torch.FloatTensor,
        torch.float64: torch.DoubleTensor,
        torch.uint8: torch.ByteTensor,
        torch.int8: torch.CharTensor,
        torch.int16: torch.ShortTensor,
        torch.int32: torch.IntTensor,
        torch.int64: torch.LongTensor,
        torch.bool: torch.BoolTensor,
    }
    _FLOAT_TO_INT: ClassVar[Mapping[torch.dtype, torch.dtype]] = {
        torch.float16: torch.int16,
        torch.bfloat16: torch.int16,
        torch.float32: torch.int32,
        torch.float64: torch.int64,
    }
    _INT_TO_FLOAT: ClassVar[Mapping[torch.dtype, torch.dtype]] = {
        torch.uint8: torch.float16,
        torch.int8: torch.float16,
        torch.int16: torch.float16,
        torch.int32: torch.float32,
        torch.int64: torch.float64,
    }

    @classmethod
    def type_from_string(cls, name: str) -> torch.dtype:
        """The data type of a name.

        Args:
            name: As in ``float32`` or ``torch.float32``.

        Raises:
            DeepLearnError: There is no such data type.
        """
        return cls.resolve(name)

    @classmethod
    def resolve(cls, value: torch.dtype | str) -> torch.dtype:
        """The data type of a name, or the data type itself.

        Raises:
            DeepLearnError: There is no such data type; those of numpy are none of torch.
        """
        found = cls.NAME_TO_TYPE.get(value.removeprefix("torch.")) if isinstance(value, str) else value
        if not isinstance(found, torch.dtype):
            raise DeepLearnError(f"No data type {value!r}.", None, f"use one of {sorted(cls.NAME_TO_TYPE)}")
        return found

    @classmethod
    def get_numpy_type(cls, torch_type: torch.dtype) -> type[np.generic]:
        """The numpy type of the same values.

        Raises:
            DeepLearnError: numpy has none, as of ``bfloat16``.
        """
        return cls._find(cls._NUMPY, torch_type, "numpy type")

    @classmethod
    def get_tensor_class(cls, torch_type: torch.dtype) -> type[Any]:
        """The class of CPU tensors of a data type, as ``torch.FloatTensor``."""
        return cls._find(cls._TENSOR_CLASSES, torch_type, "tensor class")

    @classmethod
    def float_to_int(cls, torch_type: torch.dtype) -> torch.dtype:
        """The integer type of the same width as a float type."""
        return cls._find(cls._FLOAT_TO_INT, torch_type, "integer type of the same width")

    @classmethod
    def int_to_float(cls, torch_type: torch.dtype) -> torch.dtype:
        """The float type of the same width as an integer type; the narrowest one for a single byte."""
        return cls._find(cls._INT_TO_FLOAT, torch_type, "float type of the same width")

    @staticmethod
    def is_float(torch_type: torch.dtype) -> bool:
        """Whether this is a float type."""
        return torch_type.is_floating_point

    @classmethod
    def is_int(cls, torch_type: torch.dtype) -> bool:
        """Whether this is an integer type; ``bool`` is none."""
        return torch_type in cls._INT_TO_FLOAT

    @staticmethod
    def _find(table: Mapping[torch.dtype, T], torch_type: torch.dtype, what: str) -> T:
        if torch_type not in table:
            raise DeepLearnError(f"{torch_type} has no {what}.", None, f"use one of {[str(t) for t in table]}")
        return table[torch_type]
