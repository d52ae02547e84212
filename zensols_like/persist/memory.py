"""Stashes that hold their values in memory, alone or in front of a slower one."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from zensols_like.errors import PersistableError
from zensols_like.persist.delegate import DelegateStash
from zensols_like.persist.stash import Stash

__all__ = ["CacheStash", "DictionaryStash", "LRUCacheStash"]


@dataclass
class DictionaryStash(Stash):
    """Values in a dictionary, in the order in which they came.

    Example:
        >>> DictionaryStash({"a": 1}).data
        {'a': 1}
    """

    _data: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def data(self) -> dict[str, Any]:
        """The dictionary itself."""
        return self._data

    def load(self, name: str) -> Any:
        """The value of ``name``; None when absent."""
        return self.data.get(name)

    def dump(self, name: str, inst: Any) -> None:
        """Hold ``inst`` under ``name``."""
        self.data[name] = inst

    def delete(self, name: str) -> None:
        """Forget ``name``."""
        self.data.pop(name, None)

    def exists(self, name: str) -> bool:
        """Whether ``name`` is in the dictionary."""
        return name in self.data

    def keys(self) -> Iterable[str]:
        """The keys of this moment, so that what is iterated over may change meanwhile."""
        return tuple(self.data)

    def clear(self) -> None:
        """Empty the dictionary."""
        self.data.clear()


@dataclass
class CacheStash(DelegateStash):
    """Values of the delegate, kept in a faster stash once they are loaded.

    Whatever is written goes to both, and what is absent is asked for again: as long as nobody writes around this stash,
    the cache never hides what the delegate holds.
    """

    cache_stash: Stash = field(default_factory=DictionaryStash)
    """Where the loaded values are kept."""

    def load(self, name: str) -> Any:
        """The value from the cache, or from the delegate, then kept."""
        item = self.cache_stash.load(name)
        if item is None:
            item = self.delegate.load(name)
            if item is not None:
                self.cache_stash.dump(name, item)
        return item

    def dump(self, name: str, inst: Any) -> None:
        """Store ``inst`` in the delegate, then in the cache."""
        self.cache_stash.delete(name)  # first: when the delegate refuses, nothing stale is left
        self.delegate.dump(name, inst)
        self.cache_stash.dump(name, inst)

    def delete(self, name: str) -> None:
        """Forget ``name`` in both."""
        self.cache_stash.delete(name)
        self.delegate.delete(name)

    def clear(self) -> None:
        """Forget everything in both."""
        self.cache_stash.clear()
        self.delegate.clear()

    def selecting(self, parts: Collection[str] | None) -> Stash:
        """A view around the cache, which holds whole values only; this stash if the delegate knows no parts."""
        view = self.delegate.selecting(parts)
        return self if view is self.delegate else view


@dataclass
class _RecentStash(DictionaryStash):
    """The values that were used last; several threads may use it."""

    maxsize: int = field(kw_only=True, metadata={"fingerprint": False})
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def load(self, name: str) -> Any:
        """The value of ``name``, which is now the last one used; None when absent."""
        with self._lock:
            item = self.data.pop(name, None)
            if item is not None:
                self.data[name] = item
            return item

    def dump(self, name: str, inst: Any) -> None:
        """Hold ``inst`` in place of the value that was not used for the longest time."""
        with self._lock:
            self.data.pop(name, None)
            self.data[name] = inst
            if len(self.data) > self.maxsize:
                del self.data[next(iter(self.data))]

    def delete(self, name: str) -> None:
        """Forget ``name``."""
        with self._lock:
            super().delete(name)

    def exists(self, name: str) -> bool:
        """Whether ``name`` is among the values."""
        with self._lock:  # who loads it takes it out for a moment
            return super().exists(name)

    def keys(self) -> Iterable[str]:
        """The keys of this moment, the last one used at the end."""
        with self._lock:
            return super().keys()

    def clear(self) -> None:
        """Forget every value."""
        with self._lock:
            super().clear()

    def __getstate__(self) -> dict[str, Any]:
        """Without the lock: another process has its own."""
        with self._lock:
            return {**vars(self), "_data": dict(self.data), "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())


@dataclass
class LRUCacheStash(CacheStash):
    """Values of the delegate, of which those that were used last are kept in memory.

    Threads may load at the same time, as far as the delegate lets them.

    Example:
        >>> stash = LRUCacheStash(DictionaryStash({"a": 1, "b": 2, "c": 3}), maxsize=2)
        >>> dict(stash), list(stash.cache_stash.keys())
        ({'a': 1, 'b': 2, 'c': 3}, ['b', 'c'])
    """

    cache_stash: Stash = field(init=False, repr=False, compare=False)
    """Where the values are kept."""

    maxsize: int = field(default=128, metadata={"fingerprint": False})
    """How many values are kept."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.maxsize < 1:
            raise PersistableError(
                f"A cache of {self.maxsize} values keeps nothing.", type(self).__name__, "give a maxsize of 1 or more"
            )
        self.cache_stash = _RecentStash(maxsize=self.maxsize)
