"""What a class takes to make an object."""

from __future__ import annotations

import inspect
from collections.abc import Collection
from dataclasses import dataclass
from inspect import Parameter
from typing import Any, Self

__all__ = ["Constructor"]


@dataclass(frozen=True)
class Constructor:
    """What a class takes to make an object."""

    parameters: tuple[Parameter, ...] | None
    """None for some classes written in C, which do not tell."""

    @classmethod
    def of(cls, found: type[Any]) -> Self:
        """The constructor of a class."""
        try:
            return cls(tuple(inspect.signature(found).parameters.values()))
        except ValueError:
            return cls(None)

    @property
    def names(self) -> list[str]:
        """The arguments that can be given by name."""
        by_name = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
        return [parameter.name for parameter in self.parameters or () if parameter.kind in by_name]

    @property
    def takes_any(self) -> bool:
        """Whether it takes arguments of any name."""
        return self.parameters is None or any(parameter.kind is Parameter.VAR_KEYWORD for parameter in self.parameters)

    def positional(self, count: int) -> list[str]:
        """The arguments that are set when ``count`` of them are given by position."""
        by_position = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        return [parameter.name for parameter in self.parameters or () if parameter.kind in by_position][:count]

    def missing(self, given: Collection[str]) -> list[str]:
        """The arguments that have to be given, and are not."""
        variable = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
        return [
            parameter.name
            for parameter in self.parameters or ()
            if parameter.default is Parameter.empty and parameter.kind not in variable and parameter.name not in given
        ]
