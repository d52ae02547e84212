"""Data points whose attributes are the fields of a row, without a class of the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from zensols_like.batch.point import DataPoint
from zensols_like.errors import BatchError

__all__ = ["RowColumns", "RowDataPoint"]


@dataclass
class RowDataPoint(DataPoint):
    """A row that is a mapping, such as a line of JSON or a row of a query; each of its fields is an attribute.

    Configuration::

        [batch_stash]
        data_point_type = class: zensols_like.batch.RowDataPoint

    A subclass adds a property for what is made of several fields.  The attribute ``id`` is the key of the row in the
    source, whatever a field of this name says.

    Example:
        >>> RowDataPoint("7", None, {"species": "setosa", "petals": 3}).petals
        3
    """

    row: Mapping[str, Any]
    """The row."""

    def __post_init__(self) -> None:
        if not isinstance(self.row, Mapping):
            raise BatchError(
                f"The item of data point {self.id!r} is a {type(self.row).__name__}, which has no fields.",
                type(self).__qualname__,
                "use a source whose values are mappings, or a DataPoint class of your own as data_point_type",
            )
        _require_free(self.row)

    def __getattr__(self, name: str) -> Any:
        # only called for what is not found otherwise; the row itself is not there yet while a copy is made
        own = self.__dict__
        try:
            return own["row"][name]
        except KeyError:
            fields = list(own.get("row", ()))
            what = f"{type(self).__name__} {own.get('id')!r} has no field {name!r} in {fields}"
            raise AttributeError(what) from None

    def lines(self) -> Iterable[tuple[int, str]]:
        """The ID, then a line for each field."""
        yield 0, f"id: {self.id}"
        for name, value in self.row.items():
            yield 0, f"{name}: {value}"


@dataclass(frozen=True)
class RowColumns:
    """The fields of some rows as columns; no object is made for a row.

    Args:
        ids: The keys of the rows.
        columns: Their fields, as `Stash.load_columns` gives them.
    """

    ids: Sequence[str]
    columns: Mapping[str, Any]
    is_random: ClassVar[bool] = False

    def column(self, name: str) -> Any:
        """What each row has in a field; its key for ``id``.

        Raises:
            AttributeError: There is no such field.
            BatchError: A data point would hide it.
        """
        if name == "id":
            return self.ids
        _require_free([name])  # a field that nobody asks for may have any name
        if name not in self.columns:
            raise AttributeError(f"The rows have no field {name!r} in {list(self.columns)}")
        return self.columns[name]


def _require_free(names: Iterable[str]) -> None:
    """Refuse fields that a data point would hide.

    Raises:
        BatchError: There are some.
    """
    taken = sorted(_TAKEN.intersection(names))
    if taken:
        raise BatchError(
            f"The rows have the fields {taken}, whose names are taken.",
            RowDataPoint.__qualname__,
            "rename them in the source, or use a DataPoint class of your own as data_point_type",
        )


_TAKEN = frozenset(dir(RowDataPoint)) - {"id"} | {"row", "batch_stash"}
"""What a data point has already, so that a field of this name would be hidden by it."""
