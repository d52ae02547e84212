"""Batches of rows whose columns are read and encoded several batches at a time.

Small batches cost more around their rows than for them.  A run is as many batches of one size as hold about a
megabyte: their rows are read at once, and a column is encoded at once where its vectorizer makes a row of each value
alone.  Where this is so of all columns, the batches of a run are stored together, as they were encoded; else each is a
piece of the run, and what cannot be encoded together, or fails, is encoded batch by batch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from zensols_like.batch.codec import BoundField, ColumnSource, CutSource
from zensols_like.batch.domain import DataPoint, PointColumns
from zensols_like.batch.interface import RunContexts, piece_of
from zensols_like.batch.row import RowColumns
from zensols_like.persist import NumberedKeys
from zensols_like.vectorize import FeatureContext, NullFeatureContext, TensorFeatureContext

__all__ = ["Run", "RunPart", "read_in_runs"]

_RUN_BYTES = 1 << 20
"""Bytes of the columns of a run, or of what is made of them: as much as a cache holds."""
_RUN_ROWS = 1 << 12
"""Rows of a run whose size in bytes nobody knows, such as texts."""


def read_in_runs(
    batches: Sequence[Sequence[str]],
    read: Callable[[Sequence[str]], Mapping[str, Any] | None],
    make: Callable[[Sequence[str]], tuple[DataPoint, ...]],
) -> Iterator[Run]:
    """Some batches in runs.

    Args:
        batches: The keys of the rows of each batch.
        read: Keys to columns, as `Stash.load_columns`; ``None`` where the source keeps none.
        make: Keys to data points, for a source that keeps no columns.
    """
    at, count = 0, 1
    while at < len(batches):
        size = len(batches[at])
        some = [*takewhile(lambda keys: len(keys) == size, batches[at : at + count])]  # noqa: B023 (used at once)
        ids = _joined(some)
        try:
            columns = read(ids)
        except Exception:
            if len(some) == 1:
                raise
            count = 1  # so that the error is that of a batch
            continue
        if columns is None:
            yield Run(batches[at : at + 1], PointColumns(make(batches[at])))
            at += 1
            continue
        run = Run(some, RowColumns(ids, columns))
        yield run
        at += len(some)
        count = run.good_count


def _joined(batches: Sequence[Sequence[str]]) -> Sequence[str]:
    """The keys of batches, one after another."""
    if len(batches) == 1:
        return batches[0]
    numbered = [keys.numbers for keys in batches if isinstance(keys, NumberedKeys)]
    if len(numbered) == len(batches):
        return NumberedKeys(np.concatenate(numbered))
    return tuple(key for keys in batches for key in keys)


class Run:
    """Batches of one size that were read together.

    Args:
        batches: The keys of the rows of each batch.
        rows: The columns of all rows.
    """

    def __init__(self, batches: Sequence[Sequence[str]], rows: ColumnSource) -> None:
        self.batches = batches
        self.rows = rows
        self.size = len(batches[0])
        self._contexts: dict[str, FeatureContext | None] = {}

    def __len__(self) -> int:
        return len(self.batches)

    @property
    def good_count(self) -> int:
        """How many batches of this kind make a good run."""
        columns = self.rows.columns.values() if isinstance(self.rows, RowColumns) else ()
        made = [context.tensor for context in self._contexts.values() if isinstance(context, TensorFeatureContext)]
        nbytes = max(sum(getattr(one, "nbytes", 0) for one in some) for some in (columns, made))
        rows = max(1, len(self.rows.ids))
        most = rows * _RUN_BYTES // max(1, nbytes)
        return max(1, (most if all(map(_is_sized, columns)) else min(most, _RUN_ROWS)) // max(1, self.size))

    def parts(self) -> Sequence[ColumnSource]:
        """The columns of each batch."""
        return [self.rows] if len(self) == 1 else [RunPart(self, number) for number in range(len(self))]

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
        return RunContexts(whole, len(self), self.size) if len(whole) == len(found) else None


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
        return self._run.batches[self._number]

    def column(self, name: str) -> Any:
        """What each row has in a field; its key for ``id``."""
        first = self._number * self._run.size
        return self._run.rows.column(name)[first : first + self._run.size]

    def context(self, bound: BoundField) -> FeatureContext | None:
        """The context of a column, cut from that of the run; ``None`` where it has to be encoded by itself."""
        context = self._run.context(bound)
        return None if context is None else piece_of(context, self._number, self._run.size)
