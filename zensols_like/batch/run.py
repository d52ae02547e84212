"""Batches of rows whose columns are read and encoded several batches at a time.

Small batches cost more around their rows than for them.  A run is as many batches of one size as hold about two
megabytes: their rows are read at once, and a column is encoded at once where its vectorizer makes a row of each value
alone.  Where this is so of all columns, the batches of a run are stored together, as they were encoded; else each is a
piece of the run, and what cannot be encoded together, or fails, is encoded batch by batch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from zensols_like.batch.codec import BoundField, CutSource
from zensols_like.batch.columns import ColumnSource
from zensols_like.batch.interface import RunContexts, piece_of
from zensols_like.batch.point import DataPoint, PointColumns
from zensols_like.batch.row import RowColumns
from zensols_like.vectorize import FeatureContext, NullFeatureContext, TensorFeatureContext

__all__ = ["Run", "RunPart", "RunReader"]

_RUN_BYTES = 1 << 21
"""Bytes of the columns of a run, or of what is made of them: as much as a cache holds."""
_RUN_ROWS = 1 << 15
_RUN_OBJECTS = 1 << 12
"""Rows of a run whose size in bytes nobody knows, such as texts."""


class RunReader:
    """Reads batches in runs, which are as long as those before them tell.

    Args:
        read: Keys to columns, as `Stash.load_columns`; ``None`` where the source keeps none.
        make: Keys to data points, for a source that keeps no columns.
    """

    def __init__(
        self,
        read: Callable[[Sequence[str]], Mapping[str, Any] | None],
        make: Callable[[Sequence[str]], tuple[DataPoint, ...]],
    ) -> None:
        self._read = read
        self._make = make
        self._rows = 0
        """How many rows make a good run; 0 before that is known."""

    def runs(self, sizes: Sequence[int], keys: Callable[[slice], Sequence[str]]) -> Iterator[Run]:
        """Some batches in runs.

        Args:
            sizes: How many rows each batch has.
            keys: The keys of the rows of a slice of these batches.
        """
        at = 0
        while at < len(sizes):
            most = sizes[at : at + max(1, self._rows // max(1, sizes[at]))]
            count = next((number for number, size in enumerate(most) if size != sizes[at]), len(most))
            ids = keys(slice(at, at + count))
            try:
                columns = self._read(ids)
            except Exception:
                if count == 1:
                    raise
                self._rows = 0  # so that the error is that of a batch
                continue
            if columns is None and count > 1:
                self._rows = 0
                continue
            run = Run(PointColumns(self._make(ids)) if columns is None else RowColumns(ids, columns), count, sizes[at])
            yield run
            at += count
            self._rows = run.good_rows


class Run:
    """Batches of one size that were read together.

    Args:
        rows: The columns of all rows.
        count: How many batches there are.
        size: How many rows a batch has.
    """

    def __init__(self, rows: ColumnSource, count: int, size: int) -> None:
        self.rows = rows
        self.count = count
        self.size = size
        self._contexts: dict[str, FeatureContext | None] = {}

    @property
    def good_rows(self) -> int:
        """How many rows of this kind make a good run; 0 where they are not to be read together."""
        if not isinstance(self.rows, RowColumns):
            return 0
        columns = self.rows.columns.values()
        made = [context.tensor for context in self._contexts.values() if isinstance(context, TensorFeatureContext)]
        nbytes = max(sum(getattr(one, "nbytes", 0) for one in some) for some in (columns, made))
        most = max(1, len(self.rows.ids)) * _RUN_BYTES // max(1, nbytes)
        return min(most, _RUN_ROWS if all(map(_is_sized, columns)) else _RUN_OBJECTS)

    def parts(self) -> Sequence[ColumnSource]:
        """The columns of each batch."""
        return [self.rows] if self.count == 1 else [RunPart(self, number) for number in range(self.count)]

    def context(self, bound: BoundField) -> FeatureContext | None:
        """The context of a column of all batches; ``None`` where it is not one that may be cut."""
        name = bound.field.attr
        if name not in self._contexts:
            self._contexts[name] = self._encode(bound)
        return self._contexts[name]

    def _encode(self, bound: BoundField) -> FeatureContext | None:
        try:
            values = self.rows.column(bound.field.attribute_accessor)
            if not bound.vectorizer.encodes_rows(values):
                return None
            context = bound.encode(self.rows.ids, values)
        except Exception:  # noqa: BLE001 (whatever it is, it comes again for the batch that it is about)
            return None
        is_cut = type(context) is TensorFeatureContext and len(context.tensor) == len(self.rows.ids)
        return context if is_cut or type(context) is NullFeatureContext else None  # type: ignore[return-value]

    def contexts(self, fields: Collection[BoundField]) -> RunContexts | None:
        """The contexts of all batches; ``None`` where a batch has to be encoded by itself."""
        if self.rows.is_random or any(bound.vectorizer.is_random for bound in fields):
            return None
        found = {bound.field.attr: self.context(bound) for bound in fields}
        whole = {name: context for name, context in found.items() if context is not None}
        return RunContexts(whole, self.count, self.size) if len(whole) == len(found) else None


def _is_sized(column: Any) -> bool:
    """Whether the bytes of a column are all that it takes."""
    return isinstance(column, Tensor) or (isinstance(column, np.ndarray) and not column.dtype.hasobject)


class RunPart(CutSource):
    """The columns of a batch that was read with others.

    Args:
        run: The batches that were read together.
        number: Which of them this is.
    """

    __slots__ = ("_number", "_run")
    is_random: ClassVar[bool] = False

    def __init__(self, run: Run, number: int) -> None:
        self._run = run
        self._number = number

    @property
    def ids(self) -> Sequence[str]:
        """The keys of the rows."""
        ids: Sequence[str] = self._cut(self._run.rows.ids)
        return ids

    def column(self, name: str) -> Any:
        """What each row has in a field; its key for ``id``."""
        return self._cut(self._run.rows.column(name))

    def _cut(self, rows: Any) -> Any:
        first = self._number * self._run.size
        return rows[first : first + self._run.size]

    def context(self, bound: BoundField) -> FeatureContext | None:
        """The context of a column, cut from that of the run; ``None`` where it has to be encoded by itself."""
        context = self._run.context(bound)
        return None if context is None else piece_of(context, self._number, self._run.size)
