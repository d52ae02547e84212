"""Values of data points as arrays of numbers, exactly or not at all."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zensols_like.errors import VectorizerError

__all__ = ["as_tensor", "converted", "flatten", "is_series", "number_array", "require_number", "require_unmasked"]

_FIX = "give numbers; fill or drop missing values before, and encode text with its own vectorizer"

_NUMPY_FLOATS = {torch.float64: np.float64, torch.float32: np.float32, torch.float16: np.float16}
"""The float types that numpy has, too, which tells of numbers that are too large while it converts them."""


def is_series(value: Any) -> bool:
    """Whether this is a pandas Series; when pandas was never imported, nothing is."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.Series)


def number_array(values: Any, where: str) -> np.ndarray[Any, Any]:
    """An array of what should be numbers.

    Args:
        values: An array, a Series, or sequences of numbers, nested and of one length.
        where: Said in the error.

    Raises:
        VectorizerError: Something is no number or masked, or the lengths differ.
    """
    require_unmasked(values, where)
    array = values.to_numpy() if is_series(values) else values
    if isinstance(array, np.ndarray) and array.dtype.hasobject:
        array = array.tolist()  # numpy looks at each value again, and finds their common type
    try:
        array = np.asarray(array)
    except ValueError as error:
        raise VectorizerError(f"Values of different lengths: {_short(values)}.", where, "give one length") from error
    if array.size == 0 and array.dtype.hasobject:
        return array.astype(np.float64)
    if array.dtype.kind not in "biuf":
        raise VectorizerError(f"Not all of these are numbers: {_short(values)}.", where, _FIX)
    return array


def require_unmasked(value: Any, where: str) -> None:
    """Refuse an array of which something is masked, since the tensor would have what is below the mask.

    Raises:
        VectorizerError: It is one.
    """
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise VectorizerError(
            f"Some of these numbers are masked: {_short(value)}.",
            where,
            "give filled(…) of the array, and the mask as an attribute of its own where it is needed",
        )


def as_tensor(array: np.ndarray[Any, Any], data_type: torch.dtype, where: str) -> Tensor:
    """A tensor of its own memory of the numbers of an array.

    Raises:
        VectorizerError: The data type cannot hold a number: an integer type exactly, a float type as a finite one.
    """
    if array.dtype.kind == "f" and data_type in _NUMPY_FLOATS:
        try:
            with np.errstate(all="ignore", over="raise"):  # whatever else somebody told numpy to mind
                return torch.from_numpy(np.array(array, dtype=_NUMPY_FLOATS[data_type], order="C"))
        except FloatingPointError:
            raise _infinite(array, data_type, where) from None
    return converted(torch.from_numpy(_native(array, where)), data_type, where)


def converted(tensor: Tensor, data_type: torch.dtype, where: str) -> Tensor:
    """The numbers of a tensor in another data type; the tensor itself when it has that.

    Raises:
        VectorizerError: The data type cannot hold a number: an integer type exactly, a float type as a finite one.
    """
    if tensor.is_complex() and not data_type.is_complex:
        raise VectorizerError(
            f"{data_type} cannot hold complex numbers: {_short(tensor)}.", where, "give their real and imaginary parts"
        )
    found = tensor.to(data_type)
    is_whole = not (data_type.is_floating_point or data_type.is_complex)
    (lowest, highest), (low, high) = _range(data_type), _range(tensor.dtype)
    if lowest <= low and high <= highest and not (is_whole and tensor.is_floating_point()):
        return found  # whatever the numbers are
    if is_whole and not _is_equal(found, tensor):
        raise VectorizerError(
            f"{data_type} cannot hold all of these numbers: {_short(tensor)}.", where, "use a wider or a float type"
        )
    is_finite = is_whole or bool(_finite(found).all())
    if not is_finite and not torch.equal(_finite(found), _finite(tensor)):
        raise _infinite(tensor, data_type, where)
    return found


def _range(data_type: torch.dtype) -> tuple[float, float]:
    """The least and the greatest number of a data type."""
    if data_type is torch.bool:
        return 0, 1
    is_whole = not (data_type.is_floating_point or data_type.is_complex)
    limits = torch.iinfo(data_type) if is_whole else torch.finfo(data_type)
    return limits.min, limits.max


def _finite(tensor: Tensor) -> Tensor:
    # of some types of 8 bits torch cannot tell
    return (tensor.float() if tensor.itemsize == 1 else tensor).isfinite()


def _is_equal(one: Tensor, other: Tensor) -> bool:
    """Whether numbers, of which one is a conversion of the other, are the same, which a round trip does not tell."""
    has_others = any(arr.is_floating_point() or arr.dtype is torch.uint64 for arr in (one, other))
    wide = torch.float64 if has_others else torch.int64
    return torch.equal(one.to(wide), other.to(wide))


def _infinite(numbers: Any, data_type: torch.dtype, where: str) -> VectorizerError:
    return VectorizerError(
        f"{data_type} makes infinity of some of these numbers: {_short(numbers)}.",
        where,
        "use a wider data type, or scale the numbers",
    )


def _native(array: np.ndarray[Any, Any], where: str) -> np.ndarray[Any, Any]:
    """A copy of one of the few data types that torch can work with."""
    if array.dtype.kind == "f":
        return np.array(array, dtype=f"f{min(array.itemsize, 8)}", order="C")
    copy = np.array(array, dtype=bool if array.dtype.kind == "b" else np.int64, order="C")
    if array.dtype == np.uint64 and not np.array_equal(copy, array):
        raise VectorizerError(f"Numbers too large for 64 bits with a sign: {_short(array)}.", where, "scale them down")
    return copy


def require_number(given: Any, option: str, where: str, is_whole: bool = True) -> None:
    """Refuse what is no number as an option of a vectorizer.

    Raises:
        VectorizerError: It is none, or no whole one where one is wanted.
    """
    if isinstance(given, bool) or not isinstance(given, Integral if is_whole else Real):
        raise VectorizerError(f"The {option} is {given!r}.", where, f"give a {'whole ' if is_whole else ''}number")


def flatten(column: Iterable[Sequence[Any]]) -> list[Any]:
    """The values of all sequences, one after the other."""
    return [value for sequence in column for value in sequence]


def _short(values: Any) -> str:
    text = " ".join(repr(values).split())
    return text if len(text) <= 120 else f"{text[:117]}..."
