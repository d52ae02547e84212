"""Tensors as bytes; apart, since importing torch takes longer than to look into a store."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from zensols_like.errors import PersistableError

__all__ = ["byte_view", "dtype_name", "tensor_bytes", "tensor_view", "torch_dtype"]

_DTYPES = {str(dtype).removeprefix("torch."): dtype for dtype in vars(torch).values() if isinstance(dtype, torch.dtype)}

# torch ends the process where bytes are made a tensor of a quantized type, whatever file asks for that
_NAMES = {dtype: name for name, dtype in _DTYPES.items() if not name.startswith(("qint", "quint"))}
_PLAIN = frozenset((torch.float32, torch.float64, torch.int64, torch.int32, torch.int16, torch.uint8, torch.bool))
"""Types of which numpy takes the bytes with fewer steps."""


def torch_dtype(name: str) -> torch.dtype:
    """The data type of a name such as ``float32``; ``KeyError`` when there is none."""
    return _DTYPES[name]


def byte_view(tensor: Tensor) -> Tensor:
    """The bytes of a dense tensor in C order, as numbers, without a copy where they lie so in memory.

    Also of one whose conjugate or negative torch has only noted.

    Shape: ``(bytes,)``.  Dtype: uint8.  Device: that of the tensor.

    Example:
        >>> byte_view(torch.tensor([1 + 2j]).conj()).view(torch.complex64)
        tensor([1.-2.j])
    """
    if tensor.numel() == 0:  # whose strides may be any, and not all have a view
        return torch.empty(0, dtype=torch.uint8, device=tensor.device)
    whole = tensor.detach().resolve_conj().resolve_neg().contiguous()
    # reshape(-1) would keep the stride of a single element, which counts as contiguous whatever it is
    return whole.as_strided((whole.numel(),), (1,)).view(torch.uint8)


def tensor_bytes(tensor: Tensor) -> memoryview:
    """The bytes of a tensor, in C order.

    Only the elements of the tensor are copied or viewed, never the rest of a storage that it is a view of.

    Raises:
        PersistableError: The tensor is not dense.
    """
    if tensor.layout != torch.strided or tensor.dtype not in _NAMES or tensor.is_nested:
        raise PersistableError(
            f"A {tensor.layout} tensor of {tensor.dtype} cannot be stored as it is.",
            None,
            "store dense tensors; a vectorizer stores sparse ones as SparseTensorFeatureContext",
        )
    if _is_plain(tensor):
        array: Any = tensor.numpy()
        return memoryview(array).cast("B")
    return byte_view(tensor.cpu()).numpy().data


def _is_plain(tensor: Tensor) -> bool:
    """Whether numpy takes the bytes of a dense tensor as they lie in memory."""
    is_whole = tensor.is_cpu and tensor.is_contiguous() and tensor.numel() > 0
    return tensor.dtype in _PLAIN and is_whole and not tensor.requires_grad and not tensor.is_neg()


def dtype_name(dtype: torch.dtype) -> str:
    """The name of a data type, as ``float32``."""
    return _NAMES[dtype]


def tensor_view(dtype: str, shape: tuple[int, ...], buffer: memoryview) -> Tensor:
    """A tensor that is a view of a buffer.

    Raises:
        ValueError: The buffer has another size than data type and shape say, or the data type is quantized.
    """
    found = _DTYPES[dtype]
    if found not in _NAMES:
        raise ValueError(f"bytes for a quantized type, {dtype}")
    count = 1
    for size in shape:
        count *= size
    if count < 0 or count * found.itemsize != buffer.nbytes:
        raise ValueError(f"{buffer.nbytes} bytes for {dtype}{list(shape)}")
    if count == 0:
        return torch.empty(shape, dtype=found)
    return torch.frombuffer(buffer, dtype=found).reshape(shape)
