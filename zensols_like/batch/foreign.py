"""Whose code runs while batches are encoded."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import partial
from itertools import chain, islice
from types import MethodType
from typing import Any

__all__ = ["find_foreign"]

_OURS = "zensols_like"
_KNOWN = frozenset({_OURS, "numpy", "pandas", "pyarrow", "torch", *sys.stdlib_module_names})
"""What is not foreign: this library, and what it is built on."""
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
            if _package_of(part) not in _KNOWN:
                return _name_of(part)
            waiting += _inside(part)
    return None


def _package_of(part: Any) -> str:
    """The package that the code of a class, a function or an object is in."""
    module = getattr(part, "__module__", None) if callable(part) else None
    return str(module or type(part).__module__).partition(".")[0]


def _name_of(part: Any) -> str:
    named = part if hasattr(part, "__qualname__") else type(part)
    return f"{named.__module__}.{named.__qualname__}"


def _inside(part: Any) -> Iterable[Any]:
    """What a part is made of."""
    if isinstance(part, type):
        return ()
    if isinstance(part, partial):
        return (part.func, *part.args, *part.keywords.values())
    if isinstance(part, MethodType):
        return (part.__func__, part.__self__)
    held = getattr(part, "__dict__", {}) if _package_of(part) == _OURS else {}
    elements = part.values() if isinstance(part, dict) else part if isinstance(part, _COLLECTIONS) else ()
    return chain((held[name] for name in held if name not in _ELSEWHERE), islice(elements, _GLANCE))
