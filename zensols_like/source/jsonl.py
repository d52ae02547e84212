"""JSON lines: a file with a JSON value on each line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from zensols_like.persist import BulkStash, chunks
from zensols_like.source.digest import SourceStash
from zensols_like.source.errors import SourceError
from zensols_like.source.file import Stamp, digest_file, require_path
from zensols_like.source.keyindex import KeyIndex, whole_number
from zensols_like.source.lineindex import LineIndex

__all__ = ["JsonLinesStash"]

_BULK = 1024


@dataclass
class JsonLinesStash(BulkStash, SourceStash):
    r"""The values of a file that has a JSON value on each line, in UTF-8.

    A key is the number of its line, from 1 as editors count; or what a field of the line says.  Empty lines are left
    out.  The file is read once to find where its lines begin; a value is read when it is asked for.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "flowers.jsonl"
        >>> _ = path.write_text('{"name": "rose", "size": 3}\n{"name": "tulip", "size": 4}\n')
        >>> JsonLinesStash(path)["2"]
        {'name': 'tulip', 'size': 4}
        >>> list(JsonLinesStash(path, key_field="name").keys())
        ['rose', 'tulip']

    Configuration::

        [flowers]
        class_name = zensols_like.source.JsonLinesStash
        path = path: flowers.jsonl
        key_field = name
    """

    path: Path
    """The file."""

    key_field: str | None = None
    """The field of each line that is its key, a string or a whole number; the number of the line is without."""

    def __post_init__(self) -> None:
        require_path(self.path, "path")

    @property
    def source(self) -> str:
        """The file."""
        return str(self.path)

    def load_many(self, keys: Iterable[str]) -> Iterator[tuple[str, Any]]:
        """Pairs of key and value in the order of ``keys``; an absent key gives None.

        Raises:
            SourceError: A line is not JSON, or the file changed.
        """
        for group in chunks(keys, _BULK):
            lines = [self._line_of(key) for key in group]
            values = self._read([line for line in lines if line is not None])
            for key, line in zip(group, lines, strict=True):
                yield key, None if line is None else next(values)

    def exists(self, name: str) -> bool:
        """Whether there is a line of this key."""
        return self._line_of(name) is not None

    def keys(self) -> Iterable[str]:
        """The keys, in the order of the lines."""
        return map(str, self._filled + 1) if self._keys is None else iter(self._keys)

    def __len__(self) -> int:
        return len(self._filled)

    @cached_property
    def _lines(self) -> LineIndex:
        return LineIndex.of(self.path)

    @cached_property
    def _filled(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The numbers of the lines that are not empty, from 0."""
        return self._lines.filled()

    @cached_property
    def _keys(self) -> KeyIndex | None:
        return None if self.key_field is None else KeyIndex.of(self._read_keys(self.key_field), self.source)

    def _line_of(self, key: str) -> int | None:
        """The number of the line of a key, from 0."""
        if self._keys is not None:
            position = self._keys.position(key)
            return None if position is None else int(self._filled[position])
        number = whole_number(key)
        if number is None or not 0 < number <= len(self._lines):
            return None
        place = int(np.searchsorted(self._filled, number - 1))
        return number - 1 if place < len(self._filled) and self._filled[place] == number - 1 else None

    def _read(self, lines: Sequence[int] | np.ndarray[Any, np.dtype[np.int64]]) -> Iterator[Any]:
        for line, text in zip(lines, self._lines.read(lines), strict=True):
            yield self._parse(text, int(line))

    def _parse(self, text: bytes, line: int) -> Any:
        try:
            value = json.loads(text.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise self._bad_line(line, f"is not JSON in UTF-8: {error}", "write a JSON value on each line") from error
        if value is None:
            raise self._bad_line(line, "holds null, which is no value", "take the line out")
        return value

    def _read_keys(self, field: str) -> Iterator[str]:
        for first in range(0, len(self._filled), _BULK):
            lines = self._filled[first : first + _BULK]
            for line, value in zip(lines.tolist(), self._read(lines), strict=True):
                yield self._key_in(value, field, line)

    def _key_in(self, value: Any, field: str, line: int) -> str:
        if not isinstance(value, dict) or field not in value:
            is_object = isinstance(value, dict)
            other = f"use one of {list(value)} as key_field" if is_object else "write JSON objects only"
            raise self._bad_line(line, f"has no field {field!r}", f"give it one, or {other}")
        key = value[field]
        if not isinstance(key, str | int) or isinstance(key, bool):
            raise self._bad_line(line, f"has the key {key!r}", "give it a string or a whole number")
        return str(key)

    def _bad_line(self, line: int, what: str, fix: str) -> SourceError:
        return SourceError(f"Line {line + 1} {what}.", f"{self.path}, line {line + 1}", fix)

    def _glance(self) -> Iterable[str]:
        return [str(Stamp.of(self.path))]

    def _contents(self) -> Iterable[str]:
        return [digest_file(self.path)]
