"""The classes whose instances a record may hold, by exact name.

Reading a record makes an object only of a class in this table: nothing is imported because a file asks for it, and
nothing else is tried when a name is not found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from zensols_like.errors import UnsafeError

__all__ = ["on_replaced", "register", "registered", "require_registered"]

T = TypeVar("T")

_CLASSES: dict[tuple[str, str], type[Any]] = {}
_LISTENERS: list[Callable[[], None]] = []


def register(cls: type[T]) -> type[T]:
    """Allow instances of a class in records.

    What is stored of an instance is its state: what ``__getstate__`` gives, or its attributes.  Reading makes an object
    without calling the constructor and gives it that state.

    Args:
        cls: A class at the top of an importable module.

    Returns:
        The same class, so that this can be used as a decorator.

    Raises:
        UnsafeError: The class cannot be found again by its name, as one in ``__main__`` or in a function.

    Example:
        >>> from zensols_like.vectorize import FeatureContext
        >>> from zensols_like.persist.formats.allowlist import registered
        >>> registered(FeatureContext.__module__, "FeatureContext") is FeatureContext
        True
    """
    if cls.__module__ in ("__main__", "__mp_main__") or "<locals>" in cls.__qualname__:
        raise UnsafeError(
            f"The class {cls.__qualname__} cannot be stored in records: no other process finds it by its name.",
            f"module {cls.__module__}",
            "move the class to the top level of a module that can be imported, and register it there",
        )
    has_slots = any("__slots__" in vars(base) and vars(base)["__slots__"] for base in cls.__mro__)
    has_own_state = cls.__getstate__ is not object.__getstate__ and getattr(cls, "__setstate__", None) is not None
    if cls.__new__ is not object.__new__ or (has_slots and not has_own_state):
        raise UnsafeError(
            f"Objects of {cls.__qualname__} cannot be stored in records by their attributes alone.",
            f"module {cls.__module__}",
            "use a class of plain attributes, without __slots__, __new__ and built-in bases such as list or Enum; or "
            "give one with __slots__ a __getstate__ and a __setstate__",
        )
    former = _CLASSES.get((cls.__module__, cls.__qualname__), cls)
    _CLASSES[cls.__module__, cls.__qualname__] = cls
    if former is not cls:  # its module was loaded again, as in a notebook
        for forget in _LISTENERS:
            forget()
    return cls


def on_replaced(forget: Callable[[], None]) -> None:
    """Call a function whenever a registered class is replaced by another one of its name."""
    _LISTENERS.append(forget)


def registered(module: str, qualified_name: str) -> type[Any] | None:
    """The registered class of exactly this name; ``None`` when there is none."""
    return _CLASSES.get((module, qualified_name))


def require_registered(cls: type[Any]) -> None:
    """Refuse to write what could not be read back.

    Raises:
        UnsafeError: ``cls`` is not registered; the message has the line that registers it.
    """
    if _CLASSES.get((cls.__module__, cls.__qualname__)) is not cls:
        raise UnsafeError(
            f"Objects of {cls.__module__}.{cls.__qualname__} cannot be stored in a record.",
            None,
            "decorate the class with @zensols_like.persist.register, or store with format='pickle' and trusted=True, "
            "which runs whatever code the file says when it is read",
        )
