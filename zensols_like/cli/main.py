"""Arguments to exit code.

torch and pandas take seconds to import, so a command imports what does its work when it is called; ``--help`` and wrong
arguments are answered at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer

import zensols_like
from zensols_like.cli.exits import Exits
from zensols_like.cli.options import (
    AsJson,
    Config,
    Overrides,
    Quiet,
    RequiredConfig,
    Section,
    Source,
    Store,
    Verbose,
    flag,
)

__all__ = ["app", "main"]

app = typer.Typer(
    name="zensols-like",
    cls=Exits,
    help="Encode data once into verified batches, and look at them.",
    epilog="Exit codes: 0 done, 1 a bug, 2 usage or configuration, 3 not found, 4 corrupt, 5 incomplete or disk full, "
    "6 stale, 7 refused as unsafe, 130 interrupted, 143 terminated.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _run(command: str, *arguments: Any) -> None:
    getattr(import_module("zensols_like.cli.commands"), command)(*arguments)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"zensols-like {zensols_like.__version__}")
        raise typer.Exit


@app.callback()
def _start(
    version: Annotated[
        bool, flag("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Encode data once into verified batches, and look at them."""


@app.command()
def encode(
    config: RequiredConfig,
    overrides: Overrides = None,
    section: Section = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,  # noqa: ARG001 (its callback does the work)
) -> None:
    """Encode the batches that are not there yet; goes on where it was stopped."""
    _run("encode", Source(None, config, overrides, section), as_json, quiet)


@app.command("ls")
def list_batches(
    store: Store = None,
    config: Config = None,
    overrides: Overrides = None,
    section: Section = None,
    show_all: Annotated[bool, flag("--all", "-a", help="List every batch.")] = False,
    count: Annotated[bool, flag("--count", help="Print only how many batches there are.")] = False,
    as_json: AsJson = False,
    verbose: Verbose = 0,  # noqa: ARG001 (its callback does the work)
) -> None:
    """List the batches by split."""
    _run("list_batches", Source(store, config, overrides, section), as_json, show_all, count)


@app.command()
def show(
    batch: Annotated[str, typer.Argument(help="The ID of the batch, such as 0.", show_default=False)],
    store: Store = None,
    config: Config = None,
    overrides: Overrides = None,
    section: Section = None,
    attributes: Annotated[
        list[str] | None,
        typer.Option("--attribute", metavar="NAME", help="Show only this attribute, and more of it; repeatable."),
    ] = None,
    ids: Annotated[bool, flag("--ids", help="Show the IDs of all data points.")] = False,
    points: Annotated[bool, flag("--points", help="Show data points of the source beside; needs -c.")] = False,
    as_json: AsJson = False,
    verbose: Verbose = 0,  # noqa: ARG001 (its callback does the work)
) -> None:
    """Look at a batch."""
    _run("show", Source(store, config, overrides, section), batch, as_json, attributes or (), ids, points)


@app.command()
def info(
    store: Store = None,
    config: Config = None,
    overrides: Overrides = None,
    section: Section = None,
    batches: Annotated[
        int, typer.Option("--batches", "-n", min=0, metavar="N", help="Batches of each split to read for the numbers.")
    ] = 1,
    read_all: Annotated[bool, flag("--all", "-a", help="Read every batch for the numbers.")] = False,
    as_json: AsJson = False,
    verbose: Verbose = 0,  # noqa: ARG001 (its callback does the work)
) -> None:
    """Say what a store holds: splits, attributes and their numbers, labels, size."""
    _run("info", Source(store, config, overrides, section), as_json, None if read_all else batches)


@app.command()
def clear(
    config: RequiredConfig,
    overrides: Overrides = None,
    section: Section = None,
    with_source: Annotated[bool, flag("--all", help="Clear the source too, such as split keys.")] = False,
    dry_run: Annotated[bool, flag("--dry-run", help="Say what would be removed, and remove nothing.")] = False,
    yes: Annotated[bool, flag("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
    verbose: Verbose = 0,  # noqa: ARG001 (its callback does the work)
) -> None:
    """Remove the batches; the source stays."""
    _run("clear", Source(None, config, overrides, section), as_json, with_source, dry_run, yes)


def main() -> None:
    """Run the command line and exit."""
    app()
