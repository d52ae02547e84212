"""What objects can do, whatever they are: be written for a person, be primed, let go of what they hold."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Protocol, TextIO, runtime_checkable

__all__ = ["Deallocatable", "Primeable", "Writable"]


class Writable(ABC):
    """Something that can be written for a person to read, a line at a time, indented by depth."""

    WRITABLE_INDENT_SPACE = 4
    """Spaces of indention for each depth."""

    @abstractmethod
    def lines(self) -> Iterable[tuple[int, str]]:
        """The text as pairs of (depth, line); the first line has depth 0."""

    def write(self, depth: int = 0, writer: TextIO | None = None) -> None:
        """Write the text.

        Args:
            depth: How deep the whole text is indented.
            writer: Where the text goes; standard output when not given.
        """
        out = sys.stdout if writer is None else writer
        for level, line in self.lines():
            out.write(f"{' ' * self.WRITABLE_INDENT_SPACE * (depth + level)}{line}\n")


@runtime_checkable
class Primeable(Protocol):
    """Something that can make what it needs ahead of time."""

    def prime(self) -> None:
        """Make what is missing; doing it twice does no more than doing it once."""


class Deallocatable(ABC):
    """Something that holds memory and can let go of it."""

    @abstractmethod
    def deallocate(self) -> None:
        """Let go of what this object holds; it is not used afterwards."""
