"""Stashes that stand in front of another one: read-only, a subset, the first keys, sorted, several as one."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, Self

from zensols_like.errors import PersistableError
from zensols_like.persist.keyfile import read_keys
from zensols_like.persist.stash import ReadOnlyStash, Stash

__all__ = [
    "DelegateStash",
    "KeyLimitStash",
    "KeySubsetStash",
    "ReadOnlyDelegateStash",
    "SortedStash",
    "UnionStash",
    "innermost",
    "load_shown",
]


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


def innermost(stash: Stash) -> Stash:
    """The stash behind all that stand in front of it, which keeps the values.

    Example:
        >>> from zensols_like.persist.memory import DictionaryStash
        >>> innermost(DelegateStash(DelegateStash(DictionaryStash({"a": 1}))))["a"]
        1
    """
    while isinstance(stash, DelegateStash):
        stash = stash.delegate
    return stash


@dataclass
class ReadOnlyDelegateStash(ReadOnlyStash, DelegateStash):
    """Another stash, for reading only."""


def load_shown(stash: Stash, keys: Iterable[str], shows: Callable[[str], bool]) -> Iterator[tuple[str, Any]]:
    """Load many keys in one go; those that are not shown give None.

    Args:
        stash: What to load from.
        keys: What to load, in this order.
        shows: Tells the keys that are shown.
    """
    wanted = tuple(keys)
    shown = iter(stash.load_many(filter(shows, wanted)))
    return (next(shown) if shows(key) else (key, None) for key in wanted)


@dataclass
class _KeyViewStash(ReadOnlyDelegateStash):
    """Some of the delegate's keys; what is not among them is absent."""

    @abstractmethod
    def _shows(self, names: Collection[str]) -> Callable[[str], bool]:
        """Tells which of these keys are let through."""

    def load(self, name: str) -> Any:
        """The value of ``name``; None when it is absent or not among the keys."""
        return self.delegate.load(name) if self._shows((name,))(name) else None

    def load_many(self, keys: Iterable[str]) -> Iterable[tuple[str, Any]]:
        """Pairs of key and value in the order of ``keys``, read in bulk where the delegate can."""
        wanted = tuple(keys)
        return load_shown(self.delegate, wanted, self._shows(wanted))

    def exists(self, name: str) -> bool:
        """Whether ``name`` is among the keys and the delegate has it."""
        return self._shows((name,))(name) and self.delegate.exists(name)


@dataclass
class KeyLimitStash(_KeyViewStash):
    """The first keys of another stash, for reading; made for trying something on a part of the data.

    Which they are is remembered until another key is asked for.
    """

    limit: int
    """How many keys there are at most."""

    _first: frozenset[str] = field(default=frozenset(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.limit < 0:
            raise PersistableError(f"The limit is {self.limit}.", type(self).__name__, "give a limit of 0 or more")

    def _shows(self, names: Collection[str]) -> Callable[[str], bool]:
        if not self._first.issuperset(names):  # some may have come since
            self._first = frozenset(self.keys())
        return self._first.__contains__

    def keys(self) -> Iterable[str]:
        """The first keys of the delegate."""
        return islice(self.delegate.keys(), self.limit)


@dataclass
class KeySubsetStash(_KeyViewStash):
    """The keys of another stash that are in a subset, for reading.

    Example:
        >>> from zensols_like.persist.memory import DictionaryStash
        >>> list(KeySubsetStash(DictionaryStash({"a": 1, "b": 2}), ["b", "c"]).keys())
        ['b']
    """

    key_subset: Collection[str] | Path
    """The keys, or a file that has one on each line."""

    dynamic_subset: Collection[str] | None = None
    """Restricts the keys further; looked at on each access, so that it may change."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.key_subset, str):
            raise PersistableError(
                f"The subset of keys is the string {self.key_subset!r}.", type(self).__name__, "give a list or a Path"
            )
        source = self.key_subset
        self._subset = frozenset(read_keys(source) if isinstance(source, Path) else source)

    def _shows(self, names: Collection[str]) -> Callable[[str], bool]:  # noqa: ARG002 - whichever they are
        subset, dynamic = self._subset, self.dynamic_subset
        return subset.__contains__ if dynamic is None else lambda key: key in subset and key in dynamic

    def keys(self) -> Iterable[str]:
        """The keys of the subset, in the order of the delegate."""
        return filter(self._shows(()), self.delegate.keys())


@dataclass
class SortedStash(DelegateStash):
    """Another stash with its keys in order.

    Example:
        >>> from zensols_like.persist.memory import DictionaryStash
        >>> list(SortedStash(DictionaryStash({"10": "x", "9": "y"}), int).keys())
        ['9', '10']
    """

    sort_function: Callable[[str], Any] | None = None
    """What the keys are ordered by, such as ``int``; the keys themselves when not given."""

    def keys(self) -> Iterable[str]:
        """The delegate's keys in order."""
        return sorted(self.delegate.keys(), key=self.sort_function)


@dataclass
class UnionStash(ReadOnlyStash):
    """Several stashes as one, for reading; no key may be in more than one of them."""

    stashes: Sequence[Stash]
    """The stashes in the order of their keys."""

    def load(self, name: str) -> Any:
        """The value of ``name`` in the stash that has it; None when absent."""
        owners = [stash for stash in self.stashes if stash.exists(name)]
        if len(owners) > 1:
            raise self._duplicates([name])
        return owners[0].load(name) if owners else None

    def exists(self, name: str) -> bool:
        """Whether one of the stashes has ``name``."""
        return any(stash.exists(name) for stash in self.stashes)

    def keys(self) -> Iterable[str]:
        """The keys of the first stash, then of the next."""
        counts = Counter(chain.from_iterable(stash.keys() for stash in self.stashes))
        if duplicates := [key for key, count in counts.items() if count > 1]:
            raise self._duplicates(duplicates)
        return tuple(counts)

    def selecting(self, parts: Collection[str] | None) -> Stash:
        """The union of the views that load only ``parts``."""
        view = copy.copy(self)
        view.stashes = tuple(stash.selecting(parts) for stash in self.stashes)
        return view

    def _duplicates(self, keys: Sequence[str]) -> PersistableError:
        return PersistableError(
            f"{len(keys)} keys are in more than one stash: {list(keys[:5])}.",
            f"{type(self).__name__} of {len(self.stashes)} stashes",
            "rename the keys, or take them out of all stashes but one with KeySubsetStash",
        )
