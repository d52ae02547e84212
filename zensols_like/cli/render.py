"""Reports as text for a terminal, or as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from zensols_like.cli.figures import count_text, number_text, share_text, size_text
from zensols_like.cli.tables import new_table, title
from zensols_like.inspect import (
    BatchReport,
    ClearReport,
    CountReport,
    EncodeReport,
    ListReport,
    Report,
    RowReport,
    StepReport,
    StoreReport,
    TensorStats,
    as_value,
)
from zensols_like.inspect.report import AttributeReport, BatchEntry, Row, SplitReport, TensorReport, spec_text

__all__ = [
    "OF_SOURCE",
    "as_json",
    "render_batch",
    "render_clear",
    "render_count",
    "render_encode",
    "render_list",
    "render_point",
    "render_step",
    "render_store",
]

OF_SOURCE = ", and of its source the split keys and what its stashes keep; files that it only reads stay"
"""What is removed besides batches, on request."""
_WIDE = 78
"""Characters of a line of attributes that stand side by side."""
_LONG = 10
"""Lines of a list that is not shortened."""
_FIRST, _LAST = 6, 2
"""Lines of a list that is."""


def as_json(report: Report) -> str:
    """A report as one JSON document."""
    return json.dumps(as_value(report), indent=2, allow_nan=False)


def render_store(report: StoreReport) -> RenderableType:
    """What a store holds."""
    looked_at = f"{report.looked_at} of {count_text(report.batches, 'batch')}"
    return Group(
        title(report.path, report.status),
        f"{count_text(report.batches, 'batch')}, {count_text(report.data_points, 'data point')}, "
        f"{size_text(report.size_bytes)}, {report.container}",
        Text("\n".join(_made(report.provenance)), style="dim"),
        _split_table(report.splits),
        _attribute_table(report.attributes),
        *_notes(report.attributes),
        f"[dim]* label; N data points; numbers and sizes of {looked_at}[/]",
        *_label_table(report),
    )


def _made(provenance: Mapping[str, Any]) -> Iterable[str]:
    """Who made a store, in lines."""
    known = {name: f"{name} {value}" for name, value in provenance.items() if value is not None}
    lines = (("began", "finished"), ("command",), ("commit", "host", "run", "seed"), provenance)
    for names in lines:
        texts = [known.pop(name) for name in names if name in known]
        if texts:
            yield ", ".join(texts)


def _split_table(splits: Sequence[SplitReport]) -> Table:
    is_whole = all(split.committed == split.batches for split in splits)
    table = new_table("split", ">batches", *([] if is_whole else [">committed"]), ">data points", ">size")
    for split in splits:
        committed = [] if is_whole else [str(split.committed)]
        table.add_row(
            escape(split.name), str(split.batches), *committed, str(split.data_points), size_text(split.size_bytes)
        )
    return table


def _attribute_table(attributes: Sequence[AttributeReport]) -> Table:
    padding = _padding_header(attributes)
    table = new_table("attribute", "tensor", ">min", ">max", ">mean", ">NaN", ">zero", *padding, "vectorizer")
    for one in attributes:
        table.add_row(
            _name(one),
            escape(spec_text("|".join(one.data_types) or one.dtype, one.shape, one.sizes, one.has_row_each)),
            *_numbers(one.stats),
            *(share_text(one.share_padding) for _ in padding),
            escape(one.vectorizer.rpartition(".")[2].removesuffix("FeatureVectorizer").removesuffix("Encodable")),
        )
    return table


def _padding_header(attributes: Iterable[AttributeReport | TensorReport]) -> list[str]:
    """A column for the share of padding, where anything is padded."""
    return [">padding"] if any(one.share_padding is not None for one in attributes) else []


def _name(one: AttributeReport | TensorReport) -> str:
    return f"{escape(one.name)}{' *' if one.is_label else ''}"


def _numbers(stats: TensorStats | None) -> Iterator[str]:
    if stats is None:
        yield from [""] * 5
    else:
        yield from (number_text(one) for one in (stats.min, stats.max, stats.mean))
        yield from (share_text(one) for one in (stats.share_nan, stats.share_zero))


def _notes(attributes: Iterable[AttributeReport | TensorReport]) -> Iterator[str]:
    for one in attributes:
        if one.note is not None:
            yield f"[yellow]{escape(one.name)}[/]: {escape(one.note)}"
        if one.stats is not None and one.stats.share_infinite:
            yield f"[yellow]{escape(one.name)}[/]: {share_text(one.stats.share_infinite)} infinite"


def _label_table(report: StoreReport) -> Iterator[Table]:
    if report.labels:
        splits = list(report.labels[0].counts)
        table = new_table(f"{escape(report.label or '')} *", *(f">{escape(split)}" for split in splits))
        for one in report.labels:
            table.add_row(escape(one.label), *(str(one.counts[split]) for split in splits))
        yield table


def render_count(report: CountReport) -> RenderableType:
    """Only the number."""
    return str(report.batches)


def render_list(report: ListReport, show_all: bool) -> RenderableType:
    """The batches of each split; long lists are shortened."""
    is_whole = all(one.is_committed for split in report.splits for one in split.batches)
    table = new_table("split", ">batch", ">data points", ">size", *([] if is_whole else [""]))
    for split in report.splits:
        name, batches = escape(split.name), split.batches
        is_long = len(batches) > _LONG and not show_all
        for one in batches[:_FIRST] if is_long else batches:
            table.add_row(name, *_entry(one))
            name = ""
        if is_long:
            table.add_row("", "…", f"[dim]{len(batches) - _FIRST - _LAST} more[/]")
            for one in batches[-_LAST:]:
                table.add_row("", *_entry(one))
        table.add_section()
    return Group(title(report.path, report.status), table)


def _entry(one: BatchEntry) -> tuple[str, ...]:
    known = (one.id, str(one.data_points))
    return (*known, size_text(one.size_bytes)) if one.is_committed else (*known, "", "[yellow]not committed[/]")


def render_batch(report: BatchReport, all_ids: bool) -> RenderableType:
    """A batch: its data points, a line for each attribute, and the first values."""
    ids = report.data_point_ids
    shown = ids if all_ids or len(ids) <= _LONG else (*ids[:_FIRST], "…", *ids[-_LAST:])
    return Group(
        Text.assemble((f"batch {report.id}", "bold"), f" of {report.split}", (f"  {report.path}", "dim")),
        f"{count_text(len(ids), 'data point')}, {size_text(report.size_bytes)}: {escape(', '.join(shown))}",
        _tensor_table(report.attributes),
        *_notes(report.attributes),
        _preview_table(report),
        *_point_tables(report),
    )


def render_step(report: StepReport, all_ids: bool) -> RenderableType:
    """What a step saw: its place, then its batch."""
    return Group(
        f"epoch {report.epoch}, step {report.step}, rank {report.rank} of {report.world}: position {report.position} "
        f"of data epoch {report.data_epoch}{', padding' if report.is_padding else ''}",
        render_batch(report.batch, all_ids),
    )


def _tensor_table(attributes: Sequence[TensorReport]) -> Table:
    padding = _padding_header(attributes)
    table = new_table("attribute", "tensor", ">bytes", ">min", ">max", ">mean", ">NaN", ">zero", *padding)
    for one in attributes:
        table.add_row(
            _name(one),
            escape(spec_text(one.dtype, one.shape)),
            str(one.size_bytes),
            *_numbers(one.stats),
            *(share_text(one.share_padding) for _ in padding),
        )
    return table


def _preview_table(report: BatchReport) -> Table:
    """The first values: a line for each data point, or one below the other where that is too wide."""
    previews = [(one, _preview(report, one)) for one in report.attributes]
    shown = report.data_point_ids[: max((len(lines) for _, lines in previews), default=0)]
    columns = [("id", *shown), *((_name(one), *lines) for one, lines in previews)]
    width = sum(2 + max(map(len, column)) for column in columns)
    if width <= _WIDE and all(_has_points(report, one) for one in report.attributes):
        table = new_table("id", *(_name(one) for one in report.attributes))
        for id, *texts in zip(report.data_point_ids, *(lines for _, lines in previews), strict=False):
            table.add_row(escape(id), *map(escape, texts))
        return table
    table = new_table("attribute", "id", "first values")
    for one, lines in previews:
        ids = report.data_point_ids if _has_points(report, one) else [f"[{row}]" for row in range(len(lines))]
        for number, (id, values) in enumerate(zip(ids, lines, strict=False)):
            table.add_row(_name(one) if number == 0 else "", escape(id), escape(values))
        table.add_section()
    return table


def _has_points(report: BatchReport, one: TensorReport) -> bool:
    """Whether the rows of an attribute are the data points."""
    return one.shape is not None and one.shape[:1] == (len(report.data_point_ids),)


def _preview(report: BatchReport, one: TensorReport) -> list[str]:
    """The first rows of an attribute as text, labels with the names of their classes."""
    lines = _values(one.preview, math.prod((one.shape or ())[1:]))
    if not one.is_label or not report.labels:
        return lines
    return [f"{line}  {name}" for line, name in zip(lines, report.labels, strict=False)]


def _values(rows: Sequence[Row], length: int) -> list[str]:
    """Rows as lines of numbers, one below the other.

    Example:
        >>> _values([(1.5, 10), (20.25, 3)], length=4)
        ['  1.5  10  …', '20.25   3  …']
    """
    texts = [[number_text(item) for item in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    rest = ["…"] if length > len(widths) else []
    return ["  ".join([*(text.rjust(width) for text, width in zip(row, widths, strict=True)), *rest]) for row in texts]


def _point_tables(report: BatchReport) -> Iterator[Table]:
    if report.points:
        table = new_table("data point", "source")
        for point in report.points:
            table.add_row(escape(point.id), escape("\n".join(point.lines)))
            table.add_section()
        yield table


def render_point(report: RowReport) -> RenderableType:
    """A data point: where it is, and its row of each tensor."""
    table = new_table("attribute", "tensor", "values")
    for one in report.attributes:
        (values,) = _values(one.preview, math.prod(one.shape or ())) or [""]
        table.add_row(_name(one), escape(spec_text(one.dtype, one.shape)), escape(values))
    label = "" if report.label is None else f", label {report.label}"
    return Group(
        Text.assemble((f"data point {report.id}", "bold"), label, (f"  {report.path}", "dim")),
        f"row {report.row} of batch {report.batch_id} of {escape(report.split)}",
        table,
        *_notes(report.attributes),
        *([] if report.source is None else [escape("\n".join(report.source.lines))]),
    )


def render_encode(report: EncodeReport) -> RenderableType:
    """What an encode did."""
    if report.encoded == 0:
        did = f"Already complete: all {count_text(report.batches, 'batch')} are there."
    else:
        rate = report.encoded / report.seconds if report.seconds > 0 else math.inf
        did = f"Encoded {count_text(report.encoded, 'batch')} in {report.seconds:.1f} s ({rate:.1f}/s)."
    return Group(
        title(report.path, report.status),
        f"{did}  {count_text(report.data_points, 'data point')}, {size_text(report.size_bytes)}.",
        _split_table(report.splits),
    )


def render_clear(report: ClearReport) -> RenderableType:
    """What was removed, or would be."""
    verb = "Would remove" if report.is_dry_run else "Removed"
    if report.batches is None or report.size_bytes is None:
        what = "what is left of a damaged store"
    else:
        what = f"{count_text(report.batches, 'batch')} ({size_text(report.size_bytes)})"
    return Text(f"{verb} {what} from {report.path}{OF_SOURCE if report.with_source else ''}.")
