"""Batches of rows whose columns are read and encoded several batches at a time.

Small batches cost more around their rows than for them.  A run is as many batches as hold about a megabyte: their rows
are read at once, and a column is encoded at once where its vectorizer makes a row of each value alone; each batch is
then a piece of the run.  What cannot be encoded together, or fails, is encoded batch by batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch

from zensols_like.batch.codec import BoundField, CutSource
from zensols_like.batch.domain import DataPoint, PointColumns
from zensols_like.batch.row import RowColumns
from zensols_like.persist import NumberedKeys
from zensols_like.vectorize import FeatureContext, NullFeatureContext, TensorFeatureContext

__all__ = ["RunPart", "read_in_runs"]

_RUN_BYTES = 1 << 20
"""Bytes of the columns of a run: as much as a cache holds."""
_RUN_ROWS = 1 << 12
"""Rows of a run, since nobody knows how large a text is."""


def read_in_runs(
    batches: Sequence[Sequence[str]],
    read: Callable[[Sequence[str]], Mapping[str, Any] | None],
    make: Callable[[Sequence[str]], tuple[DataPoint, ...]],
) -> Iterator[PointColumns | RowColumns | RunPart]:
    """The columns of each of some batches.

    Args:
        batches: The keys of the rows of each batch.
        read: Keys to columns, as `Stash.load_columns`; ``None`` where the source keeps none.
        make: Keys to data points, for a source that keeps no columns.
    """
    at, count = 0, 1
    while at < len(batches):
        some = batches[at : at + count]
        ids = _joined(some)
        try:
            columns = read(ids)
        except Exception:
            if len(some) == 1:
                raise
            count = 1  # so that the error is that of a batch
            continue
        if columns is None:
            yield PointColumns(make(some[0]))
            at += 1
            continue
        run = _Run(some, RowColumns(ids, columns))
        yield from run.parts()
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


class _Run:
    """The columns of batches that follow one another."""

    def __init__(self, batches: Sequence[Sequence[str]], rows: RowColumns) -> None:
        self.batches = batches
        self.rows = rows
        self.lengths = [len(keys) for keys in batches]
        self._contexts: dict[str, list[FeatureContext] | None] = {}

    @property
    def good_count(self) -> int:
        """How many batches of this kind make a good run."""
        rows = max(1, len(self.rows.ids))
        nbytes = sum(getattr(column, "nbytes", 0) for column in self.rows.columns.values())
        return max(1, len(self.batches) * min(_RUN_ROWS, _RUN_BYTES * rows // max(1, nbytes)) // rows)

    def parts(self) -> Sequence[RowColumns | RunPart]:
        """The columns of each batch."""
        return [self.rows] if len(self.batches) == 1 else [RunPart(self, number) for number in range(len(self.batches))]

    @cached_property
    def begins(self) -> list[int]:
        """The first row of each batch."""
        return [0, *np.cumsum(self.lengths).tolist()]

    def contexts(self, bound: BoundField) -> list[FeatureContext] | None:
        """The context of a column for each batch; ``None`` where batches are to be encoded one by one."""
        name = bound.field.attr
        if name not in self._contexts:
            self._contexts[name] = self._encode(bound)
        return self._contexts[name]

    def _encode(self, bound: BoundField) -> list[FeatureContext] | None:
        try:
            values = self.rows.column(bound.field.attribute_accessor)
            if not bound.vectorizer.encodes_rows(values):
                return None
            context = bound.encode(self.rows.ids, values)
        except Exception:  # noqa: BLE001 (whatever it is, it comes again for the batch that it is about)
            return None
        if type(context) is NullFeatureContext:
            return [context] * len(self.batches)
        if type(context) is not TensorFeatureContext or len(context.tensor) != len(self.rows.ids):
            return None
        return [TensorFeatureContext(context.feature_id, rows) for rows in torch.split(context.tensor, self.lengths)]


class RunPart(CutSource):
    """The columns of a batch that was read with others.

    Args:
        run: The batches that were read together.
        number: Which of them this is.
    """

    __slots__ = ("_number", "_run")
    is_random: ClassVar[bool] = False

    def __init__(self, run: _Run, number: int) -> None:
        self._run = run
        self._number = number

    @property
    def ids(self) -> Sequence[str]:
        """The keys of the rows."""
        return self._run.batches[self._number]

    def column(self, name: str) -> Any:
        """What each row has in a field; its key for ``id``."""
        begins = self._run.begins
        return self._run.rows.column(name)[begins[self._number] : begins[self._number + 1]]

    def context(self, bound: BoundField) -> FeatureContext | None:
        """The context of a column, cut from that of the run; ``None`` where it has to be encoded by itself."""
        contexts = self._run.contexts(bound)
        return None if contexts is None else contexts[self._number]
