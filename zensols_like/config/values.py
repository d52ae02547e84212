"""One option of a configuration is one value: the text says which."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from zensols_like.config.directive import (
    Directive,
    Handler,
    read_dict,
    read_eval,
    read_json,
    read_path,
    read_resource,
    to_json,
)
from zensols_like.config.hint import hint
from zensols_like.config.importer import import_class
from zensols_like.errors import ConfigurableError

__all__ = ["Serializer", "parse_plain"]

_LITERALS = {"None": None, "True": True, "False": False}
_INT = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][-+]?[0-9]+)?|(?:0|[1-9][0-9]*)[eE][-+]?[0-9]+)")
_HEAD = re.compile(r"([a-z]+)([:(])")
_PACKAGE_NAME = re.compile(r"[A-Za-z_][\w.]*")

_FACTORY_ONLY = ("alias", "asdict", "call", "dataclass", "instance", "object")
_UNSUPPORTED = ("tree",)


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
        path: ~/data                              a path; it begins at the current folder
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
            "dict": read_dict,
            "eval": read_eval,
            "json": read_json,
            "list": self._parse_items,
            "path": read_path,
            "resource": read_resource,
            "set": self._parse_set,
            "str": lambda given: given.text,
            "tuple": lambda given: tuple(self._parse_items(given)),
            **dict.fromkeys((*_FACTORY_ONLY, *_UNSUPPORTED), _refuse),
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
        return parse_plain(text) if directive is None else self._handlers[directive.name](directive)

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
            itself = isinstance(parse_plain(value), str) and (head is None or head[1] not in self._handlers)
            return value if itself else f"str: {value}"
        if value is None or isinstance(value, bool | int | float):
            text = repr(value)
            if type(parse_plain(text)) is type(value):
                return text
        if isinstance(value, Path) and Path(str(value).strip()).expanduser() == value:
            return f"path: {value}"
        return f"json: {json.dumps(to_json(value, where))}"

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


def parse_plain(text: str) -> Any:
    """The value of a text without a directive: None, a truth value, a number or the text itself."""
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
    if given.name in _FACTORY_ONLY:
        raise given.error("is known to a ConfigFactory only", "ask ImportConfigFactory(config) for the section")
    raise given.error(f"is not supported: {given.text}", "use 'instance:' or 'eval:', or 'str: …' if this is a text")
