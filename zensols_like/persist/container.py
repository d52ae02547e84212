"""What objects keep when they travel to another process, and when they let go of what they hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

from zensols_like.protocols import Deallocatable

__all__ = ["PersistableContainer", "dealloc"]

D = TypeVar("D", bound=Deallocatable)


class PersistableContainer:
    """A base for classes with attributes that are not pickled, such as what is cheap to make again.

    A subclass names them; those that its own bases name stay named.

    Example:
        >>> class Reader(PersistableContainer):
        ...     _PERSITABLE_TRANSIENT_ATTRIBUTES = {"cache"}
        ...     def __init__(self):
        ...         self.name, self.cache = "a", {}
        >>> Reader().__getstate__()
        {'name': 'a', 'cache': None}
    """

    _PERSITABLE_TRANSIENT_ATTRIBUTES: ClassVar[Collection[str]] = ()
    """Attributes that are None in the copy."""

    _PERSITABLE_REMOVE_ATTRIBUTES: ClassVar[Collection[str]] = ()
    """Attributes that the copy does not have."""

    def __getstate__(self) -> dict[str, Any]:
        transient = self._named_in_bases("_PERSITABLE_TRANSIENT_ATTRIBUTES")
        removed = self._named_in_bases("_PERSITABLE_REMOVE_ATTRIBUTES")
        return {
            name: None if name in transient else value for name, value in self.__dict__.items() if name not in removed
        }

    @classmethod
    def _named_in_bases(cls, attribute: str) -> frozenset[str]:
        return frozenset(name for base in cls.__mro__ for name in vars(base).get(attribute, ()))


@contextmanager
def dealloc(inst: D | Callable[[], D]) -> Iterator[D]:
    """Deallocate an object at the end of a ``with`` block, whatever happens in it.

    Args:
        inst: The object, or a function that makes it.

    Example:
        >>> class Memory(Deallocatable):
        ...     def deallocate(self):
        ...         print("gone")
        >>> with dealloc(Memory) as memory:
        ...     print("used")
        used
        gone
    """
    held = inst if isinstance(inst, Deallocatable) else inst()
    try:
        yield held
    finally:
        held.deallocate()
