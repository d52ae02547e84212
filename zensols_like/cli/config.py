"""The command that prints a configuration."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from zensols_like.cli.options import AsJson, Overrides, RequiredConfig, Verbose
from zensols_like.config import load_config, report_config
from zensols_like.schema import document

__all__ = ["show_config"]


def show_config(
    config: RequiredConfig,
    overrides: Overrides = None,
    sections: Annotated[
        list[str] | None,
        typer.Option("--section", "-s", metavar="NAME", help="Print only this section; repeatable."),
    ] = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,  # noqa: ARG001 (its callback does the work)
) -> None:
    """Print a configuration as it comes out, and where each value is from; secrets are masked."""
    report = report_config(load_config(config, overrides or ()), sections or None)
    if as_json:
        typer.echo(json.dumps(document("config", report.asdict()), indent=2))
        return
    console = Console(highlight=False, soft_wrap=True)
    for depth, line in report.lines():
        text, hash_mark, note = line.partition("  # ")
        style = "bold" if text.startswith("[") and depth == 0 else ""
        console.print(Text.assemble("    " * depth, (text, style), (hash_mark + note, "dim")))
