"""What there is to say about a store, as frozen values; `as_value` is their one form for machines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, ClassVar, TypeAlias

from zensols_like.schema import document

__all__ = [
    "AttributeReport",
    "BatchEntry",
    "BatchReport",
    "ClearReport",
    "CountReport",
    "EncodeReport",
    "GroupReport",
    "LabelReport",
    "ListReport",
    "PointReport",
    "Range",
    "Report",
    "SplitEntries",
    "SplitReport",
    "StoreReport",
    "TensorReport",
    "TensorStats",
    "as_value",
    "spec_text",
]


class Report:
    """What a command has to say: a frozen dataclass."""

    kind: ClassVar[str]
    """What it is called where machines read it."""


@dataclass(frozen=True)
class TensorStats:
    """The elements of a tensor in a few numbers.

    Minimum, maximum and mean are those of the finite elements, the shares are of all; ``None`` where there are none.
    """

    elements: int
    min: float | None
    max: float | None
    mean: float | None
    share_nan: float | None
    share_infinite: float | None
    share_zero: float | None


@dataclass(frozen=True)
class SplitReport:
    """A split: what is planned, and what of it is there."""

    name: str
    batches: int
    committed: int
    data_points: int
    size_bytes: int


@dataclass(frozen=True)
class GroupReport:
    """Attributes that lie together."""

    name: str
    attributes: tuple[str, ...]
    size_bytes: int


Range: TypeAlias = tuple[int, int]
"""The least and the greatest size of a dimension."""


@dataclass(frozen=True)
class AttributeReport:
    """An attribute over several batches."""

    name: str
    feature_id: str
    vectorizer: str
    is_label: bool
    dtype: str | None
    """Of the decoded tensor; ``None`` where no batch has it."""
    shape: tuple[int, ...] | None
    """-1 for a dimension that changes from batch to batch."""
    stats: TensorStats | None
    """``None`` where nothing was looked at."""
    note: str | None
    """What one has to know to read the numbers."""
    share_padding: float | None = None
    """Of the positions of padded sequences; ``None`` where nothing is padded."""
    sizes: tuple[Range, ...] | None = None
    """Of each dimension in the batches that were looked at; ``None`` where what is stored has others."""
    data_types: tuple[str, ...] = ()
    """Those of the batches that were looked at; empty where what is stored has others."""
    has_row_each: bool = True
    """Whether the first dimension was the number of data points in all batches that were looked at."""


@dataclass(frozen=True)
class LabelReport:
    """How often a label occurs in each split, in the batches that were looked at."""

    label: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class StoreReport(Report):
    """A store: how much is there, of what, made by whom."""

    kind: ClassVar[str] = "store"

    path: str
    container: str
    status: str
    batches: int
    committed: int
    data_points: int
    size_bytes: int
    label: str | None
    splits: tuple[SplitReport, ...]
    groups: tuple[GroupReport, ...]
    attributes: tuple[AttributeReport, ...]
    labels: tuple[LabelReport, ...]
    """Empty where the label is no class."""
    looked_at: int
    """How many batches the numbers of attributes and labels are from."""
    provenance: Mapping[str, Any]


@dataclass(frozen=True)
class BatchEntry:
    """A batch in a list."""

    id: str
    data_points: int
    size_bytes: int
    is_committed: bool


@dataclass(frozen=True)
class SplitEntries:
    """The batches of a split."""

    name: str
    batches: tuple[BatchEntry, ...]


@dataclass(frozen=True)
class ListReport(Report):
    """The batches of a store by split."""

    kind: ClassVar[str] = "list"

    path: str
    status: str
    splits: tuple[SplitEntries, ...]


@dataclass(frozen=True)
class CountReport(Report):
    """How many batches a store has."""

    kind: ClassVar[str] = "count"

    path: str
    batches: int
    committed: int


Row: TypeAlias = tuple[float | int | bool | str, ...]
"""The first elements of a data point."""


@dataclass(frozen=True)
class TensorReport:
    """An attribute of one batch."""

    name: str
    feature_id: str
    is_label: bool
    dtype: str | None
    """``None`` where there is no tensor."""
    shape: tuple[int, ...] | None
    size_bytes: int
    stats: TensorStats | None
    preview: tuple[Row, ...]
    """The first elements of the first rows."""
    note: str | None
    """What one has to know to read the numbers."""
    share_padding: float | None = None
    """Of the positions of padded sequences; ``None`` where nothing is padded."""


@dataclass(frozen=True)
class PointReport:
    """A data point as its class writes it, made from the source."""

    id: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class BatchReport(Report):
    """One batch."""

    kind: ClassVar[str] = "batch"

    path: str
    id: str
    split: str
    data_point_ids: tuple[str, ...]
    size_bytes: int
    """Of its records."""
    attributes: tuple[TensorReport, ...]
    labels: tuple[str, ...]
    """The label of each data point; empty where the label is no class."""
    points: tuple[PointReport, ...] = field(default=())


@dataclass(frozen=True)
class EncodeReport(Report):
    """What an encode did, and what is there now."""

    kind: ClassVar[str] = "encode"

    path: str
    status: str
    encoded: int
    """Batches that were encoded just now."""
    seconds: float
    batches: int
    data_points: int
    size_bytes: int
    splits: tuple[SplitReport, ...]


@dataclass(frozen=True)
class ClearReport(Report):
    """What was removed, or would be."""

    kind: ClassVar[str] = "clear"

    path: str
    is_dry_run: bool
    with_source: bool
    batches: int | None
    """``None`` where the store is too damaged to tell."""
    size_bytes: int | None


def as_value(report: Report) -> dict[str, Any]:
    """A report as plain JSON values: the keys are the fields, in their order.

    Numbers that JSON does not have are the strings ``nan``, ``inf`` and ``-inf``.

    Example:
        >>> as_value(CountReport("target/batch", batches=3, committed=2))
        {'schema_version': 1, 'report': 'count', 'path': 'target/batch', 'batches': 3, 'committed': 2}
    """
    return document(report.kind, _plain(report))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def spec_text(
    dtype: str | None,
    shape: tuple[int, ...] | None,
    sizes: tuple[Range, ...] | None = None,
    has_row_each: bool = True,
) -> str:
    """Data type and shape for people; ``N`` data points, ``*`` where a size is not known.

    Args:
        dtype: The data type.
        shape: The shape, with -1 for a dimension that changes from batch to batch.
        sizes: Those that such a dimension had.
        has_row_each: Whether the first dimension is the number of data points.

    Example:
        >>> spec_text("float32", (-1, 4)), spec_text("int64", (-1, -1)), spec_text("int64", (-1, -1), ((8, 9), (3, 5)))
        ('float32[N, 4]', 'int64[N, *]', 'int64[N, 3…5]')
        >>> spec_text("int64", (-1, 2), ((63, 65), (2, 2)), has_row_each=False)
        'int64[63…65, 2]'
    """
    if dtype is None or shape is None:
        return "none"
    found = sizes if sizes is not None and len(sizes) == len(shape) else ((-1, -1),) * len(shape)
    texts = [_size_text(size, known) for size, known in zip(shape, found, strict=True)]
    if has_row_each and shape[:1] == (-1,):
        texts[0] = "N"
    return f"{dtype}[{', '.join(texts)}]"


def _size_text(size: int, known: Range) -> str:
    if size >= 0:
        return str(size)
    least, most = known
    return "*" if least < 0 else str(least) if least == most else f"{least}…{most}"
