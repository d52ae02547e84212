"""The report of how quick a store is, as text."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from zensols_like.cli.figures import count_text, duration_text, number_text, size_text
from zensols_like.cli.tables import new_table, title
from zensols_like.inspect import BenchReport
from zensols_like.inspect.bench import StagePace
from zensols_like.inspect.pace import EncodePace

__all__ = ["render_bench"]


def render_bench(report: BenchReport) -> RenderableType:
    """The stages of loading beside the limit of the machine, then what encodes."""
    return Group(title(report.path, report.status), *_load(report), *_encode(report.encode))


def _load(report: BenchReport) -> Iterator[RenderableType]:
    if report.load is not None:
        of_all = "" if report.batches == report.planned else f" of {report.planned}"
        read = f"{report.batches}{of_all} batches" if of_all else count_text(report.batches, "batch")
        yield f"{read}, {size_text(report.size_bytes)}, {report.container}, in memory already, one thread"
        table = new_table("load", ">a batch", ">batches/s", ">bytes/s", ">x limit", "")
        limit = report.limit
        for stage in (*report.stages, report.load, *(() if limit is None else (limit,))):
            slowest = "limits" if report.limiting is not None and report.limiting.split()[0] == stage.name else ""
            table.add_row(stage.name, *_figures(stage, limit), Text(slowest, "yellow"))
        yield table
        if report.decode:
            table = new_table("decode", "vectorizer", ">a batch")
            for one in report.decode:
                table.add_row(escape(one.attribute), escape(one.vectorizer), duration_text(one.seconds_per_batch))
            yield table
        yield Text(f"Loading is limited by: {report.limiting}")
    if report.note is not None:
        yield Text(report.note, "yellow")


def _figures(stage: StagePace, limit: StagePace | None) -> tuple[str, ...]:
    times = "" if limit is None else f"{stage.seconds_per_batch / limit.seconds_per_batch:.2f}"
    return (
        duration_text(stage.seconds_per_batch),
        number_text(round(stage.batches_per_second)),
        size_text(round(stage.bytes_per_second)),
        times,
    )


def _encode(pace: EncodePace | None) -> Iterator[RenderableType]:
    if pace is None:
        return
    table = new_table("encode", "vectorizer", ">a batch", ">data points/s")
    table.add_row("(the source)", "", duration_text(pace.source_seconds_per_batch), "")
    for one in pace.vectorizers:
        rate = number_text(round(one.data_points_per_second))
        table.add_row(escape(one.attribute), escape(one.vectorizer), duration_text(one.seconds_per_batch), rate)
    table.add_section()
    table.add_row("all", "", "", number_text(round(pace.data_points_per_second)))
    yield table
    yield Text(f"Encoding is limited by: {pace.limiting} ({count_text(pace.batches, 'batch')} encoded, none written)")
