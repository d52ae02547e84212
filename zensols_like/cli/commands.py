"""What the commands do: find batches, ask for a report, print it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console, RenderableType

from zensols_like.batch import BatchStash, Status
from zensols_like.cli import render
from zensols_like.cli.options import Source
from zensols_like.cli.progress import observer_for
from zensols_like.errors import ConfigurationError, MissingBatchError
from zensols_like.inspect import (
    BatchReader,
    ClearReport,
    Report,
    StashReader,
    count_batches,
    open_stash,
    open_store,
    report_batch,
    report_clear,
    report_encode,
    report_store,
)
from zensols_like.inspect import list_batches as report_list

__all__ = ["clear", "encode", "info", "list_batches", "show"]

TERMINATED = 143
PIPE_WIDTH = 160
"""Characters of a line where nobody knows better, so that tables in files and pipes are not squeezed."""
ROWS = 3
"""Data points in the preview of a batch."""
CHOSEN_ROWS = 20
"""The same for attributes that were asked for."""


def _print(report: Report, as_json: bool, text: RenderableType) -> None:
    if as_json:
        typer.echo(render.as_json(report))
        return
    fits = sys.stdout.isatty() or "COLUMNS" in os.environ
    Console(width=None if fits else PIPE_WIDTH, highlight=False).print(text)


def _open_stash(source: Source) -> BatchStash:
    if source.config is None:
        raise ConfigurationError("There is no configuration.", "the arguments", "give one with -c FILE")
    # as with `python -m`, modules of the current folder are found; and those that lie beside the configuration
    folder = source.config if source.config.is_dir() else source.config.parent
    sys.path += [path for path in (str(Path.cwd()), str(folder.absolute())) if path not in sys.path]
    return open_stash(source.config, source.overrides or (), source.section)


def _open(source: Source) -> BatchReader:
    return StashReader(_open_stash(source)) if source.store is None else open_store(source.store)


def list_batches(source: Source, as_json: bool, show_all: bool, count: bool) -> None:
    """List the batches, or count them."""
    with _looking(source) as reader:
        if count:
            number = count_batches(reader)
            _print(number, as_json, render.render_count(number))
        else:
            report = report_list(reader)
            _print(report, as_json, render.render_list(report, show_all))


def info(source: Source, as_json: bool, batches: int | None) -> None:
    """Say what a store holds."""
    with _looking(source) as reader:
        report = report_store(reader, batches)
        _print(report, as_json, render.render_store(report))


@contextmanager
def _looking(source: Source) -> Iterator[BatchReader]:
    """Look at a store as it is, then say if it is stale or not complete.

    Raises:
        StaleError: It was encoded with another configuration.
        MissingBatchError: Batches are not committed.
    """
    reader = _open(source)
    status = reader.status
    if isinstance(reader, StashReader) and status is Status.STALE:
        yield reader.as_stored()
    else:
        yield reader
    reader.require_current()
    if status is Status.PARTIAL:
        missing = len(reader.store.index.missing())
        again = "zensols-like encode -c FILE" if source.config is None else source.command("encode")
        raise MissingBatchError(
            f"{missing} of {len(reader.store.plan)} batches are not encoded yet.", reader.path, f"run: {again}"
        )


def show(
    source: Source, batch_id: str, as_json: bool, attributes: Collection[str], all_ids: bool, with_points: bool
) -> None:
    """Look at a batch."""
    reader = _open(source)
    reader.require_current()
    report = report_batch(reader, batch_id, attributes, CHOSEN_ROWS if attributes else ROWS, with_points)
    _print(report, as_json, render.render_batch(report, all_ids))


def encode(source: Source, as_json: bool, is_quiet: bool) -> None:
    """Encode what is missing."""
    stash = _open_stash(source)
    reader = StashReader(stash)
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
    _print(report, as_json, render.render_encode(report))


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
    stash = _open_stash(source)
    report = report_clear(StashReader(stash), is_dry_run, with_source)
    if not is_dry_run:
        if not is_sure and not _confirm(report):
            return
        if with_source:
            stash.clear_all()
        else:
            stash.clear()
    _print(report, as_json, render.render_clear(report))


def _confirm(report: ClearReport) -> bool:
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "Nothing was removed: there is no terminal to ask on.", report.path, "add --yes, or --dry-run to look"
        )
    whole = " and the source" if report.with_source else ""
    what = "what is left" if report.batches is None else f"{report.batches} batches"
    return typer.confirm(f"Remove {what}{whole} from {report.path}?", err=True)
