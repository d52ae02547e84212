"""What commands share: find batches, look at them as they are, print a report."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console, RenderableType

from zensols_like.batch import BatchStash, Status
from zensols_like.batch.store import ENCODE
from zensols_like.cli import render
from zensols_like.cli.options import Source
from zensols_like.cli.output import for_data
from zensols_like.errors import ConfigurationError, MissingBatchError
from zensols_like.inspect import BatchReader, Report, StashReader, open_stash, open_store

__all__ = ["looking", "open_configured", "open_reader", "print_report"]

PIPE_WIDTH = 160
"""Characters of a line where nobody knows better, so that tables in files and pipes are not squeezed."""


def print_report(report: Report, as_json: bool, text: RenderableType) -> None:
    """Write a report to standard output."""
    with for_data():
        if as_json:
            typer.echo(render.as_json(report))
            return
        fits = sys.stdout.isatty() or "COLUMNS" in os.environ
        Console(width=None if fits else PIPE_WIDTH, highlight=False).print(text)


def open_configured(source: Source) -> BatchStash:
    """The stash of a configuration.

    Raises:
        ConfigurationError: There is no configuration, or something is wrong with it.
    """
    if source.config is None:
        raise ConfigurationError("There is no configuration.", "the arguments", "give one with -c FILE")
    # as with `python -m`, modules of the current folder are found; and those that lie beside the configuration
    folder = source.config if source.config.is_dir() else source.config.parent
    sys.path += [path for path in (str(Path.cwd()), str(folder.absolute())) if path not in sys.path]
    return open_stash(source.config, source.overrides or (), source.section)


def open_reader(source: Source) -> BatchReader:
    """The batches of a store, or of a configuration."""
    return StashReader(open_configured(source)) if source.store is None else open_store(source.store)


@contextmanager
def looking(reader: BatchReader) -> Iterator[BatchReader]:
    """Look at a store as it is, then say if it is stale or not complete.

    Raises:
        StaleError: It was encoded with another configuration.
        MissingBatchError: Batches are not committed.
    """
    status = reader.status
    if isinstance(reader, StashReader) and status is Status.STALE:
        yield reader.as_stored()
    else:
        yield reader
    reader.require_current()
    if status is Status.PARTIAL:
        missing = len(reader.store.index.missing())
        what = f"{missing} of {len(reader.store.plan)} batches are not encoded yet."
        raise MissingBatchError(what, reader.path, ENCODE)
