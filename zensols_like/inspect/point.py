"""Look at one data point: the rows that it has become."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import ClassVar

from zensols_like.inspect.errors import NotFoundError
from zensols_like.inspect.reader import BatchReader
from zensols_like.inspect.report import PointReport, Report, TensorReport
from zensols_like.inspect.stored import Column
from zensols_like.inspect.survey import label_names, report_tensor, require_attributes

__all__ = ["RowReport", "find_point", "report_point"]

WIDTH = 64
"""Elements of a row that are shown."""


@dataclass(frozen=True)
class RowReport(Report):
    """A data point, and its row of each tensor."""

    kind: ClassVar[str] = "point"

    path: str
    id: str
    batch_id: str
    split: str
    row: int
    """Its place in the batch."""
    label: str | None
    """``None`` where the label is no class."""
    attributes: tuple[TensorReport, ...]
    source: PointReport | None
    """The data point as its class writes it, where that was asked for."""


def report_point(
    reader: BatchReader, id: str, attributes: Collection[str] = (), with_points: bool = False
) -> RowReport:
    """One data point.

    Args:
        reader: The batches.
        id: The ID of the data point.
        attributes: The attributes to look at; those of the reader when empty.
        with_points: Whether it is made from the source, too.

    Raises:
        NotFoundError: No batch has such a data point.
        MissingBatchError: Its batch is planned, but not committed.
        ConfigurationError: There is no such attribute.
    """
    wanted = require_attributes(reader, attributes)
    position, row = find_point(reader, id)
    points = reader.store.plan.batch_size(position)
    columns = reader.columns(position, wanted)
    labels = label_names(reader, columns.get(reader.manifest.label or ""), points)
    return RowReport(
        path=reader.path,
        id=id,
        batch_id=str(position),
        split=reader.store.plan.split_of(position),
        row=row,
        label=labels[row] if labels else None,
        attributes=tuple(
            _report_row(reader, name, columns[name], row, points) for name in reader.attributes if name in columns
        ),
        source=next(iter(reader.points([id])), None) if with_points else None,
    )


def find_point(reader: BatchReader, id: str) -> tuple[int, int]:
    """The position of the batch of a data point, and its row there.

    Raises:
        NotFoundError: No batch has it.
    """
    plan = reader.store.plan
    for position in range(len(plan)):
        ids = plan.ids(position)
        if id in ids:
            return position, ids.index(id)
    raise NotFoundError(
        f"There is no data point {id!r} in the batches.",
        reader.path,
        f"use one of {plan.size}, such as {plan.ids(0)[0]!r}; show BATCH --ids lists those of a batch",
    )


def _report_row(reader: BatchReader, name: str, column: Column, row: int, points: int) -> TensorReport:
    """A row as a tensor of its own, or nothing where the rows are not data points."""
    tensor = column.tensor
    if tensor is None:
        return report_tensor(reader, name, column, 1)
    if tuple(tensor.shape[:1]) != (points,):
        column = Column(None, f"the rows of its tensor of {list(tensor.shape)} are not the {points} data points")
        return report_tensor(reader, name, column, 1)
    one = report_tensor(reader, name, Column(tensor.to_dense()[row : row + 1], column.note), 1, WIDTH)
    return replace(one, shape=tuple(tensor.shape[1:]))
