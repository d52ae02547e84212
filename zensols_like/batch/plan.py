"""Which data points make which batch; pure."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from operator import eq
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from zensols_like.batch.ids import PlanIDs, ids_from_value, keep_ids
from zensols_like.batch.interface import DataPointIDSet
from zensols_like.batch.split import position_of
from zensols_like.dataset import require_text
from zensols_like.errors import ConfigurationError, DatasetError
from zensols_like.persist import NumberedKeys

__all__ = ["Plan", "PlannedIDs", "PlannedSets", "joined", "plan_batches"]


@dataclass(frozen=True, eq=False)
class Plan:
    """The batches of a store: their splits and the IDs of their data points, as arrays.

    A batch is known by its position, which as a string is its ID.  The batches of a split follow one another.
    """

    splits: tuple[str, ...]
    """The names of the splits, in order."""
    split_ends: NDArray[np.int64]
    """For each split the position after its last batch."""
    batch_ends: NDArray[np.int64]
    """For each batch the number of data points up to its end."""
    point_ids: PlanIDs
    """The IDs of all data points."""

    def __len__(self) -> int:
        return len(self.batch_ends)

    @property
    def size(self) -> int:
        """The number of data points."""
        return int(self.batch_ends[-1])

    def position(self, batch_id: str) -> int | None:
        """The position of a batch; ``None`` when it is not planned."""
        position = position_of(batch_id)
        return position if position is not None and position < len(self) else None

    def split_of(self, position: int) -> str:
        """The split of a batch."""
        return self.splits[bisect_right(self._split_ends, position)]

    @cached_property
    def _split_ends(self) -> list[int]:
        ends: list[int] = self.split_ends.tolist()
        return ends

    def batch_size(self, position: int) -> int:
        """The number of data points of a batch."""
        return int(self.batch_ends[position]) - self._start(self.batch_ends, position)

    def sizes(self, positions: Sequence[int]) -> list[int]:
        """The number of data points of each of some batches."""
        at = np.asarray(positions, dtype=np.int64)
        sizes: list[int] = (self.batch_ends[at] - np.where(at == 0, 0, self.batch_ends[at - 1])).tolist()
        return sizes

    def ids(self, position: int) -> Sequence[str]:
        """The IDs of the data points of a batch: a tuple, or numbers where all of the plan are kept as such."""
        return self.point_ids.cut(position, position)

    def ids_of(self, positions: Sequence[int]) -> Sequence[str]:
        """The IDs of the data points of some batches, one after another."""
        first, last = positions[0], positions[-1]
        if last - first == len(positions) - 1 and all(map(eq, positions, range(first, last + 1))):
            return self.point_ids.cut(first, last)
        return joined([self.ids(position) for position in positions])

    @staticmethod
    def _start(ends: NDArray[np.int64], position: int) -> int:
        return 0 if position == 0 else int(ends[position - 1])

    def range_of(self, split: str) -> range:
        """The positions of the batches of a split; ``KeyError`` when there is no such split."""
        if split not in self.splits:
            raise KeyError(split)
        index = self.splits.index(split)
        return range(self._start(self.split_ends, index), int(self.split_ends[index]))

    def data_points_of(self, split: str) -> int:
        """The number of data points of a split."""
        positions = self.range_of(split)
        if len(positions) == 0:
            return 0
        return int(self.batch_ends[positions[-1]]) - self._start(self.batch_ends, positions[0])

    @cached_property
    def digest(self) -> str:
        """A digest of the whole plan, the same for equal plans."""
        total = hashlib.blake2b(repr(self.splits).encode() + self.point_ids.kind, digest_size=16)
        for array in self._arrays.values():
            total.update(np.ascontiguousarray(array).data)
        return total.hexdigest()

    @property
    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"split_ends": self.split_ends, "batch_ends": self.batch_ends, **self.point_ids.as_value()}

    def with_digest(self, digest: str) -> Plan | None:
        """This plan as it is kept in a store that names a digest; ``None`` when that is of another plan."""
        if digest == self.digest:
            return self
        as_text = replace(self, point_ids=self.point_ids.as_text())  # once numbers were kept as text
        return as_text if digest == as_text.digest else None

    def as_value(self) -> dict[str, Any]:
        """What to store."""
        return {"splits": list(self.splits), **self._arrays}

    @classmethod
    def from_value(cls, value: Mapping[str, Any]) -> Plan:
        """The plan that was stored."""
        return cls(tuple(value["splits"]), value["split_ends"], value["batch_ends"], ids_from_value(value))


class PlannedIDs(Sequence[str]):
    """The IDs of the data points of a batch, made when they are first asked for."""

    __slots__ = ("_ids", "_plan", "_position")

    def __init__(self, plan: Plan, position: int) -> None:
        self._plan = plan
        self._position = position
        self._ids: Sequence[str] | None = None

    @property
    def ids(self) -> Sequence[str]:
        """All of them."""
        if self._ids is None:
            self._ids = self._plan.ids(self._position)
        return self._ids

    def __len__(self) -> int:
        return self._plan.batch_size(self._position)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self.ids[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)


@dataclass(frozen=True, eq=False)
class PlannedSets(Sequence[DataPointIDSet]):
    """The batches of a plan as sets of data point IDs, each made when it is asked for."""

    plan: Plan
    seed_context: dict[str, Any] | None

    def __len__(self) -> int:
        return len(self.plan)

    @overload
    def __getitem__(self, position: int) -> DataPointIDSet: ...
    @overload
    def __getitem__(self, position: slice) -> list[DataPointIDSet]: ...
    def __getitem__(self, position: int | slice) -> DataPointIDSet | list[DataPointIDSet]:
        if isinstance(position, slice):
            return [self[at] for at in range(*position.indices(len(self)))]
        at = position + len(self) if position < 0 else position
        if not 0 <= at < len(self):
            raise IndexError(position)
        return DataPointIDSet(str(at), self.plan.ids(at), self.plan.split_of(at), self.seed_context)

    def __iter__(self) -> Iterator[DataPointIDSet]:
        return (self[at] for at in range(len(self)))


def plan_batches(keys_by_split: Mapping[str, Sequence[str]], batch_size: int, batch_limit: int | None = None) -> Plan:
    """Cut the keys of each split into batches, in order; the last batch of a split may be smaller.

    Args:
        keys_by_split: The keys of the data points of each split.
        batch_size: The number of data points of a batch.
        batch_limit: How many batches to keep of each split; all when ``None``.

    Raises:
        ConfigurationError: ``batch_size`` or ``batch_limit`` is less than 1.
        DatasetError: A key stands twice or is no text, or there are no keys.

    Example:
        >>> plan = plan_batches({"train": ["a", "b", "c"], "test": ["d"]}, batch_size=2)
        >>> [(plan.split_of(i), plan.ids(i)) for i in range(len(plan))]
        [('train', ('a', 'b')), ('train', ('c',)), ('test', ('d',))]
    """
    for name, value in (("batch_size", batch_size), ("batch_limit", batch_limit)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise ConfigurationError(f"The {name} is {value!r}.", None, "use a whole number of at least 1")
    kept = [keys if batch_limit is None else keys[: batch_limit * batch_size] for keys in keys_by_split.values()]
    batch_ends: list[int] = []
    split_ends: list[int] = []
    size = 0
    for keys in kept:
        batch_ends += [*range(size + batch_size, size + len(keys), batch_size), size + len(keys)] if len(keys) else []
        split_ends.append(len(batch_ends))
        size += len(keys)
    ends = np.asarray(batch_ends, dtype=np.int64)
    return Plan(
        tuple(keys_by_split),
        np.asarray(split_ends, dtype=np.int64),
        ends,
        keep_ids(_joined(kept, keys_by_split), ends),
    )


def joined(batches: Sequence[Sequence[str]]) -> Sequence[str]:
    """The keys of batches, one after another."""
    if len(batches) == 1:
        return batches[0]
    numbered = [keys.numbers for keys in batches if isinstance(keys, NumberedKeys)]
    if 0 < len(numbered) == len(batches):
        return NumberedKeys(np.concatenate(numbered))
    return tuple(chain.from_iterable(batches))


def _joined(kept: Sequence[Sequence[str]], keys_by_split: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """All keys, one after another.

    Raises:
        DatasetError: A key stands twice or is no text, or there are no keys.
    """
    for split, keys in zip(keys_by_split, kept, strict=True):
        require_text(keys, f"the split {split!r}")
    ids = joined([keys for keys in kept if len(keys) > 0])
    if not isinstance(ids, NumberedKeys) or not ids.are_unique:
        _check_keys(ids, keys_by_split)
    return ids


def _check_keys(ids: Sequence[str], keys_by_split: Mapping[str, Sequence[str]]) -> None:
    if len(ids) == 0:
        raise DatasetError(
            f"There are no data points in the splits {list(keys_by_split)}.",
            None,
            "give the source some rows, and the splits keys that it has; keys are text, also those that are numbers",
        )
    if len(set(ids)) < len(ids):
        twice = [key for key, count in Counter(ids).items() if count > 1]
        homes = [split for split, keys in keys_by_split.items() if twice[0] in keys]
        raise DatasetError(
            f"{len(twice)} data points stand more than once, as {twice[0]!r} in {homes}.",
            None,
            "give each data point a key of its own, and put it into one split only",
        )
