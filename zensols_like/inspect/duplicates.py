"""Data points that are in two splits: by their content, whatever their IDs are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from zensols_like.batch import BatchStash
from zensols_like.dataset import content_digest
from zensols_like.inspect.reader import folder_of
from zensols_like.inspect.report import Report

__all__ = ["Duplicate", "DuplicatesReport", "find_duplicates"]

KEPT = 20
"""The duplicates that are named; the others are counted."""


@dataclass(frozen=True)
class Duplicate:
    """A data point, and one of another split that came before and has the same content."""

    id: str
    split: str
    first_id: str
    first_split: str


@dataclass(frozen=True)
class DuplicatesReport(Report):
    """What is in the source more than once."""

    kind: ClassVar[str] = "duplicates"

    path: str
    attributes: tuple[str, ...]
    """What of a data point was compared."""
    data_points: int
    across: int
    """Data points whose content came before in another split."""
    within: int
    """The same in their own split."""
    duplicates: tuple[Duplicate, ...]
    """The first of those in another split."""


def find_duplicates(stash: BatchStash, observe: Callable[[int, int], None] | None = None) -> DuplicatesReport:
    """Compare the data points of all splits by what the batches are made of, except for the label.

    They are made from the source, a batch at a time; nothing is encoded, and only a digest of each is kept.

    Args:
        stash: Says which data points there are, and which attributes of them are mapped.
        observe: Is told how many batches of how many are done.

    Raises:
        BatchError: The source no longer has one of them.
        DatasetError: There is no telling what the content of a value is.
    """
    bounds = [bound for bound in stash.codec.fields.values() if not bound.is_label]
    names = tuple(dict.fromkeys(bound.field.attribute_accessor for bound in bounds))
    first: dict[bytes, tuple[str, str]] = {}
    found: list[Duplicate] = []
    across = within = points = 0
    sets = stash.batch_data_point_sets
    for done, one in enumerate(sets, 1):
        for point in stash.create_data_points(one.data_point_ids):
            points += 1
            digest = content_digest([getattr(point, name) for name in names])
            first_id, first_split = first.setdefault(digest, (point.id, one.split_name))
            if first_split != one.split_name:
                across += 1
                if len(found) < KEPT:
                    found.append(Duplicate(point.id, one.split_name, first_id, first_split))
            elif first_id != point.id:
                within += 1
        if observe is not None:
            observe(done, len(sets))
    return DuplicatesReport(folder_of(stash.store), names, points, across, within, tuple(found))
