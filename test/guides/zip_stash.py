"""The files in a zip archive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import ZipFile

from zensols_like.persist import BulkStash
from zensols_like.source import KeyIndex, SourceStash, Stamp, digest_file


@dataclass
class ZipStash(BulkStash, SourceStash):
    """The bytes of each file in a zip archive, by its path in there.

    Configuration::

        [photos]
        class_name = zip_stash.ZipStash
        path = path: photos.zip
    """

    path: Path
    """The archive."""

    @property
    def source(self) -> str:
        """The archive."""
        return str(self.path)

    def load_many(self, keys: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
        """Pairs of path and bytes in the order of ``keys``, as `load` gives it; the archive is opened once."""
        stamp, names = self._index
        with ZipFile(self.path) as archive:
            for key in keys:
                value = archive.read(key) if key in names else None
                stamp.require(self.path, self.path)  # an error where the archive is not what it was
                yield key, value

    def exists(self, name: str) -> bool:
        """Whether there is a file of this path."""
        return name in self._index[1]

    def keys(self) -> Iterable[str]:
        """The paths, sorted."""
        return iter(self._index[1])

    @cached_property
    def _index(self) -> tuple[Stamp, KeyIndex]:
        """What the archive was when it was looked into, and its files."""
        stamp = Stamp.of(self.path)
        with ZipFile(self.path) as archive:
            files = sorted(entry.filename for entry in archive.infolist() if not entry.is_dir())
        return stamp, KeyIndex.of(files, self.source)

    def _glance(self) -> Iterable[str]:
        return [str(Stamp.of(self.path))]

    def _contents(self) -> Iterable[str]:
        return [digest_file(self.path)]
