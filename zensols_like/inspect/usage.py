"""What takes the space of a store."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from zensols_like.books import books_of
from zensols_like.errors import CorruptBatch
from zensols_like.inspect.open import open_store
from zensols_like.inspect.reader import BatchReader
from zensols_like.inspect.report import Report

__all__ = ["GroupUsage", "StoreUsage", "UsageReport", "report_usage"]


@dataclass(frozen=True)
class GroupUsage:
    """The records of a group."""

    name: str
    attributes: tuple[str, ...]
    bytes_by_split: Mapping[str, int]


@dataclass(frozen=True)
class StoreUsage:
    """A store: its records by group and split, and all of its files."""

    path: str
    status: str
    """``damaged`` where its books cannot be read."""
    groups: tuple[GroupUsage, ...]
    record_bytes: int
    """Of what is committed."""
    file_bytes: int
    """Of all files: the books, and what a crash or an older generation left."""
    files: int


@dataclass(frozen=True)
class UsageReport(Report):
    """The space of stores."""

    kind: ClassVar[str] = "usage"

    stores: tuple[StoreUsage, ...]
    record_bytes: int
    file_bytes: int


def report_usage(paths: Iterable[Path]) -> UsageReport:
    """Add up what stores take.

    Args:
        paths: The folders of stores.
    """
    stores = tuple(map(_usage, paths))
    return UsageReport(stores, sum(one.record_bytes for one in stores), sum(one.file_bytes for one in stores))


def _usage(path: Path) -> StoreUsage:
    size, files = _disk_usage((path, books_of(path)[1]))
    try:
        reader = open_store(path)
        groups = _groups(reader)
    except CorruptBatch:
        return StoreUsage(str(path), "damaged", (), 0, size, files)
    records = sum(sum(group.bytes_by_split.values()) for group in groups)
    return StoreUsage(reader.path, reader.status.value, groups, records, size, files)


def _groups(reader: BatchReader) -> tuple[GroupUsage, ...]:
    plan, index = reader.store.plan, reader.store.index
    sizes = np.where(index.file >= 0, index.length, 0)
    ranges = {split: plan.range_of(split) for split in plan.splits}
    return tuple(
        GroupUsage(
            group.key,
            group.attributes,
            {split: int(sizes[number, inside.start : inside.stop].sum()) for split, inside in ranges.items()},
        )
        for number, group in enumerate(reader.manifest.groups)
    )


def _disk_usage(folders: Iterable[Path]) -> tuple[int, int]:
    """The bytes and the number of all files below folders."""
    size = files = 0
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in names:
                with suppress(FileNotFoundError):  # an encode may rename it just now
                    size += (Path(place) / name).lstat().st_size
                    files += 1
    return size, files
