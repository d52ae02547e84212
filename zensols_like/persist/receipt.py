"""Where records lie: a receipt for each, and those of many by columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import NamedTuple

__all__ = ["Receipt", "ReceiptColumns", "ReceiptRun", "as_receipt"]


class Receipt(NamedTuple):
    """Where a record lies, and what its bytes are."""

    file: str
    """The file, relative to the store."""
    offset: int
    length: int
    """Bytes of the record."""
    checksum: int
    """xxh3-64 of the whole record; 0 where it was found by its place, and is known by that only."""
    layout: int = 0
    """What the record has in common with others, see `layout_of`; 0 where that is not known."""


as_receipt = partial(tuple.__new__, Receipt)
"""Makes a receipt of its five fields for half of what naming them costs."""


@dataclass(slots=True)
class ReceiptColumns:
    """The receipts of records, wherever they lie, by columns: for whoever reads many.

    Example:
        >>> columns = ReceiptColumns(["a.shard", "b.shard"], [0, 64], [60, 64], checksums=[11, 12], layouts=[7, 8])
        >>> columns[1]
        Receipt(file='b.shard', offset=64, length=64, checksum=12, layout=8)
    """

    files: Sequence[str]
    offsets: Sequence[int]
    lengths: Sequence[int]
    checksums: Sequence[int]
    layouts: Sequence[int]

    def __getitem__(self, number: int) -> Receipt:
        columns = self.files, self.offsets, self.lengths, self.checksums, self.layouts
        return as_receipt(column[number] for column in columns)

    def __iter__(self) -> Iterator[Receipt]:
        return map(as_receipt, zip(self.files, self.offsets, self.lengths, self.checksums, self.layouts, strict=True))


@dataclass(slots=True)
class ReceiptRun:
    """The receipts of records of one file, by columns: of those that were written together.

    Example:
        >>> run = ReceiptRun("a.shard", [0, 64, 128], [60, 60, 64], checksums=[11, 12, 13], layouts=[7, 7, 8])
        >>> list(run)[1]
        Receipt(file='a.shard', offset=64, length=60, checksum=12, layout=7)
    """

    file: str
    """The file, relative to the store."""
    offsets: Sequence[int]
    lengths: Sequence[int]
    checksums: Sequence[int]
    layouts: Sequence[int]

    @classmethod
    def of(cls, receipt: Receipt) -> ReceiptRun:
        """That of one record."""
        file, offset, length, checksum, layout = receipt
        return cls(file, [offset], [length], [checksum], [layout])

    def __len__(self) -> int:
        return len(self.offsets)

    def __iter__(self) -> Iterator[Receipt]:
        columns = repeat(self.file), self.offsets, self.lengths, self.checksums, self.layouts
        return map(as_receipt, zip(*columns, strict=False))
