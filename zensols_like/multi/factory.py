"""Another stash's values, made by worker processes and kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import filterfalse
from typing import Any

from zensols_like.errors import PersistableError
from zensols_like.multi.stash import MultiProcessStash, TorchMultiProcessStash
from zensols_like.persist import Failure, ProtectiveStash, Stash, failures
from zensols_like.protocols import Primeable

__all__ = ["MultiProcessFactoryStash", "TorchMultiProcessFactoryStash"]


@dataclass
class MultiProcessFactoryStash(MultiProcessStash):
    """The values of a factory, all of which worker processes make before the first is used.

    Priming makes those that the delegate does not have, so that it goes on where it was stopped.  Where values are made
    one by one as they are asked for, use a :class:`.FactoryStash`.

        [parsed]
        class_name = zensols_like.multi.MultiProcessFactoryStash
        delegate = instance: parsed_directory
        factory = instance: slow_parser
        chunk_size = 0
        workers = -1

    Example:
        >>> from zensols_like.persist import DictionaryStash
        >>> class Thirds(DictionaryStash):
        ...     def load(self, name):
        ...         return 3 / self.data[name]
        >>> numbers = Thirds({"a": 1, "b": 0})
        >>> stash = MultiProcessFactoryStash(DictionaryStash(), None, "thirds", 0, 1, numbers, protect_work=True)
        >>> stash["a"], [failure.kind for failure in stash.iterfails()]
        (3.0, ['ZeroDivisionError'])
        >>> numbers.data["b"] = 2
        >>> stash.reprocess_failures(), stash["b"]
        (1, 1.5)
    """

    factory: Stash
    """Has the keys, and makes values when they are loaded."""

    protect_work: bool = False
    """Whether a value that cannot be made becomes a :class:`.Failure` instead of stopping the work."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.factory is None:
            raise PersistableError("The factory is None.", self._where("factory"), "give a stash as factory")

    def prime(self) -> None:
        """Make the values that the delegate does not have."""
        if not self.is_child and isinstance(self.factory, Primeable):
            self.factory.prime()
        super().prime()

    def iterfails(self) -> Iterator[Failure]:
        """The values that could not be made."""
        return failures(self)

    def reprocess_failures(self) -> int:
        """Try to make the values again that could not be made.

        Returns:
            How many there were.
        """
        keys = [failure.key for failure in self.iterfails()]
        for key in keys:
            self.delete(key)
        self.prime()
        return len(keys)

    def _calculate_has_data(self) -> bool:
        """Whether nothing is missing."""
        return not self._create_data()

    def _create_data(self) -> Sequence[str]:
        """The keys of the values that the delegate does not have."""
        there = frozenset(self.delegate.keys())
        return tuple(filterfalse(there.__contains__, self.factory.keys()))

    def _process(self, chunk: Sequence[str]) -> Iterable[tuple[str, Any]]:
        factory = ProtectiveStash(self.factory) if self.protect_work else self.factory
        return factory.load_many(chunk)


@dataclass
class TorchMultiProcessFactoryStash(MultiProcessFactoryStash, TorchMultiProcessStash):
    """The same for values with tensors: workers start with torch, and each computes in one thread."""
