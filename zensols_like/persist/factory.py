"""Stashes that make their values: when first used, one by one as they are missed, or all at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from zensols_like.errors import PersistableError
from zensols_like.persist.delegate import DelegateStash, innermost
from zensols_like.persist.folder import MemoryFolder, StoreFolder
from zensols_like.persist.records import RecordStash
from zensols_like.persist.stash import Stash
from zensols_like.protocols import Primeable

__all__ = [
    "CacheFactoryStash",
    "FactoryStash",
    "OneShotFactoryStash",
    "PreemptiveStash",
    "PrimablePreemptiveStash",
    "PrimeableStash",
]

_UNFINISHED = "unfinished"
"""What lies beside the records of a delegate as long as it is filled."""


@dataclass
class PreemptiveStash(DelegateStash):
    """A stash that knows whether there is data at all, so that expensive work is not done when there is."""

    @cached_property
    def has_data(self) -> bool:
        """Whether the delegate has data; asked once, until something changes it."""
        return self._calculate_has_data()

    def _calculate_has_data(self) -> bool:
        """Whether the delegate has any key, and was not left by a process that was killed while it filled it."""
        if _UNFINISHED in self._folder.names():
            return False
        return next(iter(self.delegate.keys()), None) is not None

    @property
    def _folder(self) -> StoreFolder:
        """What stands beside the records of the delegate; beside other values, nothing."""
        stash = innermost(self.delegate)
        return stash.folder if isinstance(stash, RecordStash) else MemoryFolder()

    def _reset_has_data(self) -> None:
        """Ask again the next time."""
        self.__dict__.pop("has_data", None)

    def _set_has_data(self, has_data: bool = True) -> None:
        """Remember the answer instead of asking."""
        self.has_data = has_data

    def dump(self, name: str, inst: Any) -> None:
        """Store ``inst`` in the delegate."""
        super().dump(name, inst)
        self._reset_has_data()

    def delete(self, name: str) -> None:
        """Forget ``name`` in the delegate."""
        super().delete(name)
        self._reset_has_data()

    def clear(self) -> None:
        """Forget everything in the delegate."""
        super().clear()
        self._folder.remove(_UNFINISHED)
        self._reset_has_data()


class _Turn:
    """Whose turn it is to prime, among the threads of a process; another process has its own."""

    def __init__(self) -> None:
        self.lock = threading.RLock()  # who primes may look at what is there

    def __reduce__(self) -> tuple[type[_Turn], tuple[()]]:
        return _Turn, ()


@dataclass
class PrimeableStash(Stash):
    """A stash that is primed once, before a value or the keys are first asked for.

    Other threads wait meanwhile, so what primes must not wait for a thread that looks at this stash.

    A subclass does its work in :meth:`prime`: it first calls that of its base, and then may look at its own keys and
    values.  :meth:`exists` only looks: it does not prime.
    """

    _primed: bool = field(default=False, init=False, repr=False, compare=False)

    def prime(self) -> None:
        """Make what is missing; called once before the first access, and once more after a :meth:`clear`."""
        self._primed = True  # before the work, which may look at what is there

    @property
    def _prime_turn(self) -> _Turn:
        # made when it is first asked for, since a subclass may have a constructor of its own
        turn: _Turn = vars(self).get("_own_turn") or vars(self).setdefault("_own_turn", _Turn())
        return turn

    def _prime_once(self) -> None:
        with self._prime_turn.lock:
            if self._primed:
                return
            self._primed = True
            try:
                self.prime()
            except BaseException:
                self._primed = False
                raise

    def load(self, name: str) -> Any:
        """The value of ``name`` after priming; None when absent."""
        self._prime_once()
        return super().load(name)  # type: ignore[safe-super]  # this class is mixed in before one that loads

    def load_many(self, keys: Iterable[str]) -> Iterable[tuple[str, Any]]:
        """Pairs of key and value in the order of ``keys``, after priming."""
        self._prime_once()
        return super().load_many(keys)

    def keys(self) -> Iterable[str]:
        """Every key, after priming."""
        self._prime_once()
        return super().keys()  # type: ignore[safe-super]  # this class is mixed in before one that has keys

    def clear(self) -> None:
        """Forget every key; the next access primes again."""
        super().clear()
        self._primed = False


@dataclass
class PrimablePreemptiveStash(PrimeableStash, PreemptiveStash):
    """A stash that is primed once, and knows whether there is data to prime at all.

    Where its values are made all at once, a part of them does not count as data, whether the work failed or was killed.
    """

    def prime(self) -> None:
        """Prime the delegate, where it can be."""
        super().prime()
        if isinstance(self.delegate, Primeable):
            self.delegate.prime()
            self._reset_has_data()

    @property
    def _keeps_parts(self) -> bool:
        """Whether this stash tells a part of its values from all of them, which takes an idea of data of its own."""
        method = "_calculate_has_data"
        return getattr(type(self), method) is not getattr(PreemptiveStash, method)

    def _fill(self, work: Callable[[], object]) -> None:
        """Let ``work`` store the values in the delegate if it has no data; a part never passes for the whole.

        Unless parts are kept, what was stored is removed where the work fails; where its process is killed, the next
        one does so, if the delegate is a `RecordStash`.  Of several processes one works, the others wait.
        """
        if self.has_data:
            return
        if self._keeps_parts:
            work()
            self._reset_has_data()
            return
        folder = self._folder
        with folder.lock():
            self._reset_has_data()
            if self.has_data:  # another process filled it while this one waited
                return
            if _UNFINISHED in folder.names():
                self.delegate.clear()
            folder.write(_UNFINISHED, ())
            try:
                work()
            except BaseException:
                self._primed = False
                self._reset_has_data()
                self.delegate.clear()
                folder.remove(_UNFINISHED)  # not where that fails, too: then a part is still there
                raise
            folder.remove(_UNFINISHED)
            self._reset_has_data()


@dataclass
class FactoryStash(PreemptiveStash):
    """What the delegate does not have is made by the factory and kept in the delegate.

    Its keys are those of the factory, then those that only the delegate has: a delegate that holds a part of the values
    does not hide the rest.

    Example:
        >>> from zensols_like.persist.memory import DictionaryStash
        >>> stash = FactoryStash(DictionaryStash(), DictionaryStash({"a": 1, "b": 2}))
        >>> stash["a"], list(stash.keys()), list(stash.delegate.keys())
        (1, ['a', 'b'], ['a'])
    """

    factory: Stash
    """Makes values when they are loaded."""

    enable_preemptive: bool = True
    """Whether what the delegate already holds counts as data; when false, the keys are the factory's alone."""

    dump_factory_nones: bool = True
    """Whether a None that the factory has under a key is kept, so that it is made only once."""

    force_clear_factory: bool = False
    """Whether :meth:`clear` clears the factory, too."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.factory is None:
            raise PersistableError("The factory is None.", type(self).__name__, "give a stash as factory")

    def _calculate_has_data(self) -> bool:
        return self.enable_preemptive and super()._calculate_has_data()

    def load(self, name: str) -> Any:
        """The delegate's value, or the factory's, then kept; None when neither has it."""
        if not self.enable_preemptive and not self.factory.exists(name):
            return None
        item = self.delegate.load(name)
        if item is None and not self.delegate.exists(name):
            item = self.factory.load(name)
            if item is not None or (self.dump_factory_nones and self.factory.exists(name)):
                self.dump(name, item)
        return item

    def exists(self, name: str) -> bool:
        """Whether the delegate holds ``name`` or the factory can make it."""
        return (self.enable_preemptive and self.delegate.exists(name)) or self.factory.exists(name)

    def keys(self) -> Iterable[str]:
        """The factory's keys, then those that only the delegate has."""
        names = dict.fromkeys(self.factory.keys())
        if self.has_data:
            names.update(dict.fromkeys(self.delegate.keys()))
        return tuple(names)

    def clear(self) -> None:
        """Forget what is kept."""
        super().clear()
        if self.force_clear_factory:
            self.factory.clear()


@dataclass
class CacheFactoryStash(FactoryStash):
    """A factory whose values are kept: what there is says the factory alone, whatever else the delegate holds.

    Example:
        >>> from zensols_like.persist.memory import DictionaryStash
        >>> stash = CacheFactoryStash(DictionaryStash({"old": 0}), DictionaryStash({"a": 1}))
        >>> dict(stash), stash.load("old"), stash.delegate.data
        ({'a': 1}, None, {'old': 0, 'a': 1})
    """

    enable_preemptive: bool = False


@dataclass
class OneShotFactoryStash(PrimablePreemptiveStash):
    """A stash whose empty delegate is filled at once by :attr:`worker`, before the first access.

    A worker that yields nothing is not asked again, and one that fails leaves nothing behind.

    Example:
        >>> from zensols_like.persist.memory import DictionaryStash
        >>> class Squares(OneShotFactoryStash):
        ...     def worker(self):
        ...         return ((str(i), i * i) for i in range(3))
        >>> dict(Squares(DictionaryStash()))
        {'0': 0, '1': 1, '2': 4}
    """

    worker: Callable[[], Iterable[tuple[str, Any]]] | Iterable[tuple[str, Any]] | None = field(
        default=None, init=False, repr=False, compare=False
    )
    """Pairs of key and value, or what gives them when called; set it, or define it as a method."""

    def prime(self) -> None:
        """Fill the delegate if it is empty."""
        super().prime()
        self._fill(self._dump_all)

    def _dump_all(self) -> None:
        if self.worker is None:
            raise PersistableError(
                "There is no worker.", type(self).__name__, "set `worker` to pairs of key and value, or define it"
            )
        for name, inst in self.worker() if callable(self.worker) else self.worker:
            self.dump(name, inst)
