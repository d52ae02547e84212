"""What a class takes to make an object, and making it."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, is_dataclass
from inspect import Parameter
from types import UnionType
from typing import Any, Self, Union, get_args, get_origin, get_type_hints

from zensols_like.config.hint import hint
from zensols_like.errors import APIError, FactoryError

__all__ = ["Constructor", "call"]

_CLASS_PATH = re.compile(r"\w+(\.\w+)+")
_SCALARS = (bool, int, float, type(None))


@dataclass(frozen=True)
class Constructor:
    """What a class takes to make an object."""

    made: type[Any]
    """The class."""
    parameters: tuple[Parameter, ...] | None
    """None for some classes written in C, which do not tell."""

    @classmethod
    def of(cls, made: type[Any]) -> Self:
        """The constructor of a class."""
        try:
            return cls(made, tuple(inspect.signature(made).parameters.values()))
        except ValueError:
            return cls(made, None)

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

    def require_known(self, names: Iterable[str], where: Callable[[str], str | None]) -> None:
        """Refuse arguments that it does not take.

        Args:
            names: The arguments.
            where: Says where an argument is given, for the error.

        Raises:
            FactoryError: It does not take one of them.
        """
        for name in names:
            if not self.takes_any and name not in self.names:
                raise FactoryError(
                    f"{self.made.__qualname__} takes no argument {name!r}.",
                    where(name),
                    hint(name, self.names, "arguments"),
                )

    def require_all(self, given: Collection[str], where: str | None, fix: str) -> None:
        """Refuse to go without the arguments that it needs.

        Raises:
            FactoryError: One that has no default is not given.
        """
        variable = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
        missing = [
            parameter.name
            for parameter in self.parameters or ()
            if parameter.default is Parameter.empty and parameter.kind not in variable and parameter.name not in given
        ]
        if missing:
            raise FactoryError(f"{self.made.__qualname__} needs the arguments {missing}.", where, fix)

    def require_directives(
        self, texts: Mapping[str, str], sections: Collection[str], where: Callable[[str], str]
    ) -> None:
        """Refuse the name of a section or of a class as a plain text, where by its type an argument is no text.

        Args:
            texts: The arguments as they are written.
            sections: The sections that there are.
            where: Says where an argument is given, for the error.

        Raises:
            FactoryError: A directive was forgotten.
        """
        named = {name: text for name, text in texts.items() if text in sections or _CLASS_PATH.fullmatch(text)}
        types = self._types if named else {}
        for name, text in named.items():
            directive = _forgotten(types.get(name, Any), text, sections)
            if directive is not None:
                raise FactoryError(
                    f"{self.made.__qualname__} takes no text as {name!r}, but this is {text!r}.",
                    where(name),
                    f"write '{name} = {directive}: {text}'",
                )

    def require_types(self, values: Mapping[str, Any], where: Callable[[str], str]) -> None:
        """Refuse what by its type an argument cannot be, as far as that is certain.

        A text where a number, a truth value or a function belongs, an object of another class than that of this
        package that is wanted, and ``None`` where a class of this package has no use for it; others may say less of it
        than they mean.

        Args:
            values: The arguments.
            where: Says where an argument is given, for the error.

        Raises:
            FactoryError: One is none of what its type says.
        """
        defaults = {parameter.name: parameter.default for parameter in self.parameters or ()}
        types = self._types if values else {}
        for name, value in values.items():
            kinds = _kinds(types.get(name, Any))
            # a default such as that of 'size: int = None' means that there may be more than the type says
            if type(value) is type(defaults.get(name, Parameter.empty)) or any(_may_be(value, kind) for kind in kinds):
                continue
            if value is None and not self._is_typed_by_us(name):
                continue
            kind = "text" if isinstance(value, str) else "None" if value is None else type(value).__qualname__
            shown = f", but this is {value!r}" if isinstance(value, str) else ""
            raise FactoryError(
                f"{self.made.__qualname__} takes no {kind} as {name!r}{shown}.",
                where(name),
                f"write {_written(name, kinds, value)}",
            )

    def _is_typed_by_us(self, name: str) -> bool:
        """Whether a class of this package says what type an argument has."""
        classes: tuple[type[Any], ...] = getattr(self.made, "__mro__", ())
        said = [one for one in classes if name in vars(one).get("__annotations__", {})]
        return len(said) > 0 and _is_ours(said[0])

    @property
    def _types(self) -> Mapping[str, Any]:
        """The types of the arguments; none where they cannot be told."""
        found: dict[str, Any] = {}
        # both: names of base classes are known where those are, but in a class its own attributes hide types
        for annotated in (self.made, self.made.__init__) if is_dataclass(self.made) else (self.made.__init__,):
            with suppress(Exception):  # a type that is written as a text is an expression, which can raise anything
                found |= get_type_hints(annotated)
        return found


def _kinds(kind: Any) -> tuple[Any, ...]:
    """The types of a union, or the one that it is."""
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _may_be(value: Any, kind: Any) -> bool:
    """Whether a value may be of a type; also where nobody can tell."""
    bare = get_origin(kind) or kind
    if bare is Any or not isinstance(bare, type) or getattr(bare, "_is_protocol", False):
        return True
    is_certain = value is None or bare is type(None) or _is_ours(bare)
    if isinstance(value, str):
        is_certain = is_certain or bare in (*_SCALARS, Callable)
    try:
        return not is_certain or isinstance(value, bare)
    except TypeError:  # a type that no object is asked for
        return True


def _is_ours(kind: type[Any]) -> bool:
    """Whether a class is of this package; others may be pictured by objects that only look like theirs."""
    return kind.__module__.partition(".")[0] == __name__.partition(".")[0]


def _written(name: str, kinds: Collection[Any], value: Any) -> str:
    """How a value of one of these types is written.

    Example:
        >>> _written("a", [bool], "no"), _written("a", [int, float, type(None)], "no")
        ('True or False', 'a number or None')
        >>> _written("sort_function", [Callable], "int")
        "'sort_function = eval: int'"
    """
    bare = {get_origin(kind) or kind for kind in kinds}
    if isinstance(value, str) and Callable in bare:
        return f"'{name} = eval: {value}'"
    ours = [kind.__qualname__ for kind in kinds if isinstance(kind, type) and _is_ours(kind)]
    if ours:
        return f"'{name} = instance: section', with the section of a {' or '.join(ours)}"
    numbers = ["a number"] if float in bare else ["a whole number"] if int in bare else []
    texts = [*numbers, *(["True", "False"] if bool in bare else []), *(["None"] if type(None) in bare else [])]
    if not texts:
        return f"something else than None, or take the line away where {name!r} has a default"
    return " or ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _forgotten(kind: Any, text: str, sections: Collection[str]) -> str | None:
    """The directive that belongs before a text where a type is wanted; none where the text may be meant as it is."""
    kinds = _kinds(kind)
    if any(map(_may_be_text, kinds)):
        return None
    if text in sections:
        return "instance"
    return "class" if any(get_origin(one) is type for one in kinds) else None


def _may_be_text(kind: Any) -> bool:
    """Whether a text is of a type, or becomes one as a path does; also where nobody can tell."""
    bare = get_origin(kind) or kind
    try:
        return bare is Any or not isinstance(bare, type) or issubclass(str, bare) or issubclass(bare, os.PathLike)
    except TypeError:  # a protocol
        return True


def call(
    function: Callable[..., Any],
    name: str,
    args: Iterable[Any],
    values: Mapping[str, Any],
    where: str | None,
    note: str,
) -> Any:
    """Call what a configuration names.

    Args:
        function: A class, or what else can be called.
        name: What errors call it.
        args: Arguments by position.
        values: Arguments by name.
        where: File and section, for errors.
        note: What is being done, for errors of ours that come out of it.

    Raises:
        FactoryError: It raised an error that is none of ours.
    """
    try:
        return function(*args, **values)
    except APIError as error:
        error.of_configuration().add_note(note)
        raise
    except Exception as error:
        raise FactoryError(
            f"{name} raised {type(error).__name__}: {error}",
            where,
            "correct the options of the section",
        ) from error
