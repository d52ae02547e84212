"""The content of a value in a few bytes."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from numbers import Integral
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from zensols_like.errors import DatasetError

__all__ = ["content_digest"]


def content_digest(value: Any) -> bytes:
    """A digest that values have in common when, and only when, their content is the same.

    A whole number is never the same as a decimal one, while a list may be the same as a tuple.  Mappings and sets have
    no order.  Arrays, tensors and rows of tables are compared by type, shape and elements; dataclasses by the fields
    that they are compared by; other objects by what they are pickled by.

    Raises:
        DatasetError: There is no telling what the content of the value is.

    Example:
        >>> content_digest({"a": 1, "b": (0.5, None)}) == content_digest({"b": [0.5, None], "a": np.int64(1)})
        True
        >>> content_digest(1) == content_digest("1")
        False
    """
    try:
        return _digest(value)
    except RecursionError as error:
        raise _incomparable(value, "it refers to itself") from error


def _digest(value: Any) -> bytes:
    kind, parts = _parts(value)
    state = hashlib.blake2b(digest_size=16)
    for part in (kind.encode("utf-8"), *parts):
        state.update(len(part).to_bytes(8, "big"))
        state.update(part)
    return state.digest()


def _parts(value: Any) -> tuple[str, Iterable[Any]]:
    """The kind of a value, and the bytes that tell it from others of this kind."""
    if value is None or isinstance(value, bool):
        return "literal", [repr(value).encode("ascii")]
    if isinstance(value, Enum):
        return _name_of(value), [value.name.encode("utf-8")]
    if isinstance(value, str):
        return "str", [value.encode("utf-8", "surrogatepass")]
    if isinstance(value, bytes | bytearray | memoryview):
        return "bytes", [value]
    if isinstance(value, Integral):
        return "int", [str(int(value)).encode("ascii")]
    if isinstance(value, float | np.floating):
        return "float", [np.float64(value + 0.0).tobytes()]  # one zero, with or without a sign
    if isinstance(value, date):
        return "date", [value.isoformat().encode("ascii")]
    if isinstance(value, PurePath):
        return "path", [str(value).encode("utf-8", "surrogatepass")]
    if isinstance(value, Mapping):
        return "mapping", sorted(_digest(key) + _digest(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return "sequence", map(_digest, value)
    if isinstance(value, Set):
        return "set", sorted(map(_digest, value))
    torch = sys.modules.get("torch")  # who has not imported it has no tensor
    if torch is not None and isinstance(value, torch.Tensor):
        return _tensor_parts(value)
    if isinstance(value, np.ma.MaskedArray):
        return f"masked {value.dtype.descr}", [_digest(value.tolist())]  # with None where it is
    if getattr(type(value), "__array__", None) is not None:
        return _array_parts(np.asarray(value))
    return _object_parts(value)


def _tensor_parts(tensor: Any) -> tuple[str, Iterable[Any]]:
    dense = tensor.detach().cpu().to_dense().resolve_conj().resolve_neg()
    try:
        return _array_parts(dense.numpy())
    except TypeError:  # numpy has no such numbers, but wider ones that hold them
        return f"{dense.dtype}", [_digest(dense.float().numpy())]


def _array_parts(array: np.ndarray[Any, Any]) -> tuple[str, Iterable[Any]]:
    if array.dtype.kind in "OUST":  # objects and texts, element by element
        return f"array {array.shape}", map(_digest, array.ravel().tolist())
    whole = np.ascontiguousarray(array + 0.0 if array.dtype.kind == "f" else array)
    return f"array {array.shape} {array.dtype.descr}", [whole.tobytes()]


def _object_parts(value: Any) -> tuple[str, Iterable[Any]]:
    if isinstance(value, type | FunctionType | BuiltinFunctionType):
        if "<" in value.__qualname__:
            raise _incomparable(value, f"{value.__qualname__} cannot be told from others by its name")
        return "name", [f"{value.__module__}.{value.__qualname__}".encode()]
    if is_dataclass(value):
        attributes = {field.name: getattr(value, field.name) for field in fields(value) if field.compare}
        return _name_of(value), [_digest(attributes)]
    try:
        reduced = value.__reduce_ex__(4)
    except TypeError as error:
        raise _incomparable(value, str(error)) from error
    parts = [reduced] if isinstance(reduced, str) else reduced
    return _name_of(value), [_digest(list(part) if isinstance(part, Iterator) else part) for part in parts]


def _name_of(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _incomparable(value: Any, why: str) -> DatasetError:
    return DatasetError(
        f"A {type(value).__name__} cannot be compared by its content: {why}.",
        None,
        "say what to compare of a value: duplicates(items, content=lambda value: …)",
    )
