"""In which order batches are read, and which rank reads which: pure arithmetic."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zensols_like.errors import ConfigurationError, DatasetError
from zensols_like.loader.shard import ShardContext
from zensols_like.torchconfig import derive_seed

__all__ = ["BatchRef", "BatchSchedule", "Cursor", "Step", "whole_number"]

ORDER_VERSION = 1
"""Of the arithmetic below; another one would read in another order."""
_SHUFFLES = (None, "batch")
_SHUFFLES_TO_COME = ("item", "window")
_UNEVEN = ("pad", "drop", "allow")


class BatchRef(NamedTuple):
    """What to read: a batch, or rows of it."""

    batch_id: str
    rows: tuple[int, ...] | None = None
    """All rows when ``None``, which is all that there is today."""


class Cursor(NamedTuple):
    """How far all ranks together are.

    The next step takes the batches from `position` on, one for each rank in the order of their indices, however many
    ranks there are.  Hence position p of an epoch belongs to rank (p - origin) mod world, where the origin is the
    position at which this number of ranks began.
    """

    epoch: int = 0
    """Epochs of the loop that are done."""
    step: int = 0
    """Steps of this epoch that are done."""
    data_epoch: int = 0
    """How often all data was gone through; the same as `epoch`, unless ``steps_per_epoch`` is given."""
    position: int = 0
    """How many batches of this data epoch were taken."""


class Step(NamedTuple):
    """One batch for one rank."""

    ref: BatchRef
    data_epoch: int
    position: int
    """In the order of the data epoch; beyond its end for padding."""
    is_padding: bool
    """Whether the batch is read again only so that all ranks do the same number of steps."""
    after: Cursor
    """How far all ranks are when this step is done."""


@dataclass(frozen=True)
class BatchSchedule:
    """Which batch is read when and by whom; depends on nothing but its fields and arguments.

    Example:
        >>> schedule = BatchSchedule(["a", "b", "c"], shuffle="batch", seed=7)
        >>> [[schedule.ref(epoch, p).batch_id for p in range(3)] for epoch in range(2)]
        [['b', 'a', 'c'], ['a', 'c', 'b']]
        >>> [schedule.steps(ShardContext(2, rank)) for rank in range(2)]
        [2, 2]
    """

    ids: Sequence[str]
    """The batches."""
    seed: int = 0
    shuffle: str | None = None
    """``batch`` for another order in every epoch, ``None`` to keep the order of the split."""
    uneven: str = "pad"
    """What happens at the end of an epoch where the ranks do not get equally many batches: ``pad`` reads the first
    batches of the epoch again, ``drop`` leaves the last ones out, ``allow`` lets some ranks end a step earlier."""
    steps_per_epoch: int | None = None
    """The steps of an epoch of the loop; all data once when ``None``."""
    epochs: int | None = None
    """How many epochs of the loop there are; no end when ``None``."""

    _orders: dict[int, Sequence[int]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _size: int = field(default=0, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.shuffle in _SHUFFLES_TO_COME:
            raise ConfigurationError(
                f"An order by {self.shuffle} is not there yet.", "shuffle", "use shuffle='batch', or None"
            )
        _require_one_of("shuffle", self.shuffle, _SHUFFLES)
        _require_one_of("uneven", self.uneven, _UNEVEN)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int):
            raise ConfigurationError(f"The seed is {self.seed!r}.", "seed", "use a whole number")
        for name, value in (("steps_per_epoch", self.steps_per_epoch), ("epochs", self.epochs)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ConfigurationError(f"The number {name} is {value!r}.", name, "use at least 1, or None")
        if self.steps_per_epoch is not None and self.uneven == "allow":
            raise ConfigurationError(
                "Ranks that may end earlier cannot do a fixed number of steps.",
                "steps_per_epoch and uneven",
                "use uneven='pad' or 'drop', or leave steps_per_epoch out",
            )
        object.__setattr__(self, "_size", len(self.ids))
        if self._size == 0:
            raise DatasetError("There are no batches.", "ids", "name a split that has some")

    def __len__(self) -> int:
        return self._size

    def ref(self, data_epoch: int, position: int) -> BatchRef:
        """What stands at a position of an epoch; beyond its end the epoch begins again, as padding."""
        index = position % self._size
        return BatchRef(self.ids[self._order(data_epoch)[index]])

    def _order(self, data_epoch: int) -> Sequence[int]:
        """The permutation of an epoch, which needs none of the epochs before."""
        if self.shuffle is None:
            return range(self._size)
        order = self._orders.get(data_epoch)
        if order is None:
            order = _permutation(self._size, derive_seed(self.seed, "order", data_epoch)).data
            self._orders.clear()  # one epoch after another
            self._orders[data_epoch] = order
        return order

    def steps(self, shard: ShardContext, position: int = 0) -> int:
        """How many steps a rank does from a position to the end of the data."""
        left = self._size - position
        if self.uneven == "allow":
            left -= shard.index
        elif self.uneven == "drop":
            return max(0, left // shard.num_shards)
        return max(0, -(-left // shard.num_shards))

    def steps_of_epoch(self, shard: ShardContext) -> int:
        """How many steps a rank does in a whole epoch of the loop."""
        return self.steps(shard) if self.steps_per_epoch is None else self.steps_per_epoch

    def steps_left(self, cursor: Cursor, shard: ShardContext) -> int:
        """How many steps a rank does from here to the end of the epoch of the loop."""
        if self.steps_per_epoch is None:
            return self.steps(shard, cursor.position)
        return max(0, self.steps_per_epoch - cursor.step)

    def seek(self, epoch: int, step: int, world: int) -> Cursor:
        """Where so many ranks are after so many steps, if they have been as many from the beginning.

        Raises:
            ConfigurationError: There is no such epoch or step, or one of them is no whole number.
        """
        epoch, step = whole_number("epoch", epoch), whole_number("step", step)
        steps = self.steps_of_epoch(ShardContext(world, 0))
        if epoch < 0 or not 0 <= step <= steps:
            raise ConfigurationError(
                f"There is no step {step} of epoch {epoch}.", None, f"use an epoch from 0, and a step from 0 to {steps}"
            )
        if step == steps:
            epoch, step = epoch + 1, 0
        if self.steps_per_epoch is None:
            return Cursor(epoch, step, epoch, step * world)
        data_epoch, done = divmod(epoch * self.steps_per_epoch + step, self.steps(ShardContext(world, 0)))
        return Cursor(epoch, step, data_epoch, done * world)

    def settled(self, cursor: Cursor, world: int) -> Cursor:
        """A cursor at the end of an epoch, or of the data, as one at the beginning of the next; others as they are."""
        left = self._size - cursor.position
        if left <= 0 or (self.uneven == "drop" and left < world):
            if self.steps_per_epoch is None:
                return Cursor(cursor.epoch + 1, 0, cursor.data_epoch + 1, 0)
            cursor = Cursor(cursor.epoch, cursor.step, cursor.data_epoch + 1, 0)
        if self.steps_per_epoch is not None and cursor.step >= self.steps_per_epoch:
            return Cursor(cursor.epoch + 1, 0, cursor.data_epoch, cursor.position)
        return cursor

    def next_epoch(self, cursor: Cursor) -> Cursor:
        """The beginning of the next epoch of the loop, whatever was left of this one."""
        if self.steps_per_epoch is None:
            return Cursor(cursor.epoch + 1, 0, cursor.data_epoch + 1, 0)
        return Cursor(cursor.epoch + 1, 0, cursor.data_epoch, cursor.position)

    def take(self, cursor: Cursor, shard: ShardContext) -> Step:
        """The batch of a rank in the step after a cursor."""
        epoch, step, data_epoch, first = cursor
        position, world = first + shard.index, shard.num_shards
        after = Cursor(epoch, step + 1, data_epoch, first + world)
        is_padding = position >= self._size
        return Step(self.ref(data_epoch, position), data_epoch, position, is_padding, self.settled(after, world))

    def walk(self, cursor: Cursor, shard: ShardContext) -> Iterator[Step]:
        """The steps of a rank from a cursor to the end of the epoch of the loop."""
        left = self.steps_left(cursor, shard)
        for step in self._straight(cursor, shard, left):
            yield step
            cursor = step.after
            left -= 1
        for _ in range(left):
            step = self.take(cursor, shard)
            yield step
            cursor = step.after

    def _straight(self, cursor: Cursor, shard: ShardContext, limit: int) -> Iterator[Step]:
        """The steps that `take` gives as long as no end is near, which are nearly all, for less."""
        if self.steps_per_epoch is not None:
            return
        epoch, done, data_epoch, first = cursor
        ids, order, world, index = self.ids, self._order(data_epoch), shard.num_shards, shard.index
        new = tuple.__new__  # makes named tuples for half of what naming their fields costs
        for number in range(done + 1, done + 1 + min(limit, (self._size - first) // world - 2)):
            position = first + index
            first += world
            after = new(Cursor, (epoch, number, data_epoch, first))
            ref = new(BatchRef, (ids[order[position]], None))
            yield new(Step, (ref, data_epoch, position, False, after))


def _permutation(size: int, key: int) -> NDArray[np.int64]:
    """The numbers up to a size in an order that depends on the key only.

    They are sorted by numbers that the splitmix64 generator makes of them, so that no release of numpy changes it.
    """
    mixed = np.arange(size, dtype=np.uint64)
    mixed += np.uint64(key)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return np.argsort(mixed, kind="stable")


def whole_number(name: str, value: Any) -> int:
    """The number of an epoch or step, which may be one of numpy.

    Raises:
        ConfigurationError: It is none.
    """
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise ConfigurationError(f"The {name} is {value!r}.", name, "use a whole number")


def _require_one_of(name: str, value: Any, allowed: Sequence[Any]) -> None:
    if value not in allowed:
        raise ConfigurationError(f"There is no {name}={value!r}.", name, f"use one of {list(allowed)}")
