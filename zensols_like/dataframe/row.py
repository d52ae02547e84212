"""The rows of a table as Series, which are made when more is asked of them than what they have under a name."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zensols_like.persist.formats import Bounded

__all__ = ["MadeRow", "TableRow", "TableRows"]

_NUMBERS = "biufc"
_TEXT = frozenset((str,))


class TableRows:
    """Gives the rows of a table; they equal those of ``frame.iloc``, and take a tenth of the time.

    Args:
        frame: The table.

    Example:
        >>> rose, tulip = TableRows(pd.DataFrame({"size": [3, 4], "kind": ["x", "y"]})).at([0, 1], ["rose", "tulip"])
        >>> tulip["size"], tulip[["kind"]].to_dict(), tulip.name
        (np.int64(4), {'kind': 'y'}, 'tulip')
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self._layout = _Layout(frame.columns, frame.iloc[0].dtype)
        self._columns = [_cells(column) for _, column in frame.items()]

    def at(self, positions: Sequence[int] | NDArray[np.intp], names: Sequence[str]) -> Iterator[pd.Series]:
        """Rows.

        Args:
            positions: Where they stand in the table.
            names: What they are called.
        """
        values = self._values(np.asarray(positions, dtype=np.intp))
        for name, own in zip(names, values, strict=True):
            yield self._layout.row(name, own)

    def _values(self, positions: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """What rows hold.

        Shape: ``(len(positions), columns)``.
        """
        dtype = self._layout.dtype
        if isinstance(dtype, np.dtype) and dtype.kind in _NUMBERS:
            return self._frame.iloc[positions].to_numpy(dtype=dtype)
        values = np.empty((len(positions), len(self._columns)), dtype=object)
        for place, column in enumerate(self._columns):
            found = column.take(positions)
            if not isinstance(dtype, np.dtype) and found.dtype != dtype:
                found = pd.Series(found).astype(dtype).array
            if isinstance(found.dtype, pd.StringDtype):
                found = found.to_numpy()  # the same text, quicker than one by one
            # one by one, since numbers become those of Python otherwise, which a row of pandas does not have
            cells = found if isinstance(found, np.ndarray) else map(found.__getitem__, range(len(found)))
            values[:, place] = np.fromiter(cells, dtype=object, count=len(positions))
        return values


def _cells(column: pd.Series) -> Any:
    """The array of a column whose elements are what a row has."""
    return column.to_numpy() if _is_plain(column.dtype) else column.array


def _is_plain(dtype: Any) -> bool:
    """Whether a Series has the elements that its array has."""
    return isinstance(dtype, np.dtype) and dtype.kind in _NUMBERS + "O"


class _Layout:
    """What rows have in common: their names, and where those stand that are asked for together.

    Args:
        names: The columns.
        dtype: That of each row.
    """

    def __init__(self, names: pd.Index[Any], dtype: Any) -> None:
        self.names = names
        self.dtype = dtype
        self.places = {name: place for place, name in enumerate(names)} if names.is_unique else {}
        self._parts: Bounded[tuple[str, ...], _Part] = Bounded()

    def row(self, name: Hashable, own: np.ndarray[Any, Any]) -> TableRow:
        """A row.

        Args:
            name: What it is called.
            own: What it holds, of shape ``(columns,)``; nobody writes into it.
        """
        row = object.__new__(TableRow)  # without the constructor of a Series, which is what takes long
        row.__dict__["_origin"] = _Origin(self, own, name)
        return row

    def part(self, names: list[Any]) -> _Part | None:
        """Where names stand; ``None`` where pandas has to say what is meant."""
        if not _TEXT.issuperset(map(type, names)):
            return None
        wanted = tuple(names)
        part = self._parts.get(wanted)
        if part is None and wanted and all(name in self.places for name in wanted):
            places = np.array([self.places[name] for name in wanted], dtype=np.intp)
            part = _Part(places, _Layout(self.names[places], self.dtype))
            self._parts.keep(wanted, part, size=200 * len(wanted))
        return part


class _Part(NamedTuple):
    """Where some names stand in a row, and what they have in common."""

    places: NDArray[np.intp]
    layout: _Layout


class _Origin(NamedTuple):
    """What a row is made of."""

    layout: _Layout
    own: np.ndarray[Any, Any]
    name: Hashable


class MadeRow(pd.Series):
    """A row that is a Series; taking names of it by a list takes a hundredth of the time that it takes in others."""

    _layout: _Layout

    def __new__(cls, *args: Any, **options: Any) -> Any:
        """A Series, for those who call the type of a row to get one like it."""
        return pd.Series(*args, **options)

    def __getitem__(self, key: Any) -> Any:
        part = self._layout.part(key) if type(key) is list and self._is_as_made else None
        return super().__getitem__(key) if part is None else part.layout.row(self.name, self.to_numpy()[part.places])

    @property
    def _is_as_made(self) -> bool:
        layout = self._layout
        return self.index is layout.names and self.dtype == layout.dtype and _is_plain(layout.dtype)

    def __reduce__(self) -> Any:
        return pd.Series, (pd.Series(self),)


class TableRow(MadeRow):
    """A row that is made a Series when it is first asked for more than its names and what is under them.

    Most data points never ask, and to make a Series takes longer than all the rest of their way into a batch.
    """

    _origin: _Origin

    def _become(self) -> pd.Series:
        """Be a Series from now on."""
        layout, own, name = self.__dict__.pop("_origin")
        self.__dict__["_layout"] = layout
        object.__setattr__(self, "__class__", MadeRow)
        self.__init__(own, index=layout.names, dtype=layout.dtype, name=name, copy=True)  # type: ignore[misc]
        return self

    def __getattr__(self, name: str) -> Any:  # type: ignore[misc]  # final in the stubs of pandas
        # only called for what is not found otherwise: a column, or what a Series keeps in itself
        origin = self.__dict__.get("_origin")
        if origin is None:
            return pd.Series.__getattr__(self, name)  # it became a Series while it looked for the attribute
        if name in origin.layout.places and not name.startswith("_"):
            return self[name]
        return getattr(self._become(), name)

    def __getitem__(self, key: Any) -> Any:
        layout, own, name = self._origin
        if type(key) is str and key in layout.places:
            return own[layout.places[key]]
        part = layout.part(key) if type(key) is list else None
        return self._become()[key] if part is None else part.layout.row(name, own[part.places])

    @property
    def index(self) -> pd.Index[Any]:
        """The names."""
        return self._origin.layout.names

    @index.setter
    def index(self, names: Any) -> None:
        self._become().index = names

    def to_numpy(self, *args: Any, **options: Any) -> np.ndarray[Any, Any]:
        """What is under the names."""
        layout, own, _ = self._origin
        is_as_it_is = not args and not options and own.dtype == layout.dtype
        return own.copy() if is_as_it_is else self._become().to_numpy(*args, **options)
