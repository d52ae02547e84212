"""Look at batches and report."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from zensols_like.batch.manifest import AttributeSpec
from zensols_like.errors import ConfigurationError, CorruptBatch
from zensols_like.inspect.errors import NotFoundError
from zensols_like.inspect.labels import LabelCounts, class_ids
from zensols_like.inspect.mask import masked
from zensols_like.inspect.padding import Padding
from zensols_like.inspect.reader import BatchReader, require_split
from zensols_like.inspect.report import (
    AttributeReport,
    BatchEntry,
    BatchReport,
    ClearReport,
    CountReport,
    EncodeReport,
    GroupReport,
    ListReport,
    Range,
    SplitEntries,
    SplitReport,
    StoreReport,
    TensorReport,
)
from zensols_like.inspect.stats import Tally, preview, ranges
from zensols_like.inspect.stored import Column, dtype_name

__all__ = [
    "count_batches",
    "label_names",
    "list_batches",
    "report_batch",
    "report_clear",
    "report_encode",
    "report_store",
    "report_tensor",
    "require_attributes",
]

PREVIEW_WIDTH = 8
"""Elements of a row in a preview."""


def count_batches(reader: BatchReader) -> CountReport:
    """How many batches there are."""
    missing = len(reader.store.index.missing())
    batches = len(reader.store.plan)
    return CountReport(reader.path, batches, batches - missing)


def list_batches(reader: BatchReader) -> ListReport:
    """Every batch by split."""
    plan = reader.store.plan
    sizes = _sizes(reader).sum(axis=0).tolist()
    committed = _committed(reader).tolist()
    splits = tuple(
        SplitEntries(
            split,
            tuple(
                BatchEntry(str(position), plan.batch_size(position), sizes[position], committed[position])
                for position in plan.range_of(split)
            ),
        )
        for split in plan.splits
    )
    return ListReport(reader.path, reader.status.value, splits)


def _splits(reader: BatchReader) -> tuple[SplitReport, ...]:
    """What is planned in each split, and what of it is there."""
    plan = reader.store.plan
    sizes, committed = _sizes(reader), _committed(reader)
    found = []
    for split in plan.splits:
        positions = plan.range_of(split)
        inside = slice(positions.start, positions.stop)
        found.append(
            SplitReport(
                split,
                len(positions),
                int(committed[inside].sum()),
                plan.data_points_of(split),
                int(sizes[:, inside].sum()),
            )
        )
    return tuple(found)


def report_encode(reader: BatchReader, encoded: int, seconds: float) -> EncodeReport:
    """What is there after an encode.

    Args:
        reader: The batches.
        encoded: How many of them were encoded just now.
        seconds: How long that took.
    """
    plan = reader.store.plan
    return EncodeReport(
        reader.path, reader.status.value, encoded, seconds, len(plan), plan.size, _size(reader), _splits(reader)
    )


def _size(reader: BatchReader) -> int:
    """Bytes of all records."""
    return int(_sizes(reader).sum())


def report_clear(reader: BatchReader, is_dry_run: bool, with_source: bool) -> ClearReport:
    """What clearing removes; also of a damaged store, since that is how to get rid of one."""
    batches: int | None
    size: int | None
    try:
        is_absent = reader.store.manifest is None
        batches, size = (0, 0) if is_absent else (count_batches(reader).committed, _size(reader))
    except CorruptBatch:
        batches = size = None
    return ClearReport(reader.path, is_dry_run, with_source, batches, size)


def _sizes(reader: BatchReader) -> NDArray[np.int64]:
    """Bytes of the record of each group and batch."""
    index = reader.store.index
    return np.where(index.file >= 0, index.length, 0)


def _committed(reader: BatchReader) -> NDArray[np.bool_]:
    """Whether each batch is committed."""
    committed: NDArray[np.bool_] = np.logical_and.reduce(reader.store.index.file >= 0, axis=0)
    return committed


def report_store(reader: BatchReader, batches: int | None = 1, split_name: str | None = None) -> StoreReport:
    """How much is there, of what, made by whom.

    Args:
        reader: The batches.
        batches: How many of each split to read for the numbers; all when ``None``.
        split_name: The only split to read; all when ``None``.

    Raises:
        NotFoundError: There is no such split.
    """
    manifest = reader.manifest
    splits = _splits(reader)
    read = [split.name for split in splits if split_name in (None, split.name)]
    if split_name is not None:
        require_split(reader, split_name)
    tallies: dict[str, Tally] = {}
    specs = dict(manifest.specs)
    paddings: dict[str, Padding] = {}
    notes: dict[str, str] = {}
    sizes: dict[str, tuple[Range, ...]] = {}
    types: dict[str, list[str]] = {}
    decoded: set[str] = set()
    uneven: set[str] = set()
    labels = LabelCounts()
    looked_at = 0
    for split in read:
        for position in _readable(reader, split)[:batches]:
            columns = reader.columns(position, reader.shown)
            looked_at += 1
            for name, column in columns.items():
                if column.tensor is not None:
                    tallies[name] = tallies.get(name, Tally()) + Tally.of(column.tensor)
                    specs[name] = _completed(specs[name], column.tensor)
                    sizes[name] = ranges(column.tensor.shape, sizes.get(name))
                    types.setdefault(name, []).append(dtype_name(column.tensor))
                    if column.note is None:
                        decoded.add(name)
                        if column.tensor.shape[:1] != (reader.store.plan.batch_size(position),):
                            uneven.add(name)
                if column.padding is not None:
                    paddings[name] = paddings.get(name, Padding(0, 0)) + column.padding
                if column.note is not None:
                    notes[name] = column.note
            labels.add(split, columns.get(manifest.label or ""))
    attributes = tuple(
        AttributeReport(
            name,
            spec.feature_id,
            spec.vectorizer,
            spec.is_label,
            spec.dtype,
            spec.shape,
            tallies[name].stats if name in tallies else None,
            notes.get(name) if name in reader.shown else "not one of the decoded attributes",
            paddings[name].share if name in paddings else None,
            None if name in notes else sizes.get(name),
            tuple(dict.fromkeys(types[name])) if name in decoded else (),
            name not in uneven,
        )
        for name, spec in specs.items()
    )
    groups = zip(manifest.groups, _sizes(reader).sum(axis=1).tolist(), strict=True)
    return StoreReport(
        path=reader.path,
        container=manifest.container,
        status=reader.status.value,
        batches=len(reader.store.plan),
        committed=sum(split.committed for split in splits),
        data_points=reader.store.plan.size,
        size_bytes=_size(reader),
        label=manifest.label,
        splits=splits,
        groups=tuple(GroupReport(group.key, group.attributes, size) for group, size in groups),
        attributes=attributes,
        labels=labels.reports(reader.class_names),
        looked_at=looked_at,
        provenance=masked(manifest.provenance),
    )


def _completed(spec: AttributeSpec, tensor: Tensor) -> AttributeSpec:
    """What an attribute looks like, which the manifest of a partial store does not say yet."""
    if spec.dtype is not None:
        return spec
    return replace(spec, dtype=dtype_name(tensor), shape=(-1, *tensor.shape[1:]) if tensor.dim() > 0 else ())


def _readable(reader: BatchReader, split: str) -> list[int]:
    """The positions of the batches of a split that are committed."""
    committed = _committed(reader)
    return [position for position in reader.store.plan.range_of(split) if committed[position]]


def report_batch(
    reader: BatchReader,
    batch_id: str,
    attributes: Collection[str] = (),
    rows: int = 3,
    with_points: bool = False,
) -> BatchReport:
    """One batch.

    Args:
        reader: The batches.
        batch_id: The ID.
        attributes: The attributes to look at; those of the reader when empty.
        rows: How many data points to preview.
        with_points: Whether these are made from the source, too.

    Raises:
        NotFoundError: There is no such batch.
        MissingBatchError: It is planned, but not committed.
        ConfigurationError: There is no such attribute.
    """
    plan, label = reader.store.plan, reader.manifest.label
    position = plan.position(batch_id)
    if position is None:
        raise NotFoundError(
            f"There is no batch {batch_id!r}.", reader.path, f"use one of '0' to '{len(plan) - 1}'; ls lists them"
        )
    wanted = require_attributes(reader, attributes)
    columns = reader.columns(position, wanted)
    labelled = columns.get(label or "")
    ids = plan.ids(position)
    return BatchReport(
        path=reader.path,
        id=batch_id,
        split=plan.split_of(position),
        data_point_ids=tuple(ids),
        size_bytes=int(_sizes(reader)[:, position].sum()),
        attributes=tuple(
            report_tensor(reader, name, columns[name], rows) for name in reader.attributes if name in columns
        ),
        labels=label_names(reader, labelled, len(ids)),
        points=reader.points(ids[:rows]) if with_points else (),
    )


def require_attributes(reader: BatchReader, names: Collection[str]) -> Collection[str]:
    """The attributes that are asked for; those of the reader when empty.

    Raises:
        ConfigurationError: There is no such attribute.
    """
    unknown = sorted(set(names).difference(reader.attributes))
    if unknown:
        raise ConfigurationError(
            f"There are no attributes {unknown}.", reader.path, f"use some of {list(reader.attributes)}"
        )
    return names or reader.shown


def label_names(reader: BatchReader, column: Column | None, points: int) -> tuple[str, ...]:
    """The class of each data point; empty where the label is no class."""
    ids: Sequence[int] | None = None if column is None or column.tensor is None else class_ids(column.tensor)
    return tuple(reader.class_names(ids)) if ids is not None and len(ids) == points else ()


def report_tensor(
    reader: BatchReader, name: str, column: Column, rows: int, width: int = PREVIEW_WIDTH
) -> TensorReport:
    """An attribute of a batch, and a preview of so many rows and elements of each."""
    spec, tensor = reader.manifest.specs[name], column.tensor
    return TensorReport(
        name,
        spec.feature_id,
        spec.is_label,
        None if tensor is None else dtype_name(tensor),
        None if tensor is None else tuple(tensor.shape),
        0 if tensor is None else tensor.nbytes,
        None if tensor is None else Tally.of(tensor).stats,
        () if tensor is None else preview(tensor, rows, width),
        column.note,
        None if column.padding is None else column.padding.share,
    )
