"""The directives in front of a value, and how each one reads what follows it."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from zensols_like.config.hint import hint
from zensols_like.config.importer import import_module
from zensols_like.config.resources import package_path, resource_path
from zensols_like.errors import APIError, ConfigurableError

__all__ = ["Directive", "Handler", "read_dict", "read_eval", "read_json", "read_path", "read_resource", "to_json"]

_JSON_SEQUENCES: dict[str, Callable[[list[Any]], Any]] = {"set": set, "frozenset": frozenset, "tuple": tuple}


@dataclass(frozen=True)
class Directive:
    """A value that says how it is to be read: ``name(parameters): text``."""

    name: str
    text: str
    parameters: Any = None
    """The literals in the parentheses, or the name there; None when there are no parentheses."""
    where: str | None = None
    """File, section and option, for errors."""

    def options(self, *allowed: str) -> dict[str, Any]:
        """The parameters by name.

        Raises:
            ConfigurableError: They are something else than a dictionary, or have a name that is not allowed.
        """
        options = {} if self.parameters is None else self.parameters
        if not isinstance(options, dict):
            raise self.error(f"takes no parameters {options!r}", f"write them as {self.name}({{'name': value}}): …")
        for name in options:
            if name not in allowed:
                raise self.error(f"has no parameter {name!r}", hint(str(name), allowed, "parameters"))
        return options

    def error(self, what: str, fix: str) -> ConfigurableError:
        """An error about this directive."""
        return ConfigurableError(f"The directive '{self.name}:' {what}.", self.where, fix)


Handler = Callable[[Directive], Any]


def read_path(given: Directive) -> Path:
    """A path, with the home folder filled in."""
    if not given.text:
        raise given.error("names no path", "write path: some/where, with '.' for this folder")
    return Path(given.text).expanduser()


def read_resource(given: Directive) -> Path:
    """The path of a file that comes with a package."""
    if given.parameters is None:
        return resource_path(given.text, given.where)
    if isinstance(given.parameters, str):
        return package_path(given.parameters, given.text, given.where)
    raise given.error(f"takes a package, not {given.parameters!r}", "write resource(package): path/in/it")


def read_dict(given: Directive) -> dict[Any, Any]:
    """A dictionary of Python literals."""
    try:
        value = ast.literal_eval(given.text)
    except (SyntaxError, TypeError, ValueError) as error:
        raise given.error(
            f"is not followed by a literal: {given.text}", "write {'name': value} with literals, or use 'eval:'"
        ) from error
    if not isinstance(value, dict):
        raise given.error(f"is followed by {value!r}", "write {'name': value}")
    return value


def read_json(given: Directive) -> Any:
    """The value of JSON, with the types that it lacks."""
    try:
        return json.loads(given.text, object_hook=lambda data: _from_json(data, given))
    except json.JSONDecodeError as error:
        raise given.error(f"is not followed by JSON: {error}", 'write JSON, such as ["a", 1, null]') from error


def _from_json(data: dict[str, Any], given: Directive) -> Any:
    if "_type" not in data:
        return data
    kind, value = data["_type"], data.get("_data")
    if kind in ("Path", "pathlib.Path") and isinstance(value, str):
        return Path(value)
    if isinstance(kind, str) and kind in _JSON_SEQUENCES and isinstance(value, list):
        try:
            return _JSON_SEQUENCES[kind](value)
        except TypeError as error:
            raise given.error(f"cannot make a {kind} of {value!r}: {error}", "use items that can be hashed") from error
    raise given.error(
        f"has no type {kind!r} for {value!r}", f"use one of {[*_JSON_SEQUENCES]} with a list, or 'Path' with a text"
    )


def read_eval(given: Directive) -> Any:
    """The value of a Python expression, which is run."""
    names: dict[str, Any] = {"Path": Path}
    imports = given.options("import").get("import", [])
    if not isinstance(imports, list | tuple):
        raise given.error(f"cannot import {imports!r}", "write {'import': ['module', 'package.module as short']}")
    for item in imports:
        module, _, alias = (part.strip() for part in str(item).partition(" as "))
        top = module.split(".")[0]
        imported = import_module(module, given.where)
        names[alias or top] = imported if alias else import_module(top, given.where)
    if not given.text:
        raise given.error("is followed by nothing", "write a Python expression")
    try:
        # the parentheses let an expression go over lines
        return eval(compile(f"({given.text}\n)", given.where or "<eval>", "eval"), names)  # noqa: S307 - as asked for
    except APIError as error:
        error.add_note(f"while evaluating {given.text!r} for {given.where}")
        raise
    except Exception as error:
        raise given.error(
            f"raised {type(error).__name__}: {error}, in {given.text}",
            "correct the expression; a module is imported by eval({'import': ['module']}): …",
        ) from error


def to_json(value: Any, where: str | None) -> Any:
    """What :func:`read_json` reads back as the value.

    Raises:
        ConfigurableError: There is nothing that it would read so.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, PurePath):
        return {"_type": "Path", "_data": str(value)}
    if isinstance(value, list):
        return [to_json(item, where) for item in value]
    if isinstance(value, dict) and "_type" not in value and all(isinstance(key, str) for key in value):
        return {key: to_json(item, where) for key, item in value.items()}
    for name, kind in _JSON_SEQUENCES.items():
        if type(value) is kind:
            return {"_type": name, "_data": [to_json(item, where) for item in value]}
    raise ConfigurableError(
        f"A {type(value).__name__} cannot be written in a configuration: {value!r}",
        where,
        "use text, numbers, paths, classes and containers of them, with text as keys",
    )
