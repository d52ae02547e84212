"""What stands beside the records of a store: a few small files by name.

Nothing above this package knows where they lie.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from zensols_like.persist.atomic import append_durably, remove_file, write_atomically
from zensols_like.persist.formats import Buffer
from zensols_like.persist.lock import write_lock
from zensols_like.persist.mapped import map_file

__all__ = ["FileFolder", "MemoryFolder", "StoreFolder"]


class StoreFolder(ABC):
    """What stands beside the records of a store: a few small files by name."""

    location: str
    """How to call the place in a message."""

    @abstractmethod
    def read(self, name: str) -> memoryview | None:
        """The bytes of a file, private to the caller; ``None`` when it is absent."""

    @abstractmethod
    def write(self, name: str, pieces: Sequence[Buffer]) -> None:
        """Replace a file, whole or not at all, durably."""

    @abstractmethod
    def append(self, name: str, data: bytes) -> None:
        """Add to the end of a file, durably."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file if it is there."""

    @abstractmethod
    def names(self) -> Collection[str]:
        """The files that are there."""

    @abstractmethod
    def is_writable(self) -> bool:
        """Whether `write` has a chance."""

    @abstractmethod
    def lock(self) -> AbstractContextManager[None]:
        """The right to write, for the length of a block; waits for another writer.

        Raises:
            BusyError: A writer on another host has it.
        """


@dataclass(frozen=True)
class FileFolder(StoreFolder):
    """Files in a folder, which is made when the first one is written."""

    path: Path

    @property
    def location(self) -> str:  # type: ignore[override]  # read-only is all that anybody needs
        """The folder."""
        return str(self.path.absolute())

    def read(self, name: str) -> memoryview | None:
        """Map a file privately."""
        try:
            return map_file(self.path / name)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, name: str, pieces: Sequence[Buffer]) -> None:
        """Replace a file under the same name."""
        write_atomically(self.path / name, pieces, alone=True)

    def append(self, name: str, data: bytes) -> None:
        """Add to a file and force it to the disk."""
        append_durably(self.path / name, data)

    def remove(self, name: str) -> None:
        """Remove a file, durably."""
        remove_file(self.path / name)

    def names(self) -> Collection[str]:
        """The files in the folder."""
        return sorted(path.name for path in self.path.glob("*") if path.is_file())

    def is_writable(self) -> bool:
        """Whether the folder, or the nearest one above it that exists, can be written to."""
        existing = next(folder for folder in (self.path, *self.path.absolute().parents) if folder.exists())
        return os.access(existing, os.W_OK)

    def lock(self) -> AbstractContextManager[None]:
        """Hold the file ``lock``."""
        return write_lock(self.path / "lock")


@dataclass(frozen=True)
class MemoryFolder(StoreFolder):
    """Files in memory, for a store that lives no longer than its process."""

    files: dict[str, bytes] = field(default_factory=dict)
    location: str = "memory"

    def read(self, name: str) -> memoryview | None:
        """A copy of what was written."""
        data = self.files.get(name)
        return None if data is None else memoryview(bytearray(data))

    def write(self, name: str, pieces: Sequence[Buffer]) -> None:
        """Keep the bytes."""
        self.files[name] = b"".join(pieces)

    def append(self, name: str, data: bytes) -> None:
        """Keep more bytes."""
        self.files[name] = self.files.get(name, b"") + data

    def remove(self, name: str) -> None:
        """Forget the bytes."""
        self.files.pop(name, None)

    def names(self) -> Collection[str]:
        """The files that were written."""
        return tuple(self.files)

    def is_writable(self) -> bool:
        """Always."""
        return True

    def lock(self) -> AbstractContextManager[None]:
        """Nobody else can see this memory."""
        return nullcontext()
