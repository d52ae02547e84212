"""Values under string keys: five methods to fill in, the rest is derived."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from inspect import unwrap
from itertools import islice
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, overload

from zensols_like.errors import PersistableError
from zensols_like.persist.names import no_text

__all__ = ["BulkStash", "CloseableStash", "NoopStash", "ReadOnlyStash", "Stash", "chunks"]

T = TypeVar("T")


class Stash(ABC):
    """Values under string keys.

    Looking (:meth:`exists`, :meth:`keys`, ``len``, a :meth:`load` that finds nothing) never creates a file or a folder.
    Iterating over a stash gives pairs of key and value.

    Who changes how one value is loaded changes it for many, too: a class that overrides :meth:`load`, and not
    :meth:`load_many`, loads many by its `load`, however its base classes read them; and it has no columns of theirs.

    Example:
        >>> from zensols_like.persist.memory import DictionaryStash
        >>> stash = DictionaryStash()
        >>> stash.dump("a", 1)
        >>> stash["a"], stash.load("b"), stash.get("b", 0), "b" in stash, len(stash), dict(stash)
        (1, None, 0, False, 1, {'a': 1})
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        one, many = _place(cls, "load"), _place(cls, "load_many")
        if one < many:
            cls.load_many = _each_loaded_by(cls)  # type: ignore[method-assign]
        if min(one, many) < _place(cls, "load_columns") and cls.load_columns is not Stash.load_columns:
            # the columns of a base class need not be what this class gives as values
            cls.load_columns = Stash.load_columns  # type: ignore[method-assign]

    @abstractmethod
    def load(self, name: str) -> Any:
        """The value of ``name``; None when absent (``stash[name]`` raises ``KeyError``)."""

    @abstractmethod
    def dump(self, name: str, inst: Any) -> None:
        """Store ``inst`` under ``name``, whole or not at all."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Forget ``name``; nothing happens when it is absent."""

    @abstractmethod
    def exists(self, name: str) -> bool:
        """Whether :meth:`load` would find ``name``."""

    @abstractmethod
    def keys(self) -> Iterable[str]:
        """Every key, in a stable order."""

    def get(self, name: str, default: Any = None) -> Any:
        """The value of ``name``, or ``default`` when absent."""
        item = self.load(name)
        return default if item is None else item

    def load_many(self, keys: Iterable[str]) -> Iterable[tuple[str, Any]]:
        """Pairs of key and value in the order of ``keys``; an absent key gives None, as :meth:`load` does."""
        return ((key, self.load(key)) for key in keys)

    def load_columns(self, keys: Sequence[str]) -> Mapping[str, Any] | None:  # noqa: ARG002 (for those that have columns)
        """The values of keys, which are mappings, turned about: for each name what they have, in the order of ``keys``.

        For a stash that keeps columns, where giving them is quicker than making a mapping for each key.

        Args:
            keys: Keys that are there.

        Returns:
            Arrays, tensors or lists by name; ``None``, as here, where there are no columns.  A class that overrides
            `load` or `load_many` has none, whatever its base classes have, unless it overrides this, too.
        """
        return None

    def clear(self) -> None:
        """Forget every key."""
        for key in tuple(self.keys()):
            self.delete(key)

    def key_groups(self, n: int) -> Iterable[list[str]]:
        """The keys in groups of ``n``; the last one may be smaller."""
        return chunks(self.keys(), n)

    def values(self) -> Iterable[Any]:
        """Every value, in the order of the keys, loaded as it is asked for."""
        return (value for _, value in self.items())

    def items(self) -> Iterable[tuple[str, Any]]:
        """Every pair of key and value, in the order of the keys, loaded as it is asked for."""
        return self.load_many(self.keys())

    def selecting(self, parts: Collection[str] | None) -> Stash:  # noqa: ARG002 - a stash of whole values has no parts
        """A view for reading that loads only ``parts`` of each value, where it can; None selects all."""
        return self

    def __getitem__(self, name: str) -> Any:
        item = self.load(name)
        if item is None:
            raise KeyError(name if isinstance(name, str) else no_text(name))
        return item

    def __setitem__(self, name: str, inst: Any) -> None:
        self.dump(name, inst)

    def __delitem__(self, name: str) -> None:
        self.delete(name)

    def __contains__(self, name: str) -> bool:
        return self.exists(name)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self.items())

    def __len__(self) -> int:
        return sum(1 for _ in self.keys())


def _place(cls: type[Any], name: str) -> int:
    """How far up in the order of base classes an attribute is defined."""
    return next(place for place, base in enumerate(cls.__mro__) if name in vars(base))


def _each_loaded_by(cls: type[Stash]) -> Callable[..., Iterable[tuple[str, Any]]]:
    """The `load_many` that goes with the `load` of a class; a subclass that has another `load` gets its own."""

    @wraps(Stash.load_many)
    def load_many(self: Any, keys: Iterable[str]) -> Iterable[tuple[str, Any]]:
        # that of the class, since the `load` of a subclass may have brought us here
        return ((key, cls.load(self, key)) for key in keys)

    return load_many


class BulkStash(Stash):
    """A stash that reads many values at once: :meth:`load_many` is left to fill in, and :meth:`load` follows from it.

    Who changes how many are loaded changes it for one, too, as long as no class has a `load` of its own.

    Example:
        >>> class Squares(BulkStash, ReadOnlyStash):
        ...     def load_many(self, keys):
        ...         return ((key, int(key) ** 2 if self.exists(key) else None) for key in keys)
        ...     def exists(self, name):
        ...         return name in self.keys()
        ...     def keys(self):
        ...         return ("1", "2", "3")
        >>> stash = Squares()
        >>> stash["3"], stash.load("4"), list(stash.values())
        (9, None, [1, 4, 9])
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if _place(cls, "load_many") < _place(cls, "load") and unwrap(cls.load) is BulkStash.load:
            cls.load = _one_loaded_by(cls)  # type: ignore[method-assign]

    def load(self, name: str) -> Any:
        """The value of ``name``, as `load_many` gives it; None when absent."""
        return next(iter(self.load_many([name])))[1]

    @abstractmethod
    def load_many(self, keys: Iterable[str]) -> Iterable[tuple[str, Any]]:
        """Pairs of key and value in the order of ``keys``; an absent key gives None."""


def _one_loaded_by(cls: type[Stash]) -> Callable[..., Any]:
    """The `load` that goes with the `load_many` of a class; a subclass that has another `load_many` gets its own."""

    @wraps(BulkStash.load)
    def load(self: Any, name: str) -> Any:
        return next(iter(cls.load_many(self, [name])))[1]

    return load


@dataclass
class ReadOnlyStash(Stash):
    """A stash that does not change: :meth:`load`, :meth:`exists` and :meth:`keys` are left to fill in."""

    strict: bool = field(default=False, kw_only=True)
    """Whether an attempt to change it is an error; otherwise it is ignored."""

    def dump(self, name: str, inst: Any) -> None:  # noqa: ARG002 - nothing is stored
        """Refuse to store ``name``."""
        self._refuse(f"Cannot dump {name!r}")

    def delete(self, name: str) -> None:
        """Refuse to forget ``name``."""
        self._refuse(f"Cannot delete {name!r}")

    def clear(self) -> None:
        """Refuse to forget anything."""
        self._refuse("Cannot clear")

    def _refuse(self, attempt: str) -> None:
        if self.strict:
            raise PersistableError(
                f"{attempt}: the stash is read-only.", type(self).__name__, "write to the stash that it reads from"
            )


@dataclass
class NoopStash(Stash):
    """A stash that stays empty, whatever is put in."""

    def load(self, name: str) -> Any:  # noqa: ARG002 - nothing is there
        """None, always."""
        return None

    def dump(self, name: str, inst: Any) -> None:
        """Drop ``inst``."""

    def delete(self, name: str) -> None:
        """Do nothing."""

    def exists(self, name: str) -> bool:  # noqa: ARG002 - nothing is there
        """False, always."""
        return False

    def keys(self) -> Iterable[str]:
        """No key."""
        return ()


class CloseableStash(Stash):
    """A stash that holds something open; it closes itself at the end of a ``with`` block."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open; closing twice does no harm."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


@overload
def chunks(iterable: Iterable[T], size: int, enum: Literal[False] = False) -> Iterator[list[T]]: ...
@overload
def chunks(iterable: Iterable[T], size: int, enum: Literal[True]) -> Iterator[tuple[int, list[T]]]: ...


def chunks(iterable: Iterable[T], size: int, enum: bool = False) -> Iterator[list[T]] | Iterator[tuple[int, list[T]]]:
    """Cut ``iterable`` in pieces, taken from it as they are asked for.

    Args:
        iterable: What to cut.
        size: How many elements a piece has; the last one may have fewer.
        enum: Whether each piece comes with its number, from 0.

    Raises:
        PersistableError: ``size`` is less than 1.

    Example:
        >>> list(chunks("abcde", 2))
        [['a', 'b'], ['c', 'd'], ['e']]
        >>> list(chunks("abc", 2, enum=True))
        [(0, ['a', 'b']), (1, ['c'])]
    """
    if size < 1:
        raise PersistableError(f"Cannot cut in pieces of {size}.", "chunks(size)", "give a size of 1 or more")
    elements = iter(iterable)
    pieces = iter(lambda: list(islice(elements, size)), [])
    return enumerate(pieces) if enum else pieces
