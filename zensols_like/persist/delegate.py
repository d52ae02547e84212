"""Stashes that stand in front of another one: read-only, a subset, the first keys, sorted, several as one."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Self

from zensols_like.errors import PersistableError
from zensols_like.persist.stash import ReadOnlyStash, Stash

__all__ = ["DelegateStash", "ReadOnlyDelegateStash"]


@dataclass
class DelegateStash(Stash):
    """A stash that hands everything to another one; a subclass changes what it wants to be different."""

    delegate: Stash
    """The stash that does the work."""

    delegate_attr = False
    """Whether public attributes that this stash does not have are looked up on the delegate."""

    def __post_init__(self) -> None:
        if self.delegate is None:
            raise PersistableError("The delegate is None.", type(self).__name__, "give a stash as delegate")

    def __getattr__(self, name: str) -> Any:
        if self.delegate_attr and not name.startswith("_") and "delegate" in self.__dict__:
            return getattr(self.delegate, name)
        # looked up once more for its own error, which may come from inside of a property
        return object.__getattribute__(self, name)

    def load(self, name: str) -> Any:
        """The delegate's value of ``name``; None when absent."""
        return self.delegate.load(name)

    def load_many(self, keys: Iterable[str]) -> Iterable[tuple[str, Any]]:
        """Pairs of key and value in the order of ``keys``, read in bulk where the delegate can."""
        if type(self).load is not DelegateStash.load:  # who changes how one is loaded changes it for many, too
            return super().load_many(keys)
        return self.delegate.load_many(keys)

    def dump(self, name: str, inst: Any) -> None:
        """Store ``inst`` in the delegate."""
        self.delegate.dump(name, inst)

    def delete(self, name: str) -> None:
        """Forget ``name`` in the delegate."""
        self.delegate.delete(name)

    def exists(self, name: str) -> bool:
        """Whether the delegate has ``name``."""
        return self.delegate.exists(name)

    def keys(self) -> Iterable[str]:
        """The delegate's keys."""
        return self.delegate.keys()

    def clear(self) -> None:
        """Forget everything in the delegate."""
        self.delegate.clear()

    def selecting(self, parts: Collection[str] | None) -> Stash:
        """The same stash in front of a view of the delegate that loads only ``parts``."""
        return self._in_front_of(self.delegate.selecting(parts))

    def _in_front_of(self, delegate: Stash) -> Self:
        if delegate is self.delegate:
            return self
        view = copy.copy(self)
        view.delegate = delegate
        return view


@dataclass
class ReadOnlyDelegateStash(ReadOnlyStash, DelegateStash):
    """Another stash, for reading only."""
