"""How quickly batches are encoded here, in memory, and which vectorizer takes longest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from zensols_like.batch import Batch, BatchStash, DataPointIDSet
from zensols_like.batch.codec import BoundField
from zensols_like.errors import APIError

__all__ = ["EncodePace", "VectorizerPace", "describe_vectorizer", "measure_encode"]

_MOST = 5
"""Batches that are encoded."""


@dataclass(frozen=True)
class VectorizerPace:
    """How quickly the vectorizer of an attribute encodes, with reading its values from the data points."""

    attribute: str
    vectorizer: str
    """Its feature ID and its class."""
    seconds_per_batch: float
    data_points_per_second: float


@dataclass(frozen=True)
class EncodePace:
    """How quickly batches are encoded by one worker; nothing was written."""

    batches: int
    data_points: int
    data_points_per_second: float
    source_seconds_per_batch: float
    """To read the source and make data points."""
    vectorizers: tuple[VectorizerPace, ...]
    """By attribute; empty where the stash does not say what it encodes with."""
    limiting: str
    """What takes longest."""


def describe_vectorizer(bound: BoundField) -> str:
    """The feature ID and the class of what makes an attribute."""
    return f"{bound.field.feature_id} ({type(bound.vectorizer).__name__})"


def measure_encode(stash: BatchStash, seconds: float) -> tuple[EncodePace | None, str | None]:
    """Encode a few batches in memory.

    Args:
        stash: The batches of a configuration.
        seconds: About how long this may take; one batch is always encoded.

    Returns:
        What was measured; or ``None`` and why nothing was, as where the source is not there.

    Raises:
        EncodeError: A data point cannot be encoded.
    """
    try:
        sets = stash.batch_data_point_sets[:_MOST]
        batches = [_make(stash, one)[1] for one in sets[:1]]
    except (APIError, OSError) as error:
        return None, f"The source cannot be read: {error.what if isinstance(error, APIError) else error}"
    if not batches:
        return None, "There are no batches."
    if isinstance(batches[0], Batch):
        batches[0].encode()  # what is done once is not what is asked
    return _measure(stash, sets, seconds), None


def _make(stash: BatchStash, one: DataPointIDSet) -> tuple[float, object]:
    """Read a batch from the source; how long this took, and what it is."""
    began = perf_counter()
    ((_, made),) = stash._process([one])  # noqa: SLF001 (a documented hook)
    return perf_counter() - began, made


def _measure(stash: BatchStash, sets: Sequence[DataPointIDSet], seconds: float) -> EncodePace:
    fields = stash.codec.fields
    reading, batches, points = 0.0, 0, 0
    encoding = dict.fromkeys(fields, 0.0)
    until = perf_counter() + seconds
    for one in sets:
        if batches and perf_counter() > until:
            break
        spent, made = _make(stash, one)
        reading += spent
        batches += 1
        points += len(one.data_point_ids)
        if not isinstance(made, Batch):
            encoding = {}  # a stash of the user's encoded it while it read
        for name in encoding:
            batch = _make(stash, one)[1]  # anew, as a batch is encoded once
            if isinstance(batch, Batch):
                began = perf_counter()
                batch.encode([name])
                encoding[name] += perf_counter() - began
    vectorizers = tuple(
        VectorizerPace(
            name,
            describe_vectorizer(fields[name]),
            spent / batches,
            points / max(spent, 1e-9),
        )
        for name, spent in encoding.items()
    )
    total = reading + sum(encoding.values())
    slowest = max(vectorizers, key=lambda one: one.seconds_per_batch, default=None)
    limiting = "source"
    if slowest is not None and slowest.seconds_per_batch > reading / batches:
        limiting = f"encode of {slowest.attribute!r} by {slowest.vectorizer}"
    return EncodePace(batches, points, points / max(total, 1e-9), reading / batches, vectorizers, limiting)
