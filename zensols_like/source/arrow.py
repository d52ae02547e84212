"""Tables in Parquet and Arrow files."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from zensols_like.persist import BulkStash, chunks
from zensols_like.source.digest import SourceStash
from zensols_like.source.errors import SourceError
from zensols_like.source.extra import import_extra
from zensols_like.source.file import Stamp, digest_file, require_file, require_path
from zensols_like.source.keyindex import KeyIndex, whole_number

__all__ = ["ArrowStash"]

_BULK = 1024
_EXTRA = "parquet"


@dataclass
class ArrowStash(BulkStash, SourceStash):
    """The rows of a Parquet or Arrow (Feather) file, as dictionaries by column.

    A key is the number of its row, from 0; or what a column says.  The file is read in the pieces in which it was
    written (row groups, record batches), of which the last used are kept.  Arrow files that are not compressed are
    mapped into memory; keys in any order cost little there, while a Parquet file larger than `memory_bytes` is read
    fastest in the order of its rows.

    Needs ``pip install zensols_like[parquet]``.

    Configuration::

        [flowers]
        class_name = zensols_like.source.ArrowStash
        path = path: flowers.parquet
        key_column = name
    """

    path: Path
    """The file."""

    key_column: str | None = None
    """The column with the keys, strings or whole numbers; the numbers of the rows are without."""

    columns: Sequence[str] | None = None
    """The columns to read; all when not given."""

    memory_bytes: int = field(default=1 << 28, kw_only=True, metadata={"fingerprint": False})
    """How much each process keeps of what it read."""

    def __post_init__(self) -> None:
        require_path(self.path, "path")

    @property
    def source(self) -> str:
        """The file."""
        return str(self.path)

    def load_many(self, keys: Iterable[str]) -> Iterator[tuple[str, dict[str, Any] | None]]:
        """Pairs of key and row in the order of ``keys``, read piece by piece; an absent key gives None.

        Raises:
            SourceError: The file changed.
        """
        for group in chunks(keys, _BULK):
            positions = [self._position(key) for key in group]
            rows = self._read([position for position in positions if position is not None])
            for key, position in zip(group, positions, strict=True):
                yield key, None if position is None else rows[position]

    def exists(self, name: str) -> bool:
        """Whether there is a row of this key."""
        return self._position(name) is not None

    def keys(self) -> Iterable[str]:
        """The keys, in the order of the rows."""
        return map(str, range(len(self))) if self._keys is None else iter(self._keys)

    def __len__(self) -> int:
        return self._pieces.ends[-1] if self._pieces.ends else 0

    @cached_property
    def _pieces(self) -> _Pieces:
        return _Pieces.of(self.path, self.columns, self.memory_bytes)

    @cached_property
    def _keys(self) -> KeyIndex | None:
        if self.key_column is None:
            return None
        return KeyIndex.of(self._read_keys(_Pieces.of(self.path, [self.key_column], 0)), self.source)

    def _read_keys(self, pieces: _Pieces) -> Iterator[str]:
        for piece in range(len(pieces.ends)):
            for key in pieces.table(piece).column(0).to_pylist():
                if not isinstance(key, str | int) or isinstance(key, bool):
                    raise SourceError(
                        f"The column {self.key_column!r} holds {key!r}.",
                        self.source,
                        "use a column of strings or whole numbers as key_column",
                    )
                yield str(key)

    def _position(self, key: str) -> int | None:
        if self._keys is not None:
            return self._keys.position(key)
        position = whole_number(key)
        return position if position is not None and 0 <= position < len(self) else None

    def _read(self, positions: Sequence[int]) -> dict[int, dict[str, Any]]:
        """The rows at these positions."""
        pieces, rows = self._pieces, dict[int, dict[str, Any]]()
        wanted = np.unique(np.asarray(positions, dtype=np.int64))
        owners = np.searchsorted(pieces.ends, wanted, side="right")
        for piece in np.unique(owners).tolist():
            here = wanted[owners == piece]
            first = pieces.ends[piece - 1] if piece > 0 else 0
            found = pieces.table(piece).take(here - first).to_pylist()
            rows.update(zip(here.tolist(), found, strict=True))
        pieces.stamp.require(self.path, self.path)
        return rows

    def _glance(self) -> Iterable[str]:
        return [str(Stamp.of(self.path))]

    def _contents(self) -> Iterable[str]:
        return [digest_file(self.path)]


@dataclass
class _Pieces:
    """The pieces of a file, of which the last used stay in memory."""

    stamp: Stamp
    ends: list[int]
    """The number of rows up to the end of each piece."""
    read: Callable[[int], Any]
    memory_bytes: int
    _kept: OrderedDict[int, Any] = field(default_factory=OrderedDict)

    @classmethod
    def of(cls, path: Path, columns: Sequence[str] | None, memory_bytes: int) -> _Pieces:
        """Look into a file.

        Raises:
            SourceFileNotFoundError: There is no such file.
            SourceError: It is neither Parquet nor Arrow, it has no such column, or pyarrow is not installed.
        """
        require_file(path)
        arrow = import_extra("pyarrow", _EXTRA, str(path))
        stamp = Stamp.of(path)
        with path.open("rb") as file:
            magic = file.read(4)
        open_file = {b"PAR1": _open_parquet, b"ARRO": _open_arrow}.get(magic)
        if open_file is None:
            raise SourceError(f"{path.name!r} is neither Parquet nor Arrow.", str(path), "give a Parquet or Arrow file")
        try:
            names, sizes, read = open_file(path, columns)
        except arrow.ArrowInvalid as error:
            raise SourceError(f"{path.name!r} cannot be read: {error}", str(path), "make the file again") from error
        missing = [name for name in columns or () if name not in names]
        if missing:
            raise SourceError(f"No columns {missing}.", str(path), f"use some of {names}")
        return cls(stamp, list(accumulate(sizes)), read, memory_bytes)

    def table(self, piece: int) -> Any:
        """A piece as a table of pyarrow."""
        table = self._kept.pop(piece, None)
        if table is None:
            table = self.read(piece)
        self._kept[piece] = table  # the last used come last
        while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > self.memory_bytes:
            self._kept.popitem(last=False)
        return table


def _open_parquet(path: Path, columns: Sequence[str] | None) -> tuple[list[str], list[int], Callable[[int], Any]]:
    """The names of the columns, the rows of each row group, and what reads one."""
    file = import_extra("pyarrow.parquet", _EXTRA, str(path)).ParquetFile(path)
    wanted = None if columns is None else list(columns)
    sizes = [file.metadata.row_group(piece).num_rows for piece in range(file.num_row_groups)]
    # workers share the processors, so that each reads with one thread
    return file.schema_arrow.names, sizes, lambda piece: file.read_row_group(piece, wanted, use_threads=False)


def _open_arrow(path: Path, columns: Sequence[str] | None) -> tuple[list[str], list[int], Callable[[int], Any]]:
    """The names of the columns, the rows of each record batch, and what reads one."""
    arrow = import_extra("pyarrow", _EXTRA, str(path))
    file = import_extra("pyarrow.ipc", _EXTRA, str(path)).open_file(arrow.memory_map(str(path)))
    wanted = file.schema.names if columns is None else list(columns)
    sizes = [file.get_batch(piece).num_rows for piece in range(file.num_record_batches)]
    return file.schema.names, sizes, lambda piece: arrow.table(file.get_batch(piece)).select(wanted)
