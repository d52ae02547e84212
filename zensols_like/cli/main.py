"""Arguments to exit code.

torch and pandas take seconds to import, so a command imports what does its work when it is called; ``--help`` and wrong
arguments are answered at once.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

import zensols_like
from zensols_like.cli.config import show_config
from zensols_like.cli.count import count_complete
from zensols_like.cli.exits import Exits
from zensols_like.cli.options import (
    AsJson,
    Config,
    DropLast,
    Epoch,
    Overrides,
    Quiet,
    Rank,
    RequiredConfig,
    Section,
    Seed,
    Shuffle,
    Source,
    Split,
    Step,
    StepsPerEpoch,
    Store,
    Uneven,
    Verbose,
    World,
    flag,
)
from zensols_like.cli.output import for_data_only, open_closed_streams
from zensols_like.errors import ConfigurationError

__all__ = ["app", "main"]

UNREAD = 141
"""As what a shell says of a program that ends since nobody reads its output any more."""

app = typer.Typer(
    name="zensols-like",
    cls=Exits,
    help="Encode data once into verified batches, and look at them.",
    epilog="Exit codes: 0 done, 1 a bug, 2 usage or configuration, 3 not found, 4 corrupt, 5 incomplete or disk full, "
    "6 stale, 7 refused as unsafe, 8 another process writes, 9 a check failed, 130 interrupted, 141 the reader of the "
    "output went away, 143 terminated.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.command("config")(show_config)


def _run(command: str, *arguments: Any) -> None:
    """Call a function of a module of this package, both by name; how to mend an error is said of what was asked."""
    module, _, name = command.partition(".")
    source = next((one for one in arguments if isinstance(one, Source)), None)
    with for_data_only(), nullcontext() if source is None else source.named():
        getattr(import_module(f"zensols_like.cli.{module}"), name)(*arguments)


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
    r"""Encode the batches that are not there yet; goes on where it was stopped.

    With a section \[checks] in the configuration, all batches are checked against its rules in the end.
    """
    _run("commands.encode", Source(None, config, overrides, section), as_json, quiet)


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
    """List the batches by split; of a folder that is no store, list the stores below it."""
    if (
        count
        and store is not None
        and config is None
        and not as_json
        and (batches := count_complete(store)) is not None
    ):
        typer.echo(batches)
        return
    _run("commands.list_batches", Source(store, config, overrides, section), as_json, show_all, count)


@app.command()
def show(
    batch: Annotated[
        str | None,
        typer.Argument(help="The ID of the batch, such as 0; none with --point or --step.", show_default=False),
    ] = None,
    store: Store = None,
    config: Config = None,
    overrides: Overrides = None,
    section: Section = None,
    attributes: Annotated[
        list[str] | None,
        typer.Option("--attribute", metavar="NAME", help="Show only this attribute, and more of it; repeatable."),
    ] = None,
    point: Annotated[
        str | None, typer.Option("--point", metavar="ID", help="Show this data point, whatever batch it is in.")
    ] = None,
    ids: Annotated[bool, flag("--ids", help="Show the IDs of all data points.")] = False,
    points: Annotated[bool, flag("--points", help="Show data points of the source beside; needs -c.")] = False,
    epoch: Epoch = None,
    step: Step = None,
    rank: Rank = None,
    world: World = None,
    split: Split = None,
    seed: Seed = None,
    shuffle: Shuffle = None,
    uneven: Uneven = None,
    drop_last: DropLast = None,
    steps_per_epoch: StepsPerEpoch = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,  # noqa: ARG001 (its callback does the work)
) -> None:
    """Look at a batch, at one data point, or at what a step of a training loop saw."""
    place = {"epoch": epoch, "step": step, "rank": rank, "world": world, "split": split, "seed": seed}
    place |= {"shuffle": shuffle, "uneven": uneven, "drop_last": drop_last, "steps_per_epoch": steps_per_epoch}
    place = {name: value for name, value in place.items() if value is not None}
    of_step = epoch is not None or step is not None
    if place and not of_step:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in place)
        raise ConfigurationError(
            f"Without an epoch and a step there is no use for {options}.", "the arguments", "give --epoch or --step"
        )
    is_of_batch = not of_step and point is None
    if config is None and batch is not None and store is None and (not is_of_batch or Path(batch).is_dir()):
        store, batch = Path(batch), None  # without a batch the store comes first
    given = {"a batch": batch is not None, "a data point": point is not None, "a step": of_step}
    named = [name for name, is_given in given.items() if is_given]
    if len(named) > 1:
        raise ConfigurationError(f"Both {' and '.join(named)} are named.", "the arguments", "give one of them")
    source = Source(store, config, overrides, section)
    if point is not None:
        _run("commands.show_point", source, point, as_json, attributes or (), points)
    elif of_step:
        _run("commands.show_step", source, place, as_json, attributes or (), ids, points)
    elif batch is None:
        raise ConfigurationError(
            "No batch is named.", "the arguments", "give the ID of a batch, --point ID, or --epoch N and --step N"
        )
    else:
        _run("commands.show", source, batch, as_json, attributes or (), ids, points)


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
    split: Annotated[
        str | None, typer.Option("--split", metavar="NAME", help="Read only this split for the numbers.")
    ] = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,  # noqa: ARG001 (its callback does the work)
) -> None:
    """Say what a store holds: splits, attributes and their numbers, labels, size."""
    _run("commands.info", Source(store, config, overrides, section), as_json, None if read_all else batches, split)


@app.command()
def clear(
    config: RequiredConfig,
    overrides: Overrides = None,
    section: Section = None,
    with_source: Annotated[
        bool,
        flag(
            "--all", help="Remove the split keys too, and what stashes of the source keep; no file that is only read."
        ),
    ] = False,
    dry_run: Annotated[bool, flag("--dry-run", help="Say what would be removed, and remove nothing.")] = False,
    yes: Annotated[bool, flag("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
    verbose: Verbose = 0,  # noqa: ARG001 (its callback does the work)
) -> None:
    """Remove the batches; the source stays.

    With --all the splits are drawn anew, too, as after a change of their settings.
    """
    _run("commands.clear", Source(None, config, overrides, section), as_json, with_source, dry_run, yes)


@app.command()
def verify(
    store: Store = None,
    config: Config = None,
    overrides: Overrides = None,
    section: Section = None,
    sizes: Annotated[bool, flag("--sizes", help="Only see whether every record is there with its size.")] = False,
    deep: Annotated[bool, flag("--deep", help="Decode every batch, too.")] = False,
    repair: Annotated[bool, flag("--repair", help="Encode damaged batches again; needs -c.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,  # noqa: ARG001 (its callback does the work)
) -> None:
    """Compare every byte with what was committed, and say what is damaged."""
    if sizes and deep:
        raise ConfigurationError("Both --sizes and --deep are given.", "the arguments", "give one of them")
    tier = "sizes" if sizes else "deep" if deep else "checksums"
    _run("health.verify", Source(store, config, overrides, section), tier, repair, as_json, quiet)


@app.command("why-stale")
def why_stale(
    config: RequiredConfig,
    overrides: Overrides = None,
    section: Section = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,  # noqa: ARG001 (its callback does the work)
) -> None:
    """Say what differs between the batches and the configuration, field by field."""
    _run("health.why_stale", Source(None, config, overrides, section), as_json)


@app.command()
def check(
    config: RequiredConfig,
    overrides: Overrides = None,
    section: Section = None,
    rules: Annotated[str, typer.Option("--rules", "-r", metavar="NAME", help="The section with the rules.")] = "checks",
    duplicates: Annotated[
        bool, flag("--duplicates", help="Compare the data points of the source instead: is one in two splits?")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,  # noqa: ARG001 (its callback does the work)
) -> None:
    """Check the batches against rules of the configuration, as size = float32[N, 4], finite, min 0."""
    source = Source(None, config, overrides, section)
    if duplicates:
        _run("health.duplicates", source, as_json, quiet)
    else:
        _run("health.check", source, rules, as_json, quiet)


@app.command("du")
def usage(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="FOLDER...", help="Stores, or folders with stores below them.")
    ] = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,  # noqa: ARG001 (its callback does the work)
) -> None:
    """Say what takes space: one store by group and split, or each of several."""
    _run("health.usage", folders or [Path()], as_json)


@app.command()
def bench(
    store: Store = None,
    config: Config = None,
    overrides: Overrides = None,
    section: Section = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.0, metavar="S", help="About how long to measure.")] = 2.0,
    as_json: AsJson = False,
    verbose: Verbose = 0,  # noqa: ARG001 (its callback does the work)
) -> None:
    """Say how quickly batches are read, verified and decoded here, and with -c encoded; writes nothing."""
    _run("bench.bench", Source(store, config, overrides, section), seconds, as_json)


@app.command()
def doctor(
    store: Store = None,
    config: Config = None,
    overrides: Overrides = None,
    section: Section = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,  # noqa: ARG001 (its callback does the work)
) -> None:
    """Look at versions, limits, space and leftovers, of this machine and of a store if one is named."""
    is_named = store is not None or config is not None
    _run("health.doctor", Source(store, config, overrides, section) if is_named else None, as_json)


def main() -> None:
    """Run the command line and exit."""
    open_closed_streams()
    try:
        app(prog_name=app.info.name)  # also as `python -m`, whose own name no shell could complete
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # those who write end for it, each in their own way
            sys.exit(UNREAD)
        raise
