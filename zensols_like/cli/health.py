"""The commands that say what is damaged, stale, broken or large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import typer

from zensols_like.batch.manifest import repair_with
from zensols_like.cli.common import looking, open_configured, open_reader, print_report
from zensols_like.cli.options import Source
from zensols_like.cli.progress import observing
from zensols_like.cli.render_health import (
    render_check,
    render_doctor,
    render_duplicates,
    render_stale,
    render_usage,
    render_verify,
)
from zensols_like.config import load_config
from zensols_like.errors import ConfigurationError, CorruptBatch, StaleError
from zensols_like.inspect import (
    BatchChecks,
    BatchReader,
    FailedCheckError,
    StashReader,
    Tier,
    VerifyReport,
    check_store,
    find_duplicates,
    repair_store,
    report_differences,
    report_health,
    report_unreadable,
    report_usage,
    verify_store,
)
from zensols_like.inspect.find import require_stores

__all__ = ["check", "doctor", "duplicates", "usage", "verify", "why_stale"]

_NAMED = 10
"""Batches that an error names."""


def verify(source: Source, tier: str, repair: bool, as_json: bool, is_quiet: bool) -> None:
    """Say what is damaged; on request encode that again.

    Raises:
        CorruptBatch: Something is damaged.
        StaleError: The store was encoded with another configuration.
        MissingBatchError: Batches are not committed.
    """
    if repair and source.config is None:
        raise ConfigurationError(
            "A store cannot be repaired without its configuration.",
            "the arguments",
            "give it with -c FILE; or call stash.repair([…]) where the stash is made in Python",
        )
    try:
        reader = open_reader(source)
        reader.manifest  # noqa: B018 (nothing more can be said where it is damaged)
    except CorruptBatch as error:
        unreadable = report_unreadable(str(source.store or source.config), error, Tier(tier))
        print_report(unreadable, as_json, render_verify(unreadable))
        raise
    with looking(reader) as shown:
        report = _verify(shown, tier, is_quiet)
        if repair and isinstance(shown, StashReader) and report.damaged:
            report = _repair(shown, report, tier, is_quiet)
        print_report(report, as_json, render_verify(report))
        if report.damaged:
            raise _damaged(report)


def _verify(reader: BatchReader, tier: str, is_quiet: bool) -> VerifyReport:
    with observing(is_quiet, "verifying") as observe:
        return verify_store(reader, Tier(tier), observe)


def _repair(reader: StashReader, report: VerifyReport, tier: str, is_quiet: bool) -> VerifyReport:
    """Make again what a report says is damaged, and look once more."""
    repair_store(reader, report.damaged)
    batches = dict.fromkeys(one.batch_id for one in report.damaged if one.batch_id is not None)
    books = dict.fromkeys(one.file for one in report.damaged if one.batch_id is None)
    return replace(_verify(reader, tier, is_quiet), repaired=tuple(batches), mended=tuple(books))


def _damaged(report: VerifyReport) -> CorruptBatch:
    names = list(dict.fromkeys(one.batch_id for one in report.damaged if one.batch_id is not None))
    fix = repair_with(names)
    if not names:
        what = "The books of the store are damaged."
        return CorruptBatch(what, report.damaged[0].file, f"{fix}; or clear the store and encode again")
    some = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    return CorruptBatch(f"{len(names)} of {report.batches} batches are damaged: {some}.", report.path, fix)


def why_stale(source: Source, as_json: bool) -> None:
    """Say what differs between a store and its configuration.

    Raises:
        MissingBatchError: There is no store.
    """
    report = report_differences(StashReader(open_configured(source)))
    print_report(report, as_json, render_stale(report))
    if report.differences:
        raise typer.Exit(StaleError.exit_code)  # all that an error would say is said


def usage(paths: Sequence[Path], as_json: bool) -> None:
    """Say what takes space.

    Raises:
        NotFoundError: There is no store.
    """
    report = report_usage(store for path in paths for store in require_stores(path))
    print_report(report, as_json, render_usage(report))


def doctor(source: Source | None, as_json: bool) -> None:
    """Say whether the machine and the store are fit to encode.

    Raises:
        FailedCheckError: Something is wrong.
    """
    report = report_health(None if source is None else open_reader(source))
    print_report(report, as_json, render_doctor(report))
    if report.wrong:
        names = ", ".join(one.name for one in report.wrong)
        raise FailedCheckError(f"Something is wrong: {names}.", None, "do as said above")


def check(source: Source, section: str, as_json: bool, is_quiet: bool) -> None:
    """Check the batches against the rules of the configuration.

    Raises:
        FailedCheckError: A rule is broken.
        StaleError: The store was encoded with another configuration.
        MissingBatchError: Batches are not committed.
    """
    stash = open_configured(source)
    checks = BatchChecks.of(load_config(str(source.config), source.overrides or ()), section)
    current = StashReader(stash)
    current.require_current()  # rules are for what this configuration decodes
    with looking(current) as reader:
        with observing(is_quiet, "checking") as observe:
            report = check_store(reader, checks, observe)
        print_report(report, as_json, render_check(report))
        report.require_sound()


def duplicates(source: Source, as_json: bool, is_quiet: bool) -> None:
    """Say which data points have the content of one in another split.

    Raises:
        FailedCheckError: There are some.
    """
    with observing(is_quiet, "comparing") as observe:
        report = find_duplicates(open_configured(source), observe)
    print_report(report, as_json, render_duplicates(report))
    if report.across:
        raise FailedCheckError(
            f"{report.across} of {report.data_points} data points have the content of one in another split.",
            report.path,
            "remove them from one split, or keep what belongs together in one with a GroupStashSplitKeyContainer",
        )
