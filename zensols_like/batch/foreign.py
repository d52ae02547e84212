"""Whose code runs while batches are encoded."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import partial
from itertools import chain, islice
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

__all__ = ["find_foreign"]

_OURS = "zensols_like"
_KNOWN = frozenset({_OURS, "numpy", "pandas", "pyarrow", "torch", *sys.stdlib_module_names})
"""What is not foreign: this library, and what it is built on."""
_MAKERS = ("abc", "types")
"""What a class says that it is of where `type` or `dataclasses.make_dataclass` made it in somebody's program."""
_CODE = (type, FunctionType, BuiltinFunctionType)
_ELSEWHERE = ("config", "config_factory")
"""What an object of this library has the rest of an experiment by."""
_COLLECTIONS = (list, tuple, set, frozenset)
_GLANCE = 100
"""How many elements of a collection are looked at: what is many is data, and of one kind."""


def find_foreign(parts: Iterable[Any]) -> str | None:
    """The name of some code that is neither of this library nor of what it is built on; ``None`` when there is none.

    Classes, functions and objects are looked at, what objects of this library hold, and the first elements of
    collections; not what is configured elsewhere, and not the values in arrays and tables.

    Example:
        >>> from zensols_like.source import ArrayStash
        >>> find_foreign([ArrayStash, ArrayStash({"size": [1, 2]}), print]) is None
        True
        >>> from rich.text import Text
        >>> find_foreign([{"sizes": ArrayStash({"size": [1, 2]}), "texts": [Text("one")]}])
        'rich.text.Text'
    """
    waiting, seen = list(parts), set()
    while waiting:
        part = waiting.pop()
        if id(part) not in seen:
            seen.add(id(part))
            package = _package_of(part)
            if package not in _KNOWN:
                return _name_of(part)
            waiting += _inside(part, package == _OURS)
    return None


def _package_of(part: Any) -> str:
    """The package that the code of a class, a function or an object is in; empty for a class that a call made."""
    code = _code_of(part)
    package = str(code.__module__ or type(code).__module__).partition(".")[0]
    is_made = package in _MAKERS and not hasattr(sys.modules[package], code.__qualname__)
    return "" if is_made else package


def _code_of(part: Any) -> Any:
    """A class or function itself; else the class: objects are asked for no attribute, since that may run code."""
    return part if issubclass(type(part), _CODE) else type(part)


def _name_of(part: Any) -> str:
    code = _code_of(part)
    return f"{code.__module__}.{code.__qualname__}"


def _inside(part: Any, is_ours: bool) -> Iterable[Any]:
    """What a part is made of; what an object holds, of those of this library."""
    if isinstance(part, type):
        return ()
    if isinstance(part, partial):
        return (part.func, *part.args, *part.keywords.values())
    if isinstance(part, MethodType):
        return (part.__func__, part.__self__)
    held = getattr(part, "__dict__", {}) if is_ours else {}
    elements = part.values() if isinstance(part, dict) else part if isinstance(part, _COLLECTIONS) else ()
    return chain((held[name] for name in held if name not in _ELSEWHERE), islice(elements, _GLANCE))
