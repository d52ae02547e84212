"""What every source is: a stash for reading that can say whether its data changed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal, TypeAlias

from xxhash import xxh3_128

from zensols_like.persist import ReadOnlyStash
from zensols_like.protocols import Deallocatable

__all__ = ["Level", "SourceStash", "cached_names", "digest_parts"]

Buffer: TypeAlias = "bytes | memoryview"

Level: TypeAlias = Literal["stat", "keys", "content"]
"""How closely a source is looked at: at a glance, its keys, or everything."""


@dataclass
class SourceStash(ReadOnlyStash, Deallocatable):
    """A stash over data that lies somewhere else, for reading only.

    It reads nothing until it is asked, opens what it needs and closes it again, and travels to worker processes without
    what it read.  A subclass keeps what it reads once, as an index, in a ``functools.cached_property``: those are left
    out when it is pickled, and forgotten by :meth:`clear`.
    """

    @property
    @abstractmethod
    def source(self) -> str:
        """What the data is read from, for people."""

    @abstractmethod
    def _glance(self) -> Iterable[str | Buffer]:
        """What a glance at the source shows, such as sizes and times of change; nothing where it does not tell."""

    @abstractmethod
    def _contents(self) -> Iterable[str | Buffer]:
        """Everything in the source, in pieces."""

    def source_digest(self, level: Level = "content") -> str:
        """A digest of the source, to see whether it changed.

        Args:
            level: ``stat`` is the quickest, and may differ for equal contents, or be empty, as of what is in memory;
                ``keys`` is of the keys in their order; ``content`` is of everything.
        """
        if level == "stat":
            shown = list(self._glance())
            return digest_parts(shown) if shown else ""
        return digest_parts(self.keys() if level == "keys" else self._contents())

    def clear(self) -> None:
        """Forget what was read: it is read again when it is next asked for.  The source stays."""
        for name in cached_names(type(self)):
            self.__dict__.pop(name, None)

    def deallocate(self) -> None:
        """Let go of what was read."""
        self.clear()

    def __getstate__(self) -> dict[str, Any]:
        """Without what was read."""
        left_out = cached_names(type(self))
        return {name: value for name, value in vars(self).items() if name not in left_out}


def digest_parts(parts: Iterable[str | Buffer]) -> str:
    """A digest of pieces, which also depends on where each ends; it finds changes, and no forgery.

    Example:
        >>> digest_parts(["ab", "c"]) == digest_parts(["a", "bc"])
        False
    """
    digest = xxh3_128()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else memoryview(part).cast("B")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


@cache
def cached_names(cls: type[Any]) -> frozenset[str]:
    """The attributes of a class that are made when they are first asked for."""
    return frozenset(
        name for base in cls.__mro__ for name, value in vars(base).items() if isinstance(value, cached_property)
    )
