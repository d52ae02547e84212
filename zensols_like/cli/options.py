"""The arguments that commands share."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shlex import join
from typing import Annotated, Any, TypeAlias

import typer

from zensols_like.errors import APIError, ConfigurationError

__all__ = [
    "AsJson",
    "Config",
    "DropLast",
    "Epoch",
    "Overrides",
    "Quiet",
    "Rank",
    "RequiredConfig",
    "Section",
    "Seed",
    "Shuffle",
    "Source",
    "Split",
    "Step",
    "StepsPerEpoch",
    "Store",
    "Uneven",
    "Verbose",
    "World",
    "flag",
    "is_verbose",
]

_VERBOSE = "zensols_like.verbose"


def _log(context: typer.Context, level: int) -> int:
    """Write the log to standard error, and tracebacks of our own errors."""
    if level > 0 and not context.resilient_parsing:
        context.find_root().meta[_VERBOSE] = True
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        logger = logging.getLogger("zensols_like")
        logger.addHandler(handler)
        logger.setLevel(logging.INFO if level == 1 else logging.DEBUG)
    return level


def is_verbose(context: typer.Context) -> bool:
    """Whether ``-v`` was given."""
    return _VERBOSE in context.find_root().meta


# without the empty metavar, the help says <bool> behind each flag
flag = partial(typer.Option, metavar="")

_CONFIG = typer.Option("--config", "-c", metavar="FILE", help="The configuration.", show_default=False)

RequiredConfig: TypeAlias = Annotated[Path, _CONFIG]
Config: TypeAlias = Annotated[Path | None, _CONFIG]
Overrides: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--override", "-o", metavar="SECTION.OPTION=VALUE", help="Set an option of the configuration; repeatable."
    ),
]
Section: TypeAlias = Annotated[
    str | None,
    typer.Option("--section", "-s", metavar="NAME", help="The section of the batch stash, if it is not batch_stash."),
]
Store: TypeAlias = Annotated[
    Path | None,
    typer.Argument(metavar="STORE", help="The folder of the batches, to look without a configuration."),
]
AsJson: TypeAlias = Annotated[bool, flag("--json", help="Print one JSON document.")]
Quiet: TypeAlias = Annotated[bool, flag("--quiet", "-q", help="Show no progress.")]
Verbose: TypeAlias = Annotated[
    int,
    flag(
        "--verbose", "-v", count=True, callback=_log, show_default=False, help="Log to standard error; -vv logs more."
    ),
]


def _of_loop(name: str, text: str, **more: Any) -> Any:
    return typer.Option(
        name, help=text, show_default=False, rich_help_panel="What a step of a training loop saw", **more
    )


_NUMBER: dict[str, Any] = {"metavar": "N", "min": 0}
Epoch: TypeAlias = Annotated[int | None, _of_loop("--epoch", "The epoch, from 0.", **_NUMBER)]
Step: TypeAlias = Annotated[int | None, _of_loop("--step", "The step of the epoch, from 0.", **_NUMBER)]
Rank: TypeAlias = Annotated[int | None, _of_loop("--rank", "Which of the ranks, from 0.", **_NUMBER)]
World: TypeAlias = Annotated[int | None, _of_loop("--world", "How many ranks there were.", metavar="N", min=1)]
Split: TypeAlias = Annotated[str | None, _of_loop("--split", "The split, if it is not train.", metavar="NAME")]
Seed: TypeAlias = Annotated[int | None, _of_loop("--seed", "The seed of the loader, if it is not 0.", metavar="N")]
Shuffle: TypeAlias = Annotated[
    str | None, _of_loop("--shuffle", "The order of the loader, as batch; that of the split without.", metavar="HOW")
]
Uneven: TypeAlias = Annotated[
    str | None, _of_loop("--uneven", "What the loader did at the end of an epoch, if it is not pad.", metavar="HOW")
]
DropLast: TypeAlias = Annotated[
    bool | None, _of_loop("--drop-last", "The loader left out a short last batch.", metavar="")
]
StepsPerEpoch: TypeAlias = Annotated[
    int | None, _of_loop("--steps-per-epoch", "The length of epochs that the loader was given.", metavar="N", min=1)
]


_COMMAND = re.compile(r"(zensols-like [a-z -]*)-c FILE")


@dataclass(frozen=True)
class Source:
    """Where the batches are: a store's path, or a configuration."""

    store: Path | None
    config: Path | None
    overrides: Sequence[str] | None
    section: str | None

    def __post_init__(self) -> None:
        if (self.store is None) == (self.config is None):
            raise ConfigurationError(
                "No batches are named." if self.store is None else "Both a store and a configuration are given.",
                "the arguments",
                "give either the folder of the batches, or a configuration with -c FILE",
            )
        if self.store is not None and (self.overrides or self.section):
            raise ConfigurationError(
                "A store has no sections and no options.", "the arguments", "give -o and -s with -c FILE only"
            )

    def command(self, name: str) -> str:
        """The line that runs another command on the same batches.

        Example:
            >>> Source(None, Path("iris.conf"), ["batch_stash.workers=1"], None).command("encode")
            'zensols-like encode -c iris.conf -o batch_stash.workers=1'
        """
        return f"zensols-like {name} {self.words}"

    @property
    def words(self) -> str:
        """The arguments of a command that say which batches are meant."""
        words = [] if self.store is None else [str(self.store)]
        words += [] if self.config is None else ["-c", str(self.config)]
        for override in self.overrides or ():
            words += ["-o", override]
        words += [] if self.section is None else ["-s", self.section]
        return join(words)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Where an error says to run a command with ``-c FILE``, have it name these batches."""
        try:
            yield
        except APIError as error:
            if self.config is not None and error.fix is not None:
                error.fix = _COMMAND.sub(lambda found: f"{found[1]}{self.words}", error.fix)
            raise
