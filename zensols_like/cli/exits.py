"""Errors to exit codes."""

from __future__ import annotations

import errno
import sys
import traceback
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from zensols_like.cli.options import is_verbose
from zensols_like.errors import APIError, MissingBatchError, PersistableError

__all__ = ["Exits"]

INTERRUPTED = 130
FULL = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space, or ask for more",
    errno.EFBIG: "let files grow larger (ulimit -f)",
}
"""Why there is no room to write, and what to do about it."""


class Exits(TyperGroup):
    """Ends a command with the exit code of what went wrong.

    Errors of ours are told in their three lines.  Anything else is a bug, and gets its traceback and exit code 1.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except (APIError, OSError) as error:
            told = error if isinstance(error, APIError) else _explained(error)
            if told is None:
                raise
            _tell(ctx, told)
            raise typer.Exit(told.exit_code) from error
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None


def _explained(error: OSError) -> APIError | None:
    """An error of the system in our words; ``None`` where it is none that a user can do something about."""
    where = error.filename and str(error.filename)
    if isinstance(error, PermissionError):
        fix = "run as a user who may, or change the rights of the file"
        return PersistableError(f"Not allowed: {error.strerror}.", where, fix)
    if error.errno in FULL:
        fix = f"{FULL[error.errno]}, then run the same command: it goes on where it stopped"
        return MissingBatchError(f"There is no room to write: {error.strerror}.", where, fix)
    return None


def _tell(context: typer.Context, error: APIError) -> None:
    """Write an error to standard error, and on request where in the code it came from."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if is_verbose(context):
        traceback.print_exc(file=sys.stderr)
    console.print("[bold red]error:[/] ", end="")
    console.print(str(error), markup=False)
    for note in getattr(error, "__notes__", ()):
        for line in note.splitlines():
            console.print(f"  {line}", markup=False)
