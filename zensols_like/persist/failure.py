"""Errors as values, so that one bad value does not stop the work on the others."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from zensols_like.errors import PersistableError
from zensols_like.persist.delegate import DelegateStash
from zensols_like.persist.formats import register
from zensols_like.persist.stash import Stash

__all__ = ["Failure", "ProtectiveStash", "failures"]


@register
@dataclass(frozen=True)
class Failure:
    """What went wrong where a value should be."""

    key: str
    """The key of the value."""
    kind: str
    """The class of the error."""
    message: str
    """What the error says."""
    trace: str
    """Where it came from, as a traceback prints it."""

    @classmethod
    def of(cls, key: str, error: Exception) -> Failure:
        """The failure that an error is."""
        kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
        return cls(key, kind, str(error), "".join(traceback.format_exception(error)))

    def rethrow(self) -> None:
        """Raise the failure as an error.

        Raises:
            PersistableError: Always.
        """
        error = PersistableError(f"{self.kind}: {self.message}", f"key {self.key!r}", "see the traceback in the note")
        error.add_note(self.trace)
        raise error


@dataclass
class ProtectiveStash(DelegateStash):
    """Another stash, where a value that cannot be loaded is a :class:`Failure`.

    As the factory of a :class:`.FactoryStash` it has failures kept like values, so that they are not tried again, until
    their keys are deleted.

    Example:
        >>> from zensols_like.persist.factory import FactoryStash
        >>> from zensols_like.persist.memory import DictionaryStash
        >>> class Thirds(DictionaryStash):
        ...     def load(self, name):
        ...         return 3 / self.data[name]
        >>> stash = FactoryStash(DictionaryStash(), ProtectiveStash(Thirds({"a": 1, "b": 0})))
        >>> stash["a"], stash["b"].kind, [failure.key for failure in failures(stash)]
        (3.0, 'ZeroDivisionError', ['b'])
        >>> for failure in failures(stash):
        ...     stash.delete(failure.key)
    """

    def load(self, name: str) -> Any:
        """The delegate's value of ``name``, or what went wrong; None when absent."""
        try:
            return self.delegate.load(name)
        except Exception as error:  # noqa: BLE001 - whatever it is becomes a value
            return Failure.of(name, error)


def failures(stash: Stash) -> Iterator[Failure]:
    """The values of a stash that are failures."""
    values: Iterable[Any] = stash.values()
    return (value for value in values if isinstance(value, Failure))
