"""One option of a configuration is one value: the text says which."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from zensols_like.config.hint import hint
from zensols_like.config.importer import import_class, import_module
from zensols_like.config.resources import package_path, resource_path
from zensols_like.errors import APIError, ConfigurableError

__all__ = ["Directive", "Serializer"]

_LITERALS = {"None": None, "True": True, "False": False}
_INT = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][-+]?[0-9]+)?|(?:0|[1-9][0-9]*)[eE][-+]?[0-9]+)")
_HEAD = re.compile(r"([a-z]+)([:(])")
_PACKAGE_NAME = re.compile(r"[A-Za-z_][\w.]*")

_FACTORY_ONLY = "instance"
_UNSUPPORTED = ("alias", "asdict", "call", "dataclass", "object", "tree")

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


class Serializer:
    """Reads the value that the text of an option stands for.

    ``None``, ``True``, ``False``, whole numbers and decimal numbers stand for themselves when they are the whole text.
    A directive in front says what else it is::

        text                                      value
        007                                       '007', since no number is written like this
        1e-3                                      0.001
        str: True                                 'True'
        list: a, b                                ['a', 'b']; also tuple: and set:
        list({'type': 'int'}): 1, 2               [1, 2]; also float, path and object (each is read like an option)
        path: ~/data                              a path, with the home folder filled in
        resource: resources/torch.conf            the path of a configuration that comes with this package
        resource(package): file.csv               the path of a file in any package
        dict: {'a': 1}                            a dictionary of Python literals
        json: {"a": [1, null]}                    {'a': [1, None]}
        class: pathlib.Path                       the class
        eval: 2 ** 10                             1024; Path is known
        eval({'import': ['math']}): math.pi       3.14…; also 'package.module as short'

    Only ``eval:`` runs what is written, and ``class:`` imports what it names.  JSON has more types than JSON by
    ``{"_type": "set", "_data": [1, 2]}``, where the type is one of set, frozenset, tuple and Path.

    Args:
        handlers: More directives by name; given what is written, they return the value.

    Example:
        >>> serializer = Serializer()
        >>> [serializer.parse_object(text) for text in ("1", "1.5", "007", "True", "True North", "set: a")]
        [1, 1.5, '007', True, 'True North', {'a'}]
    """

    def __init__(self, handlers: Mapping[str, Handler] | None = None) -> None:
        self._handlers: dict[str, Handler] = {
            "class": lambda given: import_class(given.text, given.where),
            "dict": _parse_dict,
            "eval": _parse_eval,
            "json": _parse_json,
            "list": self._parse_items,
            "path": _parse_path,
            "resource": _parse_resource,
            "set": self._parse_set,
            "str": lambda given: given.text,
            "tuple": lambda given: tuple(self._parse_items(given)),
            _FACTORY_ONLY: _refuse,
            **dict.fromkeys(_UNSUPPORTED, _refuse),
            **(handlers or {}),
        }

    def parse_object(self, text: str, where: str | None = None) -> Any:
        """The value that the text of an option stands for.

        Args:
            text: The text.
            where: File, section and option, for errors.

        Raises:
            ConfigurableError: A directive cannot read what follows it.
        """
        directive = self._directive(text, where)
        return _parse_plain(text) if directive is None else self._handlers[directive.name](directive)

    def format_option(self, value: Any, where: str | None = None) -> str:
        """The text that :meth:`parse_object` reads as this value.

        Args:
            value: The value.
            where: File, section and option, for errors.

        Raises:
            ConfigurableError: There is no such text.

        Example:
            >>> serializer = Serializer()
            >>> [serializer.format_option(value) for value in (1, "1", (1, 2))]
            ['1', 'str: 1', 'json: {"_type": "tuple", "_data": [1, 2]}']
        """
        if isinstance(value, type):
            return f"class: {value.__module__}.{value.__qualname__}"
        if isinstance(value, str) and value == value.strip():
            head = _HEAD.match(value)
            itself = isinstance(_parse_plain(value), str) and (head is None or head[1] not in self._handlers)
            return value if itself else f"str: {value}"
        if value is None or isinstance(value, bool | int | float):
            text = repr(value)
            if type(_parse_plain(text)) is type(value):
                return text
        if isinstance(value, Path) and Path(str(value).strip()).expanduser() == value:
            return f"path: {value}"
        return f"json: {json.dumps(_to_json(value, where))}"

    def _directive(self, text: str, where: str | None) -> Directive | None:
        head = _HEAD.match(text)
        if head is None or head[1] not in self._handlers:
            return None
        name = head[1]
        if head[2] == ":":
            return Directive(name, text[head.end() :].strip(), None, where)
        ends = list(re.finditer(r"\)\s*:", text))
        for end in ends:
            try:
                parameters = _literal(text[head.end() : end.start()])
            except (SyntaxError, TypeError, ValueError):
                continue
            return Directive(name, text[end.end() :].strip(), parameters, where)
        if not ends:
            return None
        raise ConfigurableError(
            f"The parameters of '{name}(…):' are not literals: {text}",
            where,
            f"write {name}({{'name': value}}): … with numbers, strings and containers of them; nothing is evaluated",
        )

    def _parse_items(self, given: Directive) -> list[Any]:
        kinds: dict[str, Callable[[str], Any]] = {
            "float": float,
            "int": int,
            "object": lambda text: self.parse_object(text, given.where),
            "path": lambda text: Path(text).expanduser(),
            "str": str,
        }
        kind = str(given.options("type").get("type", "str"))
        if kind not in kinds:
            raise given.error(f"has no type {kind!r}", hint(kind, kinds, "types"))
        items = [item.strip() for item in given.text.split(",")]
        if not items[-1]:  # nothing at all, or a comma at the end
            items.pop()
        if "" in items:
            raise given.error(f"has an empty item in {given.text!r}", "take the comma away, or write 'json: [\"\", …]'")
        try:
            return [kinds[kind](item) for item in items]
        except ValueError as error:
            raise given.error(f"has an item that is no {kind}: {error}", f"write each item as {kind}") from error

    def _parse_set(self, given: Directive) -> set[Any]:
        items = self._parse_items(given)
        try:
            return set(items)
        except TypeError as error:
            raise given.error(f"has an item that no set can hold: {error}", "use 'list:'") from error


def _parse_plain(text: str) -> Any:
    if text in _LITERALS:
        return _LITERALS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _literal(text: str) -> Any:
    """The literal, or the bare name as it is; nothing is evaluated."""
    return text if _PACKAGE_NAME.fullmatch(text) else ast.literal_eval(text.strip())


def _refuse(given: Directive) -> Any:
    if given.name == _FACTORY_ONLY:
        raise given.error("is known to a ConfigFactory only", "ask ImportConfigFactory(config) for the section")
    raise given.error(f"is not supported: {given.text}", "use 'instance:' or 'eval:', or 'str: …' if this is a text")


def _parse_path(given: Directive) -> Path:
    if not given.text:
        raise given.error("names no path", "write path: some/where, with '.' for this folder")
    return Path(given.text).expanduser()


def _parse_resource(given: Directive) -> Path:
    if given.parameters is None:
        return resource_path(given.text, given.where)
    if isinstance(given.parameters, str):
        return package_path(given.parameters, given.text, given.where)
    raise given.error(f"takes a package, not {given.parameters!r}", "write resource(package): path/in/it")


def _parse_dict(given: Directive) -> dict[Any, Any]:
    try:
        value = ast.literal_eval(given.text)
    except (SyntaxError, TypeError, ValueError) as error:
        raise given.error(
            f"is not followed by a literal: {given.text}", "write {'name': value} with literals, or use 'eval:'"
        ) from error
    if not isinstance(value, dict):
        raise given.error(f"is followed by {value!r}", "write {'name': value}")
    return value


def _parse_json(given: Directive) -> Any:
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


def _to_json(value: Any, where: str | None) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, PurePath):
        return {"_type": "Path", "_data": str(value)}
    if isinstance(value, list):
        return [_to_json(item, where) for item in value]
    if isinstance(value, dict) and "_type" not in value and all(isinstance(key, str) for key in value):
        return {key: _to_json(item, where) for key, item in value.items()}
    for name, kind in _JSON_SEQUENCES.items():
        if type(value) is kind:
            return {"_type": name, "_data": [_to_json(item, where) for item in value]}
    raise ConfigurableError(
        f"A {type(value).__name__} cannot be written in a configuration: {value!r}",
        where,
        "use text, numbers, paths, classes and containers of them, with text as keys",
    )


def _parse_eval(given: Directive) -> Any:
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
