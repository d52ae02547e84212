"""The IDs of batches, and the batches of one split."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, overload

from torch import Tensor

from zensols_like.errors import BatchError
from zensols_like.persist import ReadOnlyStash, chunks

__all__ = ["BatchIDs", "BatchSplit", "SplitOwner", "SplitViews", "pieces_of", "position_of", "positions_of"]

_RUN = 64
"""How many batches are looked up together: what that takes is spread over them, and only views are made ahead."""


def position_of(batch_id: str) -> int | None:
    """The position that an ID stands for; ``None`` when it is none.

    Example:
        >>> position_of("12"), position_of("012"), position_of("twelve")
        (12, None, None)
    """
    found = positions_of((batch_id,))
    return None if found is None else found[0]


def positions_of(batch_ids: Sequence[str]) -> list[int] | None:
    """The positions that IDs stand for; ``None`` when one of them is none.

    Example:
        >>> positions_of(["12", "3"]), positions_of(["12", "03"])
        ([12, 3], None)
    """
    try:
        positions = [*map(int, batch_ids)]
    except (ValueError, TypeError, OverflowError):
        return None
    # the text of a number only: no number itself, no other digits, signs, spaces or zeros before it
    is_each = [*map(str, positions)] == [*batch_ids] and min(positions, default=0) >= 0
    return positions if is_each else None


@dataclass(frozen=True)
class BatchIDs(Sequence[str]):
    """The IDs of batches that follow one another, each made when it is asked for."""

    positions: range

    def __len__(self) -> int:
        return len(self.positions)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> BatchIDs: ...
    def __getitem__(self, index: int | slice) -> str | BatchIDs:
        if isinstance(index, slice):
            return BatchIDs(self.positions[index])
        return str(self.positions[index])

    def __iter__(self) -> Iterator[str]:
        return map(str, self.positions)

    def covers(self, keys: Sequence[str]) -> bool:
        """Whether all keys are among these."""
        if isinstance(keys, BatchIDs):
            ends = keys.positions[:1], keys.positions[-1:]
            return all(position in self.positions for end in ends for position in end)
        positions = positions_of(keys)
        return positions is not None and all(map(self.positions.__contains__, positions))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and position_of(name) in self.positions


def pieces_of(keys: Iterable[str]) -> Iterator[Sequence[str]]:
    """Keys that are looked up together; each alone of what is no sequence, since nobody knows when the next comes."""
    if isinstance(keys, str):  # whose letters may well be IDs
        raise BatchError(f"The keys are the text {keys!r}.", None, f"give a list of IDs: [{keys!r}]")
    if isinstance(keys, BatchIDs):
        return (keys[start : start + _RUN] for start in range(0, len(keys), _RUN))
    return chunks(keys, _RUN if isinstance(keys, Sequence) else 1)


class SplitOwner(Protocol):
    """All that a split asks of the stash whose batches it shows."""

    def ids_of(self, split_name: str) -> BatchIDs:
        """The IDs of the batches of a split; never primes."""

    def load(self, name: str) -> Any:
        """A batch."""

    def load_many(self, keys: Iterable[str]) -> Iterable[tuple[str, Any]]:
        """Batches in the order of ``keys``."""

    def tensors(self, keys: Iterable[str]) -> Iterator[Mapping[str, Tensor | None]]:
        """The tensors of batches in the order of ``keys``."""

    def exists(self, name: str) -> bool:
        """Whether a batch is committed."""


class SplitViews(dict[str, "BatchSplit"]):
    """The views of splits by name; asking for another one lists those that there are."""

    def __missing__(self, name: str) -> BatchSplit:
        raise KeyError(f"There is no split {name!r}; there are {list(self)}.")


@dataclass
class BatchSplit(ReadOnlyStash):
    """The batches of one split, in the order of the plan; looking at it never primes, loading does.

    Args:
        batch_stash: The stash with the batches of all splits.
        split_name: The split.
    """

    batch_stash: SplitOwner = field(repr=False)
    """The stash with the batches of all splits."""
    split_name: str
    """The split."""

    def load(self, name: str) -> Any:
        """A batch of this split; ``None`` for any other."""
        return self.batch_stash.load(name) if name in self.batch_stash.ids_of(self.split_name) else None

    def load_many(self, keys: Iterable[str]) -> Iterable[tuple[str, Any]]:
        """Batches in the order of ``keys``; ``None`` for those of other splits."""
        own, stash = self.batch_stash.ids_of(self.split_name), self.batch_stash
        for some in pieces_of(keys):
            if own.covers(some):
                yield from stash.load_many(some)
            else:
                yield from ((key, stash.load(key) if key in own else None) for key in some)

    def items(self) -> Iterable[tuple[str, Any]]:
        """Every batch of the split with its ID."""
        return self.batch_stash.load_many(self.batch_stash.ids_of(self.split_name))

    def tensors(self, keys: Iterable[str] | None = None) -> Iterator[Mapping[str, Tensor | None]]:
        """The tensors of batches by attribute, without a batch around them: the quickest walk over a split.

        Args:
            keys: The IDs of the batches, in any order; all of the split in its order when not given.

        Raises:
            BatchError: A batch is not planned.
            CorruptBatch: A record is damaged or gone.
        """
        return self.batch_stash.tensors(self.keys() if keys is None else keys)

    def exists(self, name: str) -> bool:
        """Whether a batch of this split is committed."""
        return name in self.batch_stash.ids_of(self.split_name) and self.batch_stash.exists(name)

    def keys(self) -> BatchIDs:
        """The IDs of the batches."""
        return self.batch_stash.ids_of(self.split_name)
