"""Text files, each line of which is a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from zensols_like.persist import BulkStash, chunks
from zensols_like.source.digest import SourceStash
from zensols_like.source.errors import SourceError
from zensols_like.source.file import Stamp, digest_file, require_path
from zensols_like.source.files import find_files
from zensols_like.source.keyindex import KeyIndex, whole_number
from zensols_like.source.lineindex import LineIndex

__all__ = ["LineStash"]

_BULK = 1024


@dataclass
class LineStash(BulkStash, SourceStash):
    r"""The lines of text files in UTF-8, by relative path and number: ``poems/rose.txt:17``.

    Lines count from 1, empty ones too.  Each file is read once to find where its lines begin; a line is read when it is
    asked for.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "rose.txt").write_text("a rose\nis a rose\n")
        >>> dict(LineStash(folder))
        {'rose.txt:1': 'a rose', 'rose.txt:2': 'is a rose'}

    Configuration::

        [poems]
        class_name = zensols_like.source.LineStash
        folder = path: poems
        patterns = list: **/*.txt
    """

    folder: Path
    """Where the files are."""

    patterns: Sequence[str] = ("**/*.txt",)
    """Which files are read, as a shell says it: ``*.txt`` in the folder, ``**/*.txt`` below it, too."""

    errors: str = "strict"
    """What happens to bytes that are not UTF-8: ``strict`` for an error that names the line, or ``replace``, ``ignore``
    and so on, as ``bytes.decode`` takes it."""

    def __post_init__(self) -> None:
        require_path(self.folder, "folder")
        if isinstance(self.patterns, str):
            self.patterns = (self.patterns,)

    @property
    def source(self) -> str:
        """The folder."""
        return str(self.folder)

    def load_many(self, keys: Iterable[str]) -> Iterator[tuple[str, str | None]]:
        """Pairs of key and line in the order of ``keys``; an absent key gives None.

        Raises:
            SourceError: A line is not UTF-8, or a file changed.
        """
        for group in chunks(keys, _BULK):
            yield from zip(group, self._read([self._place_of(key) for key in group]), strict=True)

    def exists(self, name: str) -> bool:
        """Whether there is a line of this key."""
        return self._place_of(name) is not None

    def keys(self) -> Iterator[str]:
        """The keys, by file and line."""
        for file, lines in zip(self._files, self._lines, strict=True):
            yield from (f"{file}:{number}" for number in range(1, len(lines) + 1))

    def __len__(self) -> int:
        return sum(map(len, self._lines))

    @cached_property
    def _files(self) -> KeyIndex:
        return KeyIndex.of(find_files(self.folder, self.patterns), self.source)

    @cached_property
    def _lines(self) -> tuple[LineIndex, ...]:
        """The lines of each file."""
        return tuple(LineIndex.of(self.folder / file) for file in self._files)

    def _place_of(self, key: str) -> tuple[int, int] | None:
        """The file and the line of a key, both from 0."""
        file, _, line = key.rpartition(":")
        position, number = self._files.position(file), whole_number(line)
        if position is None or number is None or not 0 < number <= len(self._lines[position]):
            return None
        return position, number - 1

    def _read(self, places: Sequence[tuple[int, int] | None]) -> list[str | None]:
        """The lines at these places, read file by file."""
        texts: list[str | None] = [None] * len(places)
        wanted: dict[int, list[tuple[int, int]]] = {}
        for slot, place in enumerate(places):
            if place is not None:
                wanted.setdefault(place[0], []).append((slot, place[1]))
        for file, slots in wanted.items():
            lines = self._lines[file].read([line for _, line in slots])
            for (slot, line), data in zip(slots, lines, strict=True):
                texts[slot] = self._decode(data, file, line)
        return texts

    def _decode(self, data: bytes, file: int, line: int) -> str:
        try:
            return data.decode("utf-8", self.errors)
        except UnicodeDecodeError as error:
            raise SourceError(
                f"Line {line + 1} is not UTF-8: {error.reason}.",
                f"{self._lines[file].path}, line {line + 1}",
                "save the file as UTF-8, or set errors = replace",
            ) from error

    def _glance(self) -> Iterator[str]:
        for file in self._files:
            yield file
            yield str(Stamp.of(self.folder / file))

    def _contents(self) -> Iterator[str]:
        for file in self._files:
            yield file
            yield digest_file(self.folder / file)
