"""What the commands do: find batches, ask for a report, print it."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import typer

from zensols_like.batch import BatchStash
from zensols_like.cli import render
from zensols_like.cli.common import looking, open_configured, open_reader, print_report
from zensols_like.cli.options import Source
from zensols_like.cli.progress import observer_for, observing
from zensols_like.cli.render_health import render_stores
from zensols_like.config import load_config
from zensols_like.errors import ConfigurationError
from zensols_like.inspect import (
    BatchChecks,
    ClearReport,
    StashReader,
    StepPlace,
    check_store,
    count_batches,
    is_store,
    list_stores,
    report_batch,
    report_clear,
    report_encode,
    report_point,
    report_step,
    report_store,
)
from zensols_like.inspect import list_batches as report_list
from zensols_like.inspect.checks import CHECKS_SECTION

__all__ = ["clear", "encode", "info", "list_batches", "show", "show_point", "show_step"]

TERMINATED = 143
ROWS = 3
"""Data points in the preview of a batch."""
CHOSEN_ROWS = 20
"""The same for attributes that were asked for."""


def list_batches(source: Source, as_json: bool, show_all: bool, count: bool) -> None:
    """List the batches, or count them; of a folder that is no store list the stores below."""
    if source.store is not None and not count and not is_store(source.store):
        stores = list_stores(source.store)
        print_report(stores, as_json, render_stores(stores))
        return
    with looking(open_reader(source)) as reader:
        if count:
            number = count_batches(reader)
            print_report(number, as_json, render.render_count(number))
        else:
            report = report_list(reader)
            print_report(report, as_json, render.render_list(report, show_all))


def info(source: Source, as_json: bool, batches: int | None, split: str | None) -> None:
    """Say what a store holds."""
    with looking(open_reader(source)) as reader:
        report = report_store(reader, batches, split)
        print_report(report, as_json, render.render_store(report))


def show(
    source: Source, batch_id: str, as_json: bool, attributes: Collection[str], all_ids: bool, with_points: bool
) -> None:
    """Look at a batch."""
    reader = open_reader(source)
    reader.require_current()
    report = report_batch(reader, batch_id, attributes, CHOSEN_ROWS if attributes else ROWS, with_points)
    print_report(report, as_json, render.render_batch(report, all_ids))


def show_point(source: Source, id: str, as_json: bool, attributes: Collection[str], with_points: bool) -> None:
    """Look at a data point."""
    reader = open_reader(source)
    reader.require_current()
    report = report_point(reader, id, attributes, with_points)
    print_report(report, as_json, render.render_point(report))


def show_step(
    source: Source,
    place: dict[str, Any],
    as_json: bool,
    attributes: Collection[str],
    all_ids: bool,
    with_points: bool,
) -> None:
    """Look at the batch that a step of a training loop saw."""
    reader = open_reader(source)
    reader.require_current()
    rows = CHOSEN_ROWS if attributes else ROWS
    report = report_step(reader, StepPlace(**place), attributes, rows, with_points)
    print_report(report, as_json, render.render_step(report, all_ids))


def encode(source: Source, as_json: bool, is_quiet: bool) -> None:
    """Encode what is missing, then check all of it where the configuration has rules.

    Raises:
        FailedCheckError: A rule is broken.
    """
    stash = open_configured(source)
    reader = StashReader(stash)
    checks = _checks_of(source, stash)
    observer = observer_for(is_quiet)
    stash.observer = observer
    start = time.monotonic()
    with _stoppable():
        try:
            stash.prime()
        except (KeyboardInterrupt, SystemExit):
            done = f"with {observer.done} of {observer.total} batches encoded" if observer.total else "before it began"
            typer.echo(f"Stopped {done}.  Go on with: {source.command('encode')}", err=True)
            raise
    report = report_encode(reader, observer.encoded, round(time.monotonic() - start, 3))
    print_report(report, as_json, render.render_encode(report))
    if checks is not None:
        with observing(is_quiet, "checking") as observe:
            checked = check_store(reader, checks, observe)
        checked.require_sound()


def _checks_of(source: Source, stash: BatchStash) -> BatchChecks | None:
    """The rules of a configuration; a wrong one is found before anything is encoded."""
    config = load_config(str(source.config), source.overrides or ())
    if CHECKS_SECTION not in config:
        return None
    checks = BatchChecks.of(config)
    checks.require_attributes(stash.codec.fields, config.where(CHECKS_SECTION))
    return checks


@contextmanager
def _stoppable() -> Iterator[None]:
    """Unwind when the process is asked to end, so that workers end too."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def clear(source: Source, as_json: bool, with_source: bool, is_dry_run: bool, is_sure: bool) -> None:
    """Remove the batches."""
    stash = open_configured(source)
    report = report_clear(StashReader(stash), is_dry_run, with_source)
    if not is_dry_run:
        if not is_sure and not _confirm(report):
            return
        if with_source:
            stash.clear_all()
        else:
            stash.clear()
    print_report(report, as_json, render.render_clear(report))


def _confirm(report: ClearReport) -> bool:
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "Nothing was removed: there is no terminal to ask on.", report.path, "add --yes, or --dry-run to look"
        )
    whole = render.OF_SOURCE if report.with_source else ""
    what = "what is left" if report.batches is None else f"{report.batches} batches"
    return typer.confirm(f"Remove {what} from {report.path}{whole}?", err=True)
