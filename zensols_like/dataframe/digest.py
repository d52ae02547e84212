"""A digest of a table, the same in every process and another one after any change."""

from __future__ import annotations

import datetime
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from pathlib import PosixPath, PurePosixPath, PureWindowsPath, WindowsPath
from types import NoneType
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
from torch import Tensor
from xxhash import xxh3_128

from zensols_like.dataset import content_digest
from zensols_like.errors import DataframeError, DatasetError, PersistableError
from zensols_like.persist import chunks
from zensols_like.persist.formats import Buffer, find_format

__all__ = ["digest_frame"]

_PIECE = 1024
_MANY = 64 * _PIECE

_SPELLED: frozenset[type[Any]] = frozenset(
    {
        *(NoneType, bool, int, float, complex, str, bytes, tuple, Decimal, Fraction, UUID),
        *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta),
        *(PosixPath, PurePosixPath, WindowsPath, PureWindowsPath),
        *(pd.Interval, pd.Period, pd.Timedelta, pd.Timestamp, type(pd.NA), type(pd.NaT)),
        *np.sctypeDict.values(),
    }
) - {np.object_, np.void}
"""Types whose text says all that there is of a value, and tuples, which say it if what lies in them does."""
_RECORDED = _SPELLED | {bytearray, dict, list, np.ndarray, OrderedDict, Tensor}
"""Types whose records are the same in every process, unlike those of sets, which follow the hashes."""


def digest_frame(frame: pd.DataFrame, where: str = "the table") -> str:
    """A digest of keys, column names and values, the same in every process.

    Objects are told apart by what `content_digest` compares of them.

    Args:
        frame: The table.
        where: What an error calls it.

    Raises:
        DataframeError: There is no telling what a column holds, as of functions without a name.

    Example:
        >>> frame = pd.DataFrame({"size": [3, 4]})
        >>> digest_frame(frame) == digest_frame(frame.copy()), digest_frame(frame) == digest_frame(frame + 1)
        (True, False)
    """
    digest = xxh3_128(repr([(str(name), str(dtype)) for name, dtype in frame.dtypes.items()]).encode())
    for column in (frame.index.to_series(), *(frame.iloc[:, number] for number in range(frame.shape[1]))):
        try:
            for part in _parts(column):
                digest.update(part)
        except DatasetError as error:
            raise DataframeError(
                f"Nobody could see a change in the column {column.name!r}. {error.what}",
                f"{where}, column {column.name!r}",
                f"make text, numbers or lists of it, or leave it out: frame.drop(columns=[{column.name!r}])",
            ) from error
    return digest.hexdigest()


def _parts(column: pd.Series) -> Iterator[Buffer]:
    """Bytes that are the same for equal values."""
    if isinstance(column.dtype, np.dtype) and not column.dtype.hasobject:
        yield _bytes(column)
        return
    if isinstance(column.dtype, pd.CategoricalDtype) and not _are_spelled(list(column.dtype.categories)):
        column = column.astype(object)
    for first in range(0, len(column), _MANY):  # all at once it takes many times the memory of the column
        piece = column.iloc[first : first + _MANY]
        if column.dtype == object and pd.api.types.infer_dtype(piece) != "string":
            values = list(piece)
            yield "\0".join([type(value).__qualname__ for value in values]).encode()  # 1 and "1" have one hash
            hashes = _hashes(piece) if _are_spelled(values) else None
        else:
            hashes = _hashes(piece)
        if hashes is not None:
            yield hashes
        else:
            for some in chunks(piece, _PIECE):
                yield from _contents(some)


def _are_spelled(values: list[Any]) -> bool:
    return _SPELLED.issuperset(_kinds(values, (tuple,)))


def _hashes(column: pd.Series) -> Buffer | None:
    """The hashes of texts, and of what has another type by its text; ``None`` where pandas knows none."""
    try:
        return _bytes(pd.util.hash_pandas_object(column, index=False))
    except (TypeError, UnicodeEncodeError):  # lists in a column of another kind; half of a surrogate pair
        return None


def _contents(values: list[Any]) -> Iterable[Buffer]:
    """Bytes of values that no text tells from others."""
    with suppress(PersistableError, RecursionError):  # as of an array of objects; of a list that lies in itself
        if _RECORDED.issuperset(_kinds(values, (dict, list, OrderedDict, tuple))):
            return find_format("record").encode(values)
    return map(content_digest, values)


def _kinds(values: list[Any], nests: tuple[type[Any], ...]) -> set[type[Any]]:
    """The types of values, and of what lies in those that are of the types ``nests``.

    Raises:
        RecursionError: A value lies in itself.
    """
    kinds = set(map(type, values))
    if not kinds.isdisjoint(nests):
        found = {id(value): value for value in values if type(value) in nests}.values()  # what is there twice, once
        kinds |= _kinds(list(chain.from_iterable(map(_inner, found))), nests)
    return kinds


def _inner(nest: Any) -> Iterable[Any]:
    return chain(nest, nest.values()) if isinstance(nest, dict) else nest


def _bytes(column: pd.Series) -> Buffer:
    return np.ascontiguousarray(column.to_numpy()).view(np.uint8).data
