"""Columns: the values of the data points of a batch for one attribute."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from zensols_like.errors import APIError, EncodeError

__all__ = ["ColumnSource", "PointSource", "are_all_there", "is_missing", "read_column", "some_of"]


_TEXT = frozenset((str, int, bool))
"""Types of labels that are never missing."""


class ColumnSource(Protocol):
    """Where the values of the data points of a batch come from, a column at a time."""

    @property
    def ids(self) -> Sequence[str]:
        """The IDs of the data points, in the order of the batch."""

    @property
    def is_random(self) -> bool:
        """Whether a column may be made with random numbers."""

    def column(self, name: str) -> Sequence[Any]:
        """The value of each data point for the attribute of this name."""


class PointSource(ABC):
    """The columns of data points, which can be looked at one by one."""

    needs_labels: ClassVar[bool] = True
    """Whether a data point that lacks the attribute or the field of a label is wrong; it has no label otherwise."""

    @abstractmethod
    def value(self, position: int, name: str) -> Any:
        """An attribute of one data point."""


def read_column(source: ColumnSource, name: str, is_label: bool, where: object) -> Sequence[Any]:
    """The value of each data point for an attribute.

    Args:
        source: The data points.
        name: The attribute.
        is_label: Whether points may lack it that need no label.
        where: What an error says as text of the attribute.

    Raises:
        EncodeError: It cannot be read; names the data point.
    """
    try:
        if is_label and isinstance(source, PointSource) and not source.needs_labels:
            return [_label(source, position, name) for position in range(len(source.ids))]
        return source.column(name)
    except APIError as error:
        error.add_note(f"while reading {where}")
        raise
    except Exception as error:
        fix = (
            "give the data point class such an attribute, or name another one with attr_access"
            if isinstance(error, AttributeError)
            else "mend the attribute of the data point class, or the item that it looks at"
        )
        raise EncodeError(
            f"Cannot read {name!r} of {_unreadable(source, name)}. {type(error).__name__}: {error}",
            str(where),
            f"{fix}; the label of what is not labeled is None" if is_label else fix,
        ) from error


def _label(source: PointSource, position: int, name: str) -> Any:
    """The label of a data point; ``None`` for one that has no such attribute, or whose item has no such field."""
    try:
        return source.value(position, name)
    except (AttributeError, KeyError):
        return None


def _unreadable(source: ColumnSource, name: str) -> str:
    """The first data point whose attribute cannot be read, or all of them where nobody can tell."""
    if isinstance(source, PointSource):
        for position, id in enumerate(source.ids):
            try:
                source.value(position, name)
            except Exception:  # noqa: BLE001 (whatever it is, it was raised before, too)
                return f"data point {id!r}"
    return f"the data points {some_of(source.ids)}"


def are_all_there(values: Sequence[Any]) -> bool:
    """Whether a glance shows that there are labels and none of them is missing; see `is_missing`."""
    if len(values) == 0:
        return False
    if isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind in "biuf":
        return values.dtype.kind != "f" or not np.isnan(values).any()
    return _TEXT.issuperset(map(type, values))


def is_missing(value: Any) -> bool:
    """Whether a label says nothing: ``None``, NaN, a missing value of pandas, or a sequence of nothing else."""
    if isinstance(value, (list, tuple)):
        return len(value) > 0 and all(is_missing(item) for item in value)
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and bool(value != value)


def some_of(ids: Sequence[str]) -> str:
    """A few of many IDs."""
    return str(list(ids)) if len(ids) <= 5 else f"{list(ids[:5])} and {len(ids) - 5} more"
