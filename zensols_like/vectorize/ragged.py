"""Several tensors of any shapes as one, for a vectorizer whose values differ in shape."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from zensols_like.errors import VectorizerError
from zensols_like.persist.formats.tensors import byte_view
from zensols_like.torchconfig import TorchConfig

__all__ = ["NonUniformDimensionEncoder"]

_TYPES = (
    torch.float32,
    torch.float64,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
    torch.complex64,
    torch.complex128,
)
"""The number of a data type in a header is its place here; add new ones at the end."""
_ALIGNMENT = 16
"""Bytes; the widest element, so that each tensor can be a view."""


@dataclass
class NonUniformDimensionEncoder:
    """Encodes a sequence of tensors in one tensor of bytes, and decodes it.

    The header, in int64, holds its own length, the number of tensors, and of each the data type, the number of
    dimensions and their sizes.  Since sizes do not share the data type of the data, any size, mixed data
    types, empty tensors and single numbers come back as they were.

    Example:
        >>> encoder = NonUniformDimensionEncoder(TorchConfig(use_gpu=False))
        >>> encoder.decode(encoder.encode([torch.tensor(1.5), torch.tensor([[1, 2]], dtype=torch.int8)]))
        (tensor(1.5000), tensor([[1, 2]], dtype=torch.int8))
    """

    torch_config: TorchConfig
    """Says on which device the tensors are put together and taken apart."""

    def encode(self, arrs: Sequence[Tensor]) -> Tensor:
        """One tensor of all.

        Shape: ``(bytes,)``.  Dtype: uint8.  Device: that of the torch configuration.

        Raises:
            VectorizerError: A tensor has a data type that cannot be encoded.
        """
        header = [0, len(arrs)]
        parts: list[Tensor] = []
        for arr in arrs:
            header += [self._type_number(arr), arr.dim(), *arr.shape]
            parts.append(_padded(arr.to(self.torch_config.device)))
        header[0] = len(header)
        return torch.cat([_padded(torch.tensor(header, device=self.torch_config.device)), *parts])

    def decode(self, arr: Tensor) -> tuple[Tensor, ...]:
        """The tensors that were encoded, as views where possible.

        Raises:
            VectorizerError: The tensor was not made by `encode`.
        """
        data = self.torch_config.to(arr)
        if data.dtype != torch.uint8 or data.dim() != 1:
            raise _damaged(f"it has data type {data.dtype} and {data.dim()} dimensions")
        if data.storage_offset() % _ALIGNMENT or not data.is_contiguous():
            data = data.clone(memory_format=torch.contiguous_format)
        return tuple(self._read(data))

    def _read(self, data: Tensor) -> Iterator[Tensor]:
        length = int(_view(data, 0, torch.int64, (1,))[0])
        header = iter(_view(data, 0, torch.int64, (length,)).tolist())
        offset = _aligned(8 * length)
        try:
            next(header)
            for _ in range(next(header)):
                data_type = _TYPES[next(header)]
                shape = tuple(next(header) for _ in range(next(header)))
                yield _view(data, offset, data_type, shape)
                offset = _aligned(offset + math.prod(shape) * data_type.itemsize)
        except (StopIteration, IndexError, RuntimeError) as error:
            raise _damaged("its header ends too soon or names no data type") from error

    @staticmethod
    def _type_number(arr: Tensor) -> int:
        if arr.dtype not in _TYPES:
            raise VectorizerError(
                f"A tensor of data type {arr.dtype} cannot be encoded.",
                "NonUniformDimensionEncoder",
                f"use one of {[str(data_type) for data_type in _TYPES]}",
            )
        return _TYPES.index(arr.dtype)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _padded(arr: Tensor) -> Tensor:
    """The bytes of a tensor, up to the next aligned place."""
    data = byte_view(arr)
    return torch.cat([data, data.new_zeros(_aligned(len(data)) - len(data))])


def _view(data: Tensor, offset: int, data_type: torch.dtype, shape: tuple[int, ...]) -> Tensor:
    """A tensor that is a view of bytes."""
    size = math.prod(shape) * data_type.itemsize
    if any(dimension < 0 for dimension in shape) or offset + size > len(data):
        raise _damaged(f"it has {len(data)} bytes, too few")
    return data[offset : offset + size].view(data_type).reshape(shape)


def _damaged(why: str) -> VectorizerError:
    return VectorizerError(
        f"A tensor cannot be taken apart: {why}.",
        "NonUniformDimensionEncoder.decode",
        "give a tensor that NonUniformDimensionEncoder.encode returned",
    )
