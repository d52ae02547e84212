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
WRONG_PATH = (errno.EISDIR, errno.ENOTDIR, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP)
"""What is wrong with a path, and not with the code that uses it."""


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
    path = error.filename2 or error.filename  # a file that is renamed has two, of which the second is the wanted one
    where = path and str(path)
    if isinstance(error, PermissionError):
        fix = "run as a user who may, or change the rights of the file"
        return PersistableError(f"Not allowed: {error.strerror}.", where, fix)
    if error.errno in FULL:
        fix = f"{FULL[error.errno]}, then run the same command: it goes on where it stopped"
        return MissingBatchError(f"There is no room to write: {error.strerror}.", where, fix)
    if error.errno in WRONG_PATH and where:
        return PersistableError(f"This is no path for a file: {error.strerror}.", where, "give another path")
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
    cause = error.__cause__
    if cause is not None and not isinstance(cause, (APIError, OSError)) and not is_verbose(context):
        frames = traceback.extract_tb(cause.__traceback__)
        if frames:
            console.print(
                f"  raised at {frames[-1].filename}, line {frames[-1].lineno}; -v shows how it came there", markup=False
            )
