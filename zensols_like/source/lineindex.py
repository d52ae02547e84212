"""Where the lines of a file begin, so that any of them can be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import Any

import numpy as np

from zensols_like.source.errors import SourceError
from zensols_like.source.file import Stamp, require_file

__all__ = ["LineIndex"]

_PIECE = 1 << 20
_GROUP = 1024
_NEWLINE = 10
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
}


@dataclass(frozen=True, eq=False)
class LineIndex:
    """The places of the lines of a file, 8 bytes for each.

    Lines end with a newline, and a carriage return before it does not count; the last line needs no end.
    """

    path: Path
    stamp: Stamp
    """What the file was when its lines were counted."""
    starts: np.ndarray[Any, np.dtype[np.int64]]
    """Where each line begins, and where the last one ends."""

    @classmethod
    def of(cls, path: Path) -> LineIndex:
        """Find the lines of a file.

        Raises:
            SourceFileNotFoundError: There is no such file.
            SourceError: The file is compressed, or changed while it was read.
        """
        require_file(path)
        with path.open("rb", buffering=0) as file:
            stamp = Stamp.of(file.fileno())
            starts = _find_lines(file, path)
            stamp.require(file.fileno(), path)
        return cls(path, stamp, starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def read(self, numbers: Sequence[int] | np.ndarray[Any, np.dtype[np.int64]]) -> list[bytes]:
        """The lines of these numbers, which begin at 0, without what ends them.

        Raises:
            SourceError: The file changed since its lines were counted.
        """
        wanted = np.asarray(numbers, dtype=np.int64)
        lines = [b""] * len(wanted)
        require_file(self.path)
        with self.path.open("rb") as file:
            self.stamp.require(file.fileno(), self.path)
            for place in np.argsort(wanted, kind="stable"):
                start, end = self.starts[wanted[place]], self.starts[wanted[place] + 1]
                file.seek(start)
                lines[place] = file.read(end - start).removesuffix(b"\n").removesuffix(b"\r")
            self.stamp.require(file.fileno(), self.path)
        return lines

    def filled(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The numbers of the lines that are not empty."""
        keep = np.ones(len(self), dtype=bool)
        short = np.flatnonzero(np.diff(self.starts) <= 2)  # at most one sign and a newline
        for first in range(0, len(short), _GROUP):
            group = short[first : first + _GROUP]
            keep[group] = [len(line) > 0 for line in self.read(group)]
        return np.flatnonzero(keep)


def _find_lines(file: RawIOBase, path: Path) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Where each line begins, and where the last one ends."""
    found: list[np.ndarray[Any, np.dtype[np.int64]]] = []
    size = 0
    while piece := file.read(_PIECE):
        if size == 0:
            _refuse_compressed(piece, path)
            found.append(np.array([len(_BYTE_ORDER_MARK) if piece.startswith(_BYTE_ORDER_MARK) else 0]))
        found.append(np.flatnonzero(np.frombuffer(piece, dtype=np.uint8) == _NEWLINE) + size + 1)
        size += len(piece)
    starts = np.concatenate([*found, np.array([size])]) if found else np.array([0])
    # a newline at the end of the file ends the last line, and begins no other
    return starts[:-1] if len(starts) > 1 and starts[-2] == size else starts


def _refuse_compressed(piece: bytes, path: Path) -> None:
    kind = next((kind for magic, kind in _COMPRESSED.items() if piece.startswith(magic)), None)
    if kind is not None:
        raise SourceError(
            f"{path.name!r} is compressed with {kind}, and lines cannot be looked up in compressed files.",
            str(path),
            "decompress it before",
        )
