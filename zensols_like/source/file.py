"""Files that are there, and stay as they are while they are read."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from zensols_like.source.errors import SourceError, SourceFileNotFoundError

__all__ = ["Stamp", "digest_file", "require_file", "require_folder", "require_path"]


_CORRECT = "correct the path, which starts at the current folder unless it is absolute, or make the"


@dataclass(frozen=True)
class Stamp:
    """What shows that a file is the same as before, without reading it."""

    size: int
    changed_ns: int
    inode: int

    @classmethod
    def of(cls, file: Path | int) -> Self:
        """The stamp of a path, or of an open file by its number.

        Raises:
            SourceFileNotFoundError: There is no such file.
        """
        try:
            stat = os.fstat(file) if isinstance(file, int) else file.stat()
        except FileNotFoundError:
            raise _no_file(Path(str(file))) from None
        return cls(stat.st_size, stat.st_mtime_ns, stat.st_ino)

    def require(self, file: Path | int, path: Path) -> None:
        """Refuse a file that is not the same any more.

        Args:
            file: The path, or the number of an open file.
            path: Said in the error.

        Raises:
            SourceError: The file changed.
        """
        if Stamp.of(file) != self:
            raise SourceError(
                f"{path.name!r} changed while it was read.",
                str(path),
                "leave the file alone as long as it is used; call clear() to read what it holds now",
            )

    def __str__(self) -> str:
        return f"{self.size}-{self.changed_ns}"


def require_path(path: Any, option: str) -> None:
    """Raise a :class:`SourceError` when an option is no path."""
    if not isinstance(path, Path):
        raise SourceError(
            f"The {option} {path!r} is a {type(path).__name__}, not a Path.",
            option,
            f"write '{option} = path: …' in a configuration, or Path(…) in Python",
        )


def require_file(path: Path) -> None:
    """Raise a :class:`SourceFileNotFoundError` when ``path`` is not a file."""
    if not path.is_file():
        raise _no_file(path)


def require_folder(path: Path) -> None:
    """Raise a :class:`SourceFileNotFoundError` when ``path`` is not a folder."""
    if not path.is_dir():
        raise SourceFileNotFoundError(f"No folder {path.name!r}.", str(path.absolute()), f"{_CORRECT} folder")


def digest_file(path: Path) -> str:
    """A digest of every byte of a file."""
    require_file(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _no_file(path: Path) -> SourceFileNotFoundError:
    return SourceFileNotFoundError(f"No file {path.name!r}.", str(path.absolute()), f"{_CORRECT} file")
