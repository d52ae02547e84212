"""The rows of a table as the values of a stash, and the splits that one of its columns gives."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zensols_like.dataframe.digest import digest_frame
from zensols_like.dataframe.keys import RowKeys
from zensols_like.dataframe.row import TableRows
from zensols_like.dataframe.split import random_splits
from zensols_like.dataframe.table import (
    as_numbers,
    key_index,
    read_csv,
    require_columns,
    require_distinct,
    require_file,
)
from zensols_like.dataset import SplitKeyContainer
from zensols_like.errors import DataframeError
from zensols_like.persist import BulkStash, ReadOnlyStash, chunks
from zensols_like.protocols import Deallocatable

__all__ = [
    "AutoSplitDataframeStash",
    "DataframeStash",
    "DefaultDataframeStash",
    "FrameStash",
    "SplitColumnDataframeStash",
    "SplitKeyDataframeStash",
]

_BULK = 1024
_READ = ("_table", "_columns", "_rows")
"""What is made of the source, and made again where it is not there."""


@dataclass
class DataframeStash(BulkStash, ReadOnlyStash, Deallocatable):
    """The rows of a table, by the strings of its index.

    The table is read once, when it is first asked for, and kept in memory.  It is not cached in another file: what this
    stash gives is what its source says now.

    Args:
        dataframe_path: Taken for the sake of configurations that name a cache file; nothing is written there.
    """

    dataframe_path: Path | None
    """Not used."""

    @abstractmethod
    def _get_dataframe(self) -> pd.DataFrame:
        """Read or make the table; its index has strings or integers, each once."""

    def _prepare(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Check the table, or add to it, before it is used; by default it stays as it is."""
        return frame

    @property
    def source(self) -> str:
        """What the table is read from, for people."""
        return type(self).__name__

    @property
    def dataframe(self) -> pd.DataFrame:
        """The table, with the keys as its index.

        Raises:
            DataframeError: The table is not what it should be.
        """
        return self._table[0]

    @cached_property
    def _table(self) -> tuple[pd.DataFrame, RowKeys]:
        """The table, and its keys."""
        frame = self._prepare(self._get_dataframe())
        index = key_index(frame, self.source)
        return frame.set_axis(index, axis="index"), RowKeys(frame.index, index)

    def prime(self) -> None:
        """Read the table, if it is not yet in memory."""
        self.dataframe  # noqa: B018

    def load_many(self, keys: Iterable[str]) -> Iterator[tuple[str, pd.Series | None]]:
        """Pairs of key and row in the order of ``keys``; an absent key gives None."""
        index = self.dataframe.index
        for group in chunks(keys, _BULK):
            positions = index.get_indexer(pd.Index(group, dtype=object))
            is_there = positions >= 0
            found = group if is_there.all() else list(compress(group, is_there))
            rows = self._rows.at(positions[is_there], found)
            for key, position in zip(group, positions.tolist(), strict=True):
                yield key, None if position < 0 else next(rows)

    @cached_property
    def _rows(self) -> TableRows:
        return TableRows(self.dataframe)

    def take(self, keys: Sequence[str]) -> pd.DataFrame:
        """The part of the table with these keys, in their order.

        Raises:
            DataframeError: There is no such key.
        """
        return self.dataframe.iloc[self._require(keys)]

    def load_columns(self, keys: Sequence[str]) -> dict[str, Any]:
        """The columns of the rows of these keys, as arrays, in their order.

        Of keys that follow one another they may be pieces of the table itself: do not write into them.

        Raises:
            DataframeError: There is no such key, or two columns have one name.
        """
        positions = self._require(keys)
        first, last = (positions[0], positions[-1]) if len(positions) > 0 else (0, -1)
        is_piece = last - first + 1 == len(positions) and bool(np.all(np.diff(positions) == 1))
        rows = slice(first, last + 1) if is_piece else positions
        return {name: array[rows] for name, array in self._columns.items()}

    def _require(self, keys: Sequence[str]) -> NDArray[np.int64]:
        """The row of each key.

        Raises:
            DataframeError: There is no such key.
        """
        positions = self._table[1].find(keys)
        if np.any(positions < 0):
            missing = [key for key, position in zip(keys, positions, strict=True) if position < 0]
            raise DataframeError(f"No rows {missing[:5]}.", self.source, "ask for keys of the stash only")
        return positions

    @cached_property
    def _columns(self) -> dict[str, np.ndarray[Any, Any]]:
        require_distinct(self.dataframe, self.source)
        columns = sorted(self.dataframe.items(), key=lambda item: isinstance(item[0], str))  # '1' rather than 1
        return {str(name): column.to_numpy() for name, column in columns}

    def exists(self, name: str) -> bool:
        """Whether there is a row of this key."""
        return name in self.dataframe.index

    def keys(self) -> Sequence[str]:
        """The keys, in the order of the rows."""
        return self._table[1].at(np.arange(len(self)))

    def __len__(self) -> int:
        return len(self.dataframe)

    def clear(self) -> None:
        """Forget the table: it is read again when it is next asked for.  The source stays."""
        for name in _READ:
            self.__dict__.pop(name, None)

    def deallocate(self) -> None:
        """Let go of the table."""
        self.clear()

    def source_digest(self, level: Literal["stat", "keys", "content"] = "content") -> str:
        """A digest of the source, to see whether it changed.

        Args:
            level: ``stat`` is empty, since a glance at a table tells nothing; ``keys`` is of the keys in their order;
                ``content`` is of everything.
        """
        if level == "stat":
            return ""
        if level == "keys":
            return hashlib.sha256("\0".join(self.keys()).encode("utf-8", "surrogatepass")).hexdigest()
        return digest_frame(self.dataframe, self.source)


@dataclass
class SplitColumnDataframeStash(DataframeStash, SplitKeyContainer):
    """A table with a column that says which split a row belongs to.

    Splits come in the order in which the table first names them, keys in the order of the rows.  Batches are cut in the
    order of the keys: those of a table that is sorted by its label have one class each, but for a `shuffle_seed`.
    """

    split_col: str | None
    """The name of the column with the split; ``None`` where a `SplitKeyContainer` makes the splits."""

    label_col: str | None = field(default=None, kw_only=True, metadata={"fingerprint": False})
    """The name of the column with the label, for :meth:`get_labels`."""

    # None keeps the fingerprints of stores that were made without this option
    shuffle_seed: int | None = field(default=None, kw_only=True)
    """What the keys of each split are mixed with, the same way every time; they keep the order of the rows without."""

    def _prepare(self, frame: pd.DataFrame) -> pd.DataFrame:
        if self.split_col is None:
            return frame
        require_columns(frame, [self.split_col], self.source)
        missing = frame.index[frame[self.split_col].isna()]
        if len(missing):
            raise DataframeError(
                f"{len(missing)} rows have no split, such as {[str(key) for key in missing[:5]]}.",
                f"{self.source}, column {self.split_col!r}",
                "name the split of every row",
            )
        return frame

    def _get_keys_by_split(self) -> Mapping[str, Sequence[str]]:
        return self._keys_by_split

    @cached_property
    def _keys_by_split(self) -> dict[str, Sequence[str]]:
        if self.split_col is None:
            raise DataframeError(
                "No column says the split of a row.",
                f"{self.source}, split_col",
                "name one; or put the table into a DatasetSplitStash with a StashSplitKeyContainer",
            )
        codes, names = pd.factorize(self.dataframe[self.split_col].astype(str))
        rows = {str(name): np.flatnonzero(codes == code) for code, name in enumerate(names)}
        if self.shuffle_seed is not None:
            generator = np.random.RandomState(self.shuffle_seed)
            rows = {name: generator.permutation(own) for name, own in rows.items()}
        return {name: self._table[1].at(own) for name, own in rows.items()}

    def get_labels(self) -> tuple[str, ...]:
        """The labels that there are, in their order.

        Raises:
            DataframeError: There is no such column, or ``label_col`` is not set.
        """
        if self.label_col is None:
            raise DataframeError(
                "No column is said to hold the labels.",
                f"{self.source}, label_col",
                f"set label_col to one of {list(self.dataframe.columns)}",
            )
        require_columns(self.dataframe, [self.label_col], self.source)
        return tuple(sorted({str(label) for label in self.dataframe[self.label_col].dropna()}))

    def get_label_count(self) -> int:
        """How many labels there are."""
        return len(self.get_labels())

    def clear(self) -> None:
        """Forget the table and its splits: they are read again when next asked for.  The source stays."""
        super().clear()
        self.__dict__.pop("_keys_by_split", None)


@dataclass
class FrameStash(SplitColumnDataframeStash):
    """The rows of a table that is in memory, and their splits.

    Example:
        >>> frame = pd.DataFrame({"size": [3, 4], "part": ["train", "test"]}, index=["rose", "tulip"])
        >>> FrameStash(None, "part", frame).keys_by_split
        {'train': ('rose',), 'test': ('tulip',)}
    """

    frame: pd.DataFrame = field(repr=False, compare=False, metadata={"fingerprint": False})
    """The table."""

    # no part of the fingerprint, which would make batches stale for a split without any
    known_splits: Sequence[str] = field(default=(), kw_only=True, compare=False, metadata={"fingerprint": False})
    """Splits that are there, and come first, even where they have no row."""

    def _get_dataframe(self) -> pd.DataFrame:
        return self.frame

    def _get_keys_by_split(self) -> Mapping[str, Sequence[str]]:
        keys = super()._get_keys_by_split()
        return {name: keys.get(name, ()) for name in (*self.known_splits, *keys)}

    @property
    def source(self) -> str:
        """What errors call the table."""
        return "the data frame"

    def __getstate__(self) -> dict[str, Any]:
        """Without what is made of the table, which would travel twice."""
        return {name: value for name, value in vars(self).items() if name not in (*_READ, "_keys_by_split")}


@dataclass
class SplitKeyDataframeStash(SplitColumnDataframeStash):
    """A table with its keys by split, which are always those that the table gives."""

    key_path: Path | None
    """Taken for the sake of configurations that name a cache file; nothing is written there."""


@dataclass
class AutoSplitDataframeStash(SplitKeyDataframeStash):
    """A table that is split at random, the same way every time.

    The split of each row becomes the column ``split_col``.
    """

    distribution: Mapping[str, float]
    """The part of the rows that each split gets; the parts add up to 1."""

    seed: int = field(default=0, kw_only=True)
    """Another seed splits otherwise."""

    def _prepare(self, frame: pd.DataFrame) -> pd.DataFrame:
        if self.split_col is None or self.split_col in frame.columns:
            raise DataframeError(
                "The column of the split has no name."
                if self.split_col is None
                else f"The table has a column {self.split_col!r} already.",
                self.source,
                "give split_col a name that is free, or use the column with a SplitKeyDataframeStash",
            )
        return frame.assign(**{self.split_col: random_splits(frame, self.distribution, self.seed)})

    def _get_keys_by_split(self) -> Mapping[str, Sequence[str]]:
        keys = super()._get_keys_by_split()
        return {name: keys.get(name, ()) for name in self.distribution}


@dataclass
class DefaultDataframeStash(SplitKeyDataframeStash):
    """The rows of a CSV file, by row number or by a column, and their splits.

        [iris_dataframe_stash]
        class_name = zensols_like.dataframe.DefaultDataframeStash
        dataframe_path = None
        split_col = ds_type
        key_path = None
        input_csv_path = path: iris.csv

    With ``shuffle_seed = 7`` the rows of each split are mixed, which a file that is sorted by its label wants.

    Example:
        >>> from pathlib import Path
        >>> stash = DefaultDataframeStash(None, "ds_type", None, Path("test-resources/iris.csv"))
        >>> stash["0"]["species"], stash.counts_by_key
        ('setosa', {'train': 105, 'dev': 15, 'test': 30})
    """

    input_csv_path: Path
    """The file, with a header."""

    key_col: str | None = field(default=None, kw_only=True)
    """The name of the column with the keys, which are texts as they stand in the file, ``001`` too; rows are numbered
    from 0 without."""

    def _get_dataframe(self) -> pd.DataFrame:
        path = Path(self.input_csv_path)
        if self.key_col is None:
            return read_csv(path)
        frame = read_csv(path, text=[self.key_col])
        require_columns(frame, [self.key_col], self.source)
        frame = frame.set_index(self.key_col)
        return frame.set_axis(as_numbers(frame.index), axis="index")

    @property
    def source(self) -> str:
        """The file."""
        return str(self.input_csv_path)

    def source_digest(self, level: Literal["stat", "keys", "content"] = "content") -> str:
        """A digest of the file, to see whether it changed.

        Args:
            level: ``stat`` is of size and time of the last change, ``keys`` of the keys in their order, ``content`` of
                every byte.
        """
        if level == "keys":
            return super().source_digest(level)
        path = Path(self.input_csv_path)
        require_file(path)
        if level == "stat":
            stat = path.stat()
            return f"{stat.st_size}-{stat.st_mtime_ns}"
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
