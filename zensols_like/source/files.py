"""A folder of files, each of which is a value."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

from zensols_like.source.digest import SourceStash
from zensols_like.source.errors import SourceError
from zensols_like.source.file import Stamp, digest_file, require_folder, require_path
from zensols_like.source.keyindex import KeyIndex

__all__ = ["FileStash", "find_files"]


def find_files(folder: Path, patterns: Sequence[str]) -> list[str]:
    """The files in a folder that match a pattern, as sorted relative paths with ``/``, each once.

    Args:
        folder: Where to look.
        patterns: As of a shell; ``**`` stands for any number of folders.  What begins with a dot is only found by a
            pattern that does.

    Raises:
        SourceFileNotFoundError: There is no such folder.
        SourceError: A pattern leads out of the folder.
    """
    require_folder(folder)
    for pattern in patterns:
        if PurePath(pattern).is_absolute() or ".." in PurePath(pattern).parts:
            raise SourceError(
                f"The pattern {pattern!r} leads out of the folder.", str(folder), "give patterns below the folder"
            )
    found: set[str] = set()
    for pattern in patterns:
        # Path.glob would find hidden files, too
        found.update(glob.iglob(pattern, root_dir=folder, recursive=True))  # noqa: PTH207
    return sorted(PurePath(name).as_posix() for name in found if (folder / name).is_file())


@dataclass
class FileStash(SourceStash):
    """The files of a folder by their relative paths: their bytes, or what a reader makes of each.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> (folder / "cats").mkdir()
        >>> (folder / "cats" / "tom.txt").write_text("meow")
        4
        >>> dict(FileStash(folder)), dict(FileStash(folder, ["**/*.txt"], reader=Path.read_text))
        ({'cats/tom.txt': b'meow'}, {'cats/tom.txt': 'meow'})

    Configuration::

        [photos]
        class_name = zensols_like.source.FileStash
        folder = path: photos
        patterns = list: **/*.png, **/*.jpg
        reader = eval({'import': ['myproject.images']}): myproject.images.read_image
    """

    folder: Path
    """Where the files are."""

    patterns: Sequence[str] = ("**/*",)
    """Which files are values, as a shell says it: ``*.txt`` in the folder, ``**/*.txt`` below it, too."""

    reader: Callable[[Path], Any] = Path.read_bytes
    """Makes a value of a path."""

    def __post_init__(self) -> None:
        require_path(self.folder, "folder")
        if isinstance(self.patterns, str):
            self.patterns = (self.patterns,)

    @property
    def source(self) -> str:
        """The folder."""
        return str(self.folder)

    def load(self, name: str) -> Any:
        """The value of a file; None when there is no such key.

        Raises:
            SourceError: The file changed while it was read, or is gone, or the reader gives None.
        """
        if not self.exists(name):
            return None
        path = self.folder / name
        stamp = Stamp.of(path)
        try:
            value = self.reader(path)
        except Exception as error:
            error.add_note(f"while reading {path}")
            raise
        stamp.require(path, path)
        if value is None:
            raise SourceError(
                f"The reader gives None for {name!r}.", str(path), "let it give a value or raise an error"
            )
        return value

    def exists(self, name: str) -> bool:
        """Whether there is a file of this key."""
        return name in self._files

    def keys(self) -> Iterable[str]:
        """The relative paths, sorted."""
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    @cached_property
    def _files(self) -> KeyIndex:
        return KeyIndex.of(find_files(self.folder, self.patterns), self.source)

    def _glance(self) -> Iterator[str]:
        for name in self.keys():
            yield name
            yield str(Stamp.of(self.folder / name))

    def _contents(self) -> Iterator[str]:
        for name in self.keys():
            yield name
            yield digest_file(self.folder / name)
