"""What is committed: the receipt of each record, as arrays, and a line of a journal for each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from zensols_like.persist import Receipt, ReceiptColumns, ReceiptRun, chunks
from zensols_like.persist.receipt import as_receipt

__all__ = ["Commit", "Index", "Receipts", "journal_lines", "read_journal"]


_PIECE = 1 << 12
"""How many records are noted at once, about, so that a long journal is never in memory whole."""


class Commit(NamedTuple):
    """Records of a group that are durable, as a run: often there are many of them, and seldom is one looked at."""

    positions: Sequence[int]
    """The batches by their positions."""
    group: int
    """The group by its number."""
    receipts: ReceiptRun
    """One for each batch."""
    is_unlabeled: bool = False
    """Whether a label of the group is missing for all data points of these batches."""

    @classmethod
    def of(cls, position: int, group: int, receipt: Receipt, is_unlabeled: bool = False) -> Commit:
        """One record."""
        return cls([position], group, ReceiptRun.of(receipt), is_unlabeled)


@dataclass(eq=False)
class Index:
    """For each group and batch the receipt of its record, as arrays."""

    files: list[str]
    file: NDArray[np.int32]
    """Of shape (groups, batches): the number of the file, -1 where nothing is committed."""
    offset: NDArray[np.int64]
    length: NDArray[np.int64]
    checksum: NDArray[np.uint64]
    layout: NDArray[np.uint64]
    unlabeled: NDArray[np.bool_]

    def __post_init__(self) -> None:
        self._numbers = {name: number for number, name in enumerate(self.files)}
        self._receipts: dict[int, Receipts] = {}

    @classmethod
    def empty(cls, groups: int, batches: int) -> Index:
        """An index of nothing."""
        shape = (groups, batches)
        return cls(
            [],
            np.full(shape, -1, np.int32),
            np.zeros(shape, np.int64),
            np.zeros(shape, np.int64),
            np.zeros(shape, np.uint64),
            np.zeros(shape, np.uint64),
            np.zeros(shape, np.bool_),
        )

    def add_all(self, commits: Iterable[Commit]) -> None:
        """Note records; of two for the same batch and group the later one counts."""
        some: list[Commit] = []
        count = 0
        for commit in commits:
            some.append(commit)
            count += len(commit.positions)
            if count >= _PIECE:
                self._add(some)
                some, count = [], 0
        if some:
            self._add(some)

    def _add(self, commits: Sequence[Commit]) -> None:
        positions, groups, runs, unlabeled = zip(*commits, strict=True)
        counts = [*map(len, positions)]
        if counts != [*map(len, runs)]:
            raise ValueError("A commit has as many receipts as batches.")
        for run in runs:
            if self._numbers.setdefault(run.file, len(self.files)) == len(self.files):
                self.files.append(run.file)
        at = np.repeat(groups, counts), _flat(positions)
        offsets, lengths = _flat(run.offsets for run in runs), _flat(run.lengths for run in runs)
        checksums = _flat((run.checksums for run in runs), np.uint64)
        layouts = _flat((run.layouts for run in runs), np.uint64)
        self.file[at] = np.repeat([self._numbers[run.file] for run in runs], counts)
        self.offset[at], self.length[at], self.checksum[at], self.layout[at] = offsets, lengths, checksums, layouts
        self.unlabeled[at] = np.repeat(unlabeled, counts)

    def receipt(self, group: int, position: int) -> Receipt | None:
        """The receipt of a record; ``None`` when it is not committed."""
        return self.receipts(group)[position]

    def receipts(self, group: int) -> Receipts:
        """The receipts of a group by the positions of batches."""
        found = self._receipts.get(group)
        if found is None:
            found = self._receipts[group] = Receipts(self, group)
        return found

    def mixed(self, positions: range) -> list[int]:
        """The batches without labels, where others of these have labels in the same group; none when all are alike."""
        block = slice(positions.start, positions.stop)
        is_there, is_bare = self.file[:, block] >= 0, self.unlabeled[:, block]
        has_both = (is_there & is_bare).any(axis=1) & (is_there & ~is_bare).any(axis=1)
        found: list[int] = (np.flatnonzero(is_bare[has_both].any(axis=0)) + positions.start).tolist()
        return found

    def commit(self, group: int, position: int) -> Commit | None:
        """The commit of a record; ``None`` when there is none."""
        receipt = self.receipt(group, position)
        return None if receipt is None else Commit.of(position, group, receipt, bool(self.unlabeled[group, position]))

    def is_committed(self, position: int) -> bool:
        """Whether every record of a batch is committed."""
        return bool((self.file[:, position] >= 0).all())

    @property
    def is_empty(self) -> bool:
        """Whether no record is committed."""
        return bool((self.file < 0).all())

    def missing(self) -> list[int]:
        """The positions of the batches of which a record is not committed."""
        found: list[int] = np.flatnonzero((self.file < 0).any(axis=0)).tolist()
        return found

    @property
    def digest(self) -> str:
        """A digest of what is committed, wherever it lies."""
        total = hashlib.blake2b(digest_size=16)
        for array in (self.length, self.checksum, self.unlabeled):
            total.update(np.ascontiguousarray(array).data)
        return total.hexdigest()

    def as_value(self) -> dict[str, Any]:
        """What to store."""
        arrays = {name: getattr(self, name) for name in ("file", "offset", "length", "checksum", "layout", "unlabeled")}
        return {"files": "\0".join(self.files), **arrays}

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> Index:
        """The index that was stored."""
        return cls(**{**value, "files": value["files"].split("\0")})


class Receipts:
    """The receipts of a group by position, quick to read: a row of the arrays of an index, as they are at any time."""

    __slots__ = ("_columns", "_files")

    def __init__(self, index: Index, group: int) -> None:
        self._files = index.files
        columns = index.file, index.offset, index.length, index.checksum, index.layout
        # an item of a memoryview is a number of Python, and four times quicker than an item of an array
        self._columns = tuple(column[group].data for column in columns)

    def columns(self, positions: Sequence[int]) -> ReceiptColumns | None:
        """The receipts of several batches; ``None`` unless all are committed."""
        files, *columns = [_taken(column, positions) for column in self._columns]
        if min(files, default=0) < 0:
            return None
        return ReceiptColumns([*map(self._files.__getitem__, files)], *columns)

    def __getitem__(self, position: int) -> Receipt | None:
        files, offsets, lengths, checksums, layouts = self._columns
        number = files[position]
        if number < 0:
            return None
        return as_receipt(
            (self._files[number], offsets[position], lengths[position], checksums[position], layouts[position])
        )


def _taken(column: memoryview, positions: Sequence[int]) -> list[int]:
    """The numbers at some positions."""
    if isinstance(positions, range) and positions.step == 1:
        return column[positions.start : positions.stop].tolist()
    return [column[position] for position in positions]


def _flat(pieces: Iterable[Iterable[int]], dtype: type[np.integer[Any]] = np.int64) -> NDArray[Any]:
    """Numbers that stand one after another."""
    return np.fromiter(chain.from_iterable(pieces), dtype)


def journal_lines(commits: Iterable[Commit]) -> bytes:
    """The lines of a journal for commits; the first begins anew, since a crash may have left half a line before it."""
    lines = (
        _line(position, group, receipt, is_unlabeled)
        for positions, group, receipts, is_unlabeled in commits
        for position, receipt in zip(positions, receipts, strict=True)
    )
    return ("\n" + "".join(f"{line}\n" for line in lines)).encode()


def read_journal(data: bytes) -> Iterator[Commit]:
    """The commits of a journal; a torn or damaged line says nothing, and its batch is made again."""
    lines = filter(None, map(_read_line, data.splitlines()))
    for some in chunks(lines, _PIECE):
        for (group, is_unlabeled, file), same in groupby(some, itemgetter(1, 2, 3)):
            positions, _, _, _, *columns = zip(*same, strict=True)
            yield Commit(positions, group, ReceiptRun(file, *columns), is_unlabeled)


def _line(position: int, group: int, receipt: Receipt, is_unlabeled: bool) -> str:
    """A line of the journal, which is JSON: a record that is durable, and the checksum of this."""
    file, offset, length, checksum, layout = receipt
    fields = (
        f"[{position}, {group}, {'true' if is_unlabeled else 'false'}, {_quoted(file)}, {offset}, {length}, "
        f"{checksum}, {layout}"
    )
    return f"{fields}, {xxh3_64_intdigest(f'{fields}]'.encode())}]"


_quoted = lru_cache(json.dumps)


def _read_line(line: bytes) -> list[Any] | None:
    """What a line says of a record; ``None`` when it is torn or damaged."""
    try:
        *fields, checksum = json.loads(line)
    except (ValueError, TypeError):
        return None
    return fields if checksum == _checksum(fields) else None


def _checksum(fields: Sequence[Any]) -> int:
    return xxh3_64_intdigest(json.dumps(fields).encode())
