"""Objects as plain data: for a person to read, as a dictionary, as JSON and as YAML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import date
from numbers import Integral, Real
from typing import Any, ClassVar, TextIO

from zensols_like.protocols import Writable

__all__ = ["Dictable", "Settings"]


class Dictable(Writable):
    """An object that shows its attributes as data.

    Those are the fields of a dataclass (without those that are private or have ``repr=False``, which is how to leave
    out what refers back), and the attributes that the class names in addition.

    Example:
        >>> from dataclasses import dataclass, field
        >>> @dataclass
        ... class Flower(Dictable):
        ...     _DICTABLE_ATTRIBUTES = ("area",)
        ...     name: str
        ...     size: tuple[int, int]
        ...     garden: object = field(default=None, repr=False)
        ...
        ...     @property
        ...     def area(self) -> int:
        ...         return self.size[0] * self.size[1]
        >>> flower = Flower("rose", (2, 3))
        >>> flower.asdict()
        {'name': 'rose', 'size': (2, 3), 'area': 6}
        >>> flower.asjson()
        '{"name": "rose", "size": [2, 3], "area": 6}'
        >>> flower.write()
        name: rose
        size:
            - 2
            - 3
        area: 6
    """

    _DICTABLE_ATTRIBUTES: ClassVar[Iterable[str]] = ()
    """Attributes to show in addition to the fields, such as properties."""

    _DICTABLE_WRITE_EXCLUDES: ClassVar[Iterable[str]] = ()
    """Attributes that :meth:`write` leaves out."""

    def _dictable_names(self) -> list[str]:
        return [*_field_names(self), *self._DICTABLE_ATTRIBUTES]

    def asdict(self, recurse: bool = True) -> dict[str, Any]:
        """The attributes by name.

        Args:
            recurse: Whether objects inside become dictionaries too.
        """
        attributes = {name: getattr(self, name) for name in self._dictable_names()}
        return {name: _unfold(value) for name, value in attributes.items()} if recurse else attributes

    def asflatdict(self) -> dict[str, Any]:
        """Like :meth:`asdict`, with nothing in it but what JSON and YAML know; the rest is there as text."""
        return {name: _plain(value) for name, value in self.asdict().items()}

    def asjson(self, writer: TextIO | None = None, **kwargs: Any) -> str:
        """The attributes as JSON.

        Args:
            writer: Where the text is written to as well.
            kwargs: Given to :func:`json.dumps`, such as ``indent``.
        """
        return _written(json.dumps(self.asflatdict(), **kwargs), writer)

    def asyaml(self, writer: TextIO | None = None, **kwargs: Any) -> str:
        """The attributes as YAML.

        Args:
            writer: Where the text is written to as well.
            kwargs: Given to :func:`yaml.safe_dump`.
        """
        import yaml  # only who asks for YAML waits for it

        return _written(str(yaml.safe_dump(self.asflatdict(), **{"sort_keys": False, **kwargs})), writer)

    def lines(self) -> Iterable[tuple[int, str]]:
        """The attributes, one on a line; what is inside of them indented below."""
        shown = {name: value for name, value in self.asdict(False).items() if name not in self._DICTABLE_WRITE_EXCLUDES}
        return _mapping_lines(shown)


class Settings(Dictable):
    """The options of a section that names no class, as attributes and as items.

    An option with the name of a method is an item only.

    Example:
        >>> settings = Settings({"rate": 0.1, "keys": 3})
        >>> settings.rate, settings["keys"], "size" in settings, len(settings), dict(settings.items())
        (0.1, 3, False, 2, {'rate': 0.1, 'keys': 3})
    """

    def __init__(self, values: Mapping[str, Any] | None = None, **more: Any) -> None:
        self._values: dict[str, Any]
        self.__dict__["_values"] = {**(values or {}), **more}

    def __getattr__(self, name: str) -> Any:
        # an instance that is still being unpickled has no values yet
        values = self.__dict__.get("_values", {})
        if name not in values:
            raise AttributeError(f"There is no setting {name!r}; there are {sorted(values)}")
        return values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self._values[name] = value

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._values[name] = value

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and self._values == other._values

    __hash__ = None  # type: ignore[assignment]  # settings can change

    def __repr__(self) -> str:
        return f"Settings({self._values!r})"

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._values.keys()

    def values(self) -> Iterable[Any]:
        """The values."""
        return self._values.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """The names with their values."""
        return self._values.items()

    def get(self, name: str, default: Any = None) -> Any:
        """The value of ``name``, or ``default`` when there is none."""
        return self._values.get(name, default)

    def asdict(self, recurse: bool = True) -> dict[str, Any]:
        """The values by name."""
        return {name: _unfold(value) if recurse else value for name, value in self._values.items()}


def _field_names(value: Any) -> list[str]:
    if not is_dataclass(value) or isinstance(value, type):
        return []
    return [field.name for field in fields(value) if field.repr and not field.name.startswith("_")]


def _unfold(value: Any) -> Any:
    """Objects as dictionaries, all the way down."""
    if isinstance(value, Dictable):
        return value.asdict()
    if _field_names(value):
        return {name: _unfold(getattr(value, name)) for name in _field_names(value)}
    if isinstance(value, Mapping):
        return {key: _unfold(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_unfold(item) for item in value)
    return value


def _plain(value: Any) -> Any:
    """Data that JSON and YAML know; sets are sorted, so that the same value gives the same text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Set):
        return sorted((_plain(item) for item in value), key=str)
    if isinstance(value, Real):  # those of numpy are no int or float of Python
        return int(value) if isinstance(value, Integral) else float(value)
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _mapping_lines(values: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    for name, value in values.items():
        yield from _lines(f"{_plain(name)}:", value)


def _lines(head: str, value: Any) -> Iterator[tuple[int, str]]:
    """A line for a simple value; for any other one a line for its name and, deeper, its parts."""
    inside = list(_parts(value))
    if inside:
        yield 0, head
        yield from ((depth + 1, line) for depth, line in inside)
    else:
        yield 0, f"{head} {_plain(value)}"


def _parts(value: Any) -> Iterable[tuple[int, str]]:
    if isinstance(value, Writable):
        return value.lines()
    if isinstance(value, Mapping):
        return _mapping_lines(value)
    if isinstance(value, list | tuple | Set):
        items = sorted(value, key=str) if isinstance(value, Set) else value
        return (line for item in items for line in _lines("-", item))
    return _mapping_lines({name: getattr(value, name) for name in _field_names(value)})


def _written(text: str, writer: TextIO | None) -> str:
    if writer is not None:
        writer.write(text)
    return text
