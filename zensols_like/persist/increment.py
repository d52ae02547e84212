"""A folder of files that are numbered one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from zensols_like.errors import PersistableError
from zensols_like.persist.directory import DirectoryStash

__all__ = ["IncrementKeyDirectoryStash"]

_NEW = object()
_NUMBER = re.compile("0|[1-9][0-9]{0,17}")


@dataclass
class IncrementKeyDirectoryStash(DirectoryStash):
    """Values under the keys ``0``, ``1``, ``2`` and so on, such as the results of one run after the other.

    One process at a time writes to the folder.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> stash = IncrementKeyDirectoryStash(Path(tempfile.mkdtemp()), "result")
        >>> for accuracy in (0.8, 0.9):
        ...     stash.dump({"accuracy": accuracy})
        >>> stash.load(), stash.load("0"), stash.get_last_key(), stash.key_to_path("1").name
        ({'accuracy': 0.9}, {'accuracy': 0.8}, '1', 'result-1.dat')
    """

    pattern: str = field(init=False)
    name: str = "data"
    """How the names of the files begin."""

    def __post_init__(self) -> None:
        self.pattern = f"{self.name}-{{name}}.dat"
        super().__post_init__()

    def get_last_key(self, inc: bool = False) -> str | None:
        """The highest number that is a key; None when there is none.

        Args:
            inc: Whether the number after it is wanted, which is the key of the next value.
        """
        last = max(map(int, self.keys()), default=-1)
        if inc:
            return str(last + 1)
        return None if last < 0 else str(last)

    def keys(self) -> Iterable[str]:
        """The numbers, in their order."""
        return sorted(filter(_is_number, super().keys()), key=int)

    def load(self, name: str | None = None) -> Any:
        """The value of a number, or the last one; None when absent."""
        key = self.get_last_key() if name is None else name
        return None if key is None or not _is_number(key) else super().load(key)

    def exists(self, name: str) -> bool:
        """Whether there is a value under a number."""
        return _is_number(name) and super().exists(name)

    def dump(self, name: Any, inst: Any = _NEW) -> None:
        """Store a value under the next number: ``dump(value)``; or under a given one: ``dump(number, value)``."""
        if inst is _NEW:
            super().dump(str(self.get_last_key(inc=True)), name)
        elif _is_number(str(name)):
            super().dump(str(name), inst)
        else:
            raise PersistableError(f"The key {name!r} is no number.", str(self.path), "leave it out for the next one")


def _is_number(key: str) -> bool:
    return _NUMBER.fullmatch(key) is not None
