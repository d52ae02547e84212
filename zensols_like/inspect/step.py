"""Which batch a step of a training loop saw: the order is a pure function, so that nothing needs to be recorded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from zensols_like.batch.split import BatchIDs
from zensols_like.errors import ConfigurationError
from zensols_like.inspect.errors import NotFoundError
from zensols_like.inspect.reader import BatchReader, require_split
from zensols_like.inspect.report import BatchReport, Report
from zensols_like.inspect.survey import report_batch
from zensols_like.loader import BatchSchedule, ShardContext, Step

__all__ = ["StepPlace", "StepReport", "find_step", "report_step"]


@dataclass(frozen=True)
class StepPlace:
    """A step of a loop, and the options of its loader that decide the order."""

    epoch: int = 0
    step: int = 0
    """From 0 in each epoch."""
    rank: int = 0
    world: int = 1
    """How many ranks there were, from the beginning of the epoch."""
    split: str = "train"
    seed: int = 0
    shuffle: str | None = None
    uneven: str = "pad"
    drop_last: bool = False
    steps_per_epoch: int | None = None


@dataclass(frozen=True)
class StepReport(Report):
    """What a step of a training loop saw."""

    kind: ClassVar[str] = "step"

    epoch: int
    step: int
    rank: int
    world: int
    data_epoch: int
    """How often all data had been gone through; the same as `epoch`, unless epochs have a number of steps."""
    position: int
    """In the order of the data epoch."""
    is_padding: bool
    """Whether the rank read the batch only to do as many steps as the others."""
    batch: BatchReport


def find_step(reader: BatchReader, place: StepPlace) -> Step:
    """The step, with the ID of its batch; nothing is read.

    Raises:
        NotFoundError: There is no such split, or no such step.
        ConfigurationError: The options make no sense.
    """
    shard = ShardContext(place.world, place.rank)
    schedule = BatchSchedule(
        _ids(reader, place), place.seed, place.shuffle, place.uneven, steps_per_epoch=place.steps_per_epoch
    )
    steps = schedule.steps_of_epoch(shard)
    if not 0 <= place.step < steps:
        raise NotFoundError(
            f"Rank {place.rank} of {place.world} has no step {place.step}.",
            f"split {place.split!r} of {reader.path}",
            f"use a step from 0 to {steps - 1}" if steps else "use fewer ranks, which have no batch each",
        )
    return schedule.take(schedule.seek(place.epoch, place.step, place.world), shard)


def _ids(reader: BatchReader, place: StepPlace) -> BatchIDs:
    plan = reader.store.plan
    require_split(reader, place.split)
    positions = plan.range_of(place.split)
    if place.drop_last and positions:
        whole = max(plan.batch_size(plan.range_of(split)[0]) for split in plan.splits if plan.range_of(split))
        positions = positions[:-1] if plan.batch_size(positions[-1]) < whole else positions
    if not positions:
        raise ConfigurationError(f"The split {place.split!r} has no batches.", reader.path, "use another one")
    return BatchIDs(positions)


def report_step(
    reader: BatchReader,
    place: StepPlace,
    attributes: Collection[str] = (),
    rows: int = 3,
    with_points: bool = False,
) -> StepReport:
    """The batch that a step saw; see `report_batch` for what is said about it.

    Raises:
        NotFoundError: There is no such split, or no such step.
        MissingBatchError: The batch is planned, but not committed.
        ConfigurationError: The options make no sense, or there is no such attribute.
    """
    step = find_step(reader, place)
    return StepReport(
        place.epoch,
        place.step,
        place.rank,
        place.world,
        step.data_epoch,
        step.position,
        step.is_padding,
        report_batch(reader, step.ref.batch_id, attributes, rows, with_points),
    )
