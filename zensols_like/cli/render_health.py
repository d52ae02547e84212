"""Reports of what is damaged, stale, broken or large, as text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from zensols_like.cli.figures import age_text, count_text, size_text
from zensols_like.cli.tables import STATES, new_table, title
from zensols_like.inspect import (
    CheckReport,
    DoctorReport,
    DuplicatesReport,
    StaleReport,
    StoresReport,
    Tier,
    UsageReport,
    VerifyReport,
)
from zensols_like.inspect.checks import RuleReport
from zensols_like.inspect.usage import StoreUsage

__all__ = [
    "render_check",
    "render_doctor",
    "render_duplicates",
    "render_stale",
    "render_stores",
    "render_usage",
    "render_verify",
]

_SOUND = {
    Tier.SIZES.value: "each is there with its size",
    Tier.CHECKSUMS.value: "each byte is as it was committed",
    Tier.DEEP.value: "each byte is as it was committed, and all of them decode",
}


def render_verify(report: VerifyReport) -> RenderableType:
    """What is damaged."""
    seen = f"{count_text(report.records, 'record')} of {count_text(report.batches, 'batch')}"
    parts: list[RenderableType] = [title(report.path, report.status)]
    if report.repaired:
        parts.append(f"Encoded again: {count_text(len(report.repaired), 'batch')} ({', '.join(report.repaired)}).")
    if report.mended:
        parts.append(f"Written again: {', '.join(report.mended)}.")
    if not report.damaged:
        parts.append(f"{seen}, {size_text(report.size_bytes)}: {_SOUND[report.tier]}.")
        return Group(*parts)
    table = new_table(">batch", "split", "group", "file", "damage")
    for one in report.damaged:
        table.add_row(
            one.batch_id or "", escape(one.split or ""), escape(one.group or ""), escape(one.file), escape(one.what)
        )
    return Group(*parts, f"{seen}: [red]{len(report.damaged)} damaged[/]", table)


def render_stale(report: StaleReport) -> RenderableType:
    """What differs, a line for each field."""
    lines = report.differences or ("Nothing that decides about the batches changed.",)
    return Group(title(report.path, report.status), *map(Text, lines))


def render_stores(report: StoresReport) -> RenderableType:
    """A line for each store."""
    now = datetime.now(UTC)
    table = new_table("store", "status", ">batches", ">data points", ">size", ">age", "")
    for one in report.stores:
        is_whole = one.committed == one.batches
        table.add_row(
            escape(one.path),
            Text(one.status, STATES[one.status]),
            "" if one.batches is None else str(one.batches) if is_whole else f"{one.committed} of {one.batches}",
            "" if one.data_points is None else str(one.data_points),
            "" if one.size_bytes is None else size_text(one.size_bytes),
            "" if one.created is None else age_text((now - datetime.fromisoformat(one.created)).total_seconds()),
            escape(one.note or ""),
        )
    return table


def render_usage(report: UsageReport) -> RenderableType:
    """The space of one store by group and split, or of several as a line each."""
    if len(report.stores) == 1:
        return Group(*_usage_of(report.stores[0]))
    table = new_table("store", "status", ">records", ">all files", ">files")
    for one in report.stores:
        table.add_row(escape(one.path), Text(one.status, STATES[one.status]), *_sizes(one), str(one.files))
    table.add_section()
    total = sum(one.files for one in report.stores)
    table.add_row("all", "", size_text(report.record_bytes), size_text(report.file_bytes), str(total))
    return table


def _sizes(one: StoreUsage) -> tuple[str, str]:
    return size_text(one.record_bytes) if one.groups else "", size_text(one.file_bytes)


def _usage_of(one: StoreUsage) -> Iterable[RenderableType]:
    yield title(one.path, one.status)
    yield f"{size_text(one.file_bytes)} in {count_text(one.files, 'file')}; {size_text(one.record_bytes)} are records:"
    if one.groups:
        yield _group_table(one)


def _group_table(one: StoreUsage) -> Table:
    splits = list(one.groups[0].bytes_by_split)
    table = new_table("group", *(f">{escape(split)}" for split in splits), ">all")
    for group in one.groups:
        sizes = group.bytes_by_split
        name = escape(group.name or ", ".join(group.attributes))
        table.add_row(name, *(size_text(sizes[split]) for split in splits), size_text(sum(sizes.values())))
    if len(one.groups) > 1:
        table.add_section()
        totals = [sum(group.bytes_by_split[split] for group in one.groups) for split in splits]
        table.add_row("all", *map(size_text, totals), size_text(sum(totals)))
    return table


def render_check(report: CheckReport) -> RenderableType:
    """Each rule, and what breaks it."""
    table = new_table("attribute", "rule", "")
    for rule in report.rules:
        table.add_row(escape(rule.attribute), escape(rule.rule), _verdict(rule))
    return Group(title(report.path, report.status), f"{count_text(report.batches, 'batch')} checked", table)


def _verdict(rule: RuleReport) -> Text:
    if rule.count == 0:
        return Text("holds", "green")
    text = Text.assemble((f"broken {rule.count} times" if rule.count > 1 else "broken once", "red"))
    for one in rule.violations:
        text.append(f"\n{one}")
    return text.append("\n…") if rule.count > len(rule.violations) else text


def render_duplicates(report: DuplicatesReport) -> RenderableType:
    """The data points that are in two splits."""
    did = f"{count_text(report.data_points, 'data point')} compared by {escape(', '.join(report.attributes))}"
    inside = f"repeated inside of a split: {report.within}"
    if not report.across:
        return Group(f"{did}: none is in two splits; {inside}.")
    table = new_table("data point", "split", "is the same as", "split")
    for one in report.duplicates:
        table.add_row(escape(one.id), escape(one.split), escape(one.first_id), escape(one.first_split))
    if report.across > len(report.duplicates):
        table.add_row("…")
    return Group(f"{did}: [red]in two splits: {report.across}[/]; {inside}.", table)


def render_doctor(report: DoctorReport) -> RenderableType:
    """What was looked at, and what to do."""
    table = new_table("", "looked at", "found")
    for one in report.findings:
        found = Text(one.value)
        if one.advice is not None:
            found.append(f"\n{one.advice}", "dim")
        table.add_row(Text(one.state, STATES[one.state]), escape(one.name), found)
    return table
