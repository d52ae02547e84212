"""How quickly batches are read, verified and decoded here, and which of it takes longest."""

from __future__ import annotations

import copy
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
from xxhash import xxh3_64_intdigest

from zensols_like.batch.contexts import ContextStore
from zensols_like.batch.manifest import Status
from zensols_like.batch.reader import ContextReader
from zensols_like.inspect.pace import EncodePace, describe_vectorizer, measure_encode
from zensols_like.inspect.reader import BatchReader, StashReader
from zensols_like.inspect.report import Report
from zensols_like.persist import Receipt, RecordStash

__all__ = ["BenchReport", "DecodePace", "StagePace", "bench_store"]

_ROUNDS = 3
_MOST_BYTES = 1 << 28
"""Of the batches that are read, which stay in memory between rounds where they lie in small files."""


@dataclass(frozen=True)
class StagePace:
    """How quickly one stage goes, as if there were no other."""

    name: str
    """``read``: the bytes are fetched; ``verify``: their checksum is made; ``decode``: they become tensors."""
    seconds_per_batch: float
    batches_per_second: float
    bytes_per_second: float


@dataclass(frozen=True)
class DecodePace:
    """How long the vectorizer of an attribute takes to decode."""

    attribute: str
    vectorizer: str
    """Its feature ID and its class."""
    seconds_per_batch: float


@dataclass(frozen=True)
class BenchReport(Report):
    """How quickly a store is read and encoded here, with what it reads in memory already."""

    kind: ClassVar[str] = "bench"

    path: str
    status: str
    container: str | None
    batches: int
    """That were read, of all that are planned."""
    planned: int
    size_bytes: int
    """Of the records of the batches that were read."""
    limit: StagePace | None
    """What this machine can do at most: a walk over the same bytes where they are mapped, each touched once."""
    stages: tuple[StagePace, ...]
    load: StagePace | None
    """All stages, one after the other."""
    limiting: str | None
    """The stage that takes longest, and where it is the decoding of one attribute, which."""
    decode: tuple[DecodePace, ...]
    """By attribute; empty without a configuration, as vectorizers do not decode then."""
    encode: EncodePace | None
    """``None`` without a configuration."""
    note: str | None
    """Why encoding was not measured, where it should have been."""


@dataclass
class _Times:
    """Seconds of one round."""

    read: float = 0.0
    verify: float = 0.0
    decode: float = 0.0
    by_attribute: dict[str, float] = field(default_factory=dict)


def bench_store(reader: BatchReader, seconds: float = 2.0) -> BenchReport:
    """Measure.

    Args:
        reader: The batches; with a configuration vectorizers are measured too.
        seconds: About how long this may take; as many batches are looked at as this allows.

    Raises:
        CorruptBatch: A record is damaged.
    """
    encode, note = None, None
    if isinstance(reader, StashReader):
        encode, note = measure_encode(reader.stash, seconds / 2)
        seconds /= 2
    if reader.status is Status.ABSENT:
        return BenchReport(reader.path, "absent", None, 0, 0, 0, None, (), None, None, (), encode, note)
    bench = _Bench(reader)
    positions = bench.warm_up(seconds / (_ROUNDS + 1))
    rounds = [bench.measure(positions) for _ in range(_ROUNDS if positions else 0)]
    size = sum(bench.size(position) for position in positions)
    stages = _stages(rounds, len(positions), size, bench.has_records)
    decode = tuple(
        DecodePace(name, text, statistics.median(one.by_attribute[name] for one in rounds) / len(positions))
        for name, text in (bench.vectorizers if rounds else {}).items()
    )
    limits = [bench.walk(positions) for _ in range(_ROUNDS)] if bench.has_records and positions else []
    return BenchReport(
        path=reader.path,
        status=reader.status.value,
        container=reader.manifest.container,
        batches=len(positions),
        planned=len(reader.store.plan),
        size_bytes=size,
        limit=_pace("limit", statistics.median(limits), len(positions), size) if limits else None,
        stages=stages,
        load=_pace("load", sum(one.seconds_per_batch for one in stages) * len(positions), len(positions), size)
        if stages
        else None,
        limiting=_limiting(stages, decode),
        decode=decode,
        encode=encode,
        note=note,
    )


class _Bench:
    """Does the stages of batches one by one."""

    def __init__(self, reader: BatchReader) -> None:
        self.reader = reader
        self.has_records = isinstance(reader.contexts, RecordStash)
        self._contexts = _unverified(reader.contexts)
        shown = reader.shown
        self._reader = ContextReader(reader.store, self._contexts, shown)
        self._groups = [
            number for number, group in enumerate(reader.manifest.groups) if shown.intersection(group.attributes)
        ]
        self._decoders: Mapping[str, Callable[[Any], Any]] = {}
        self.vectorizers: Mapping[str, str] = {}
        """By attribute what decodes it."""
        if isinstance(reader, StashReader):
            fields = {name: bound for name, bound in reader.stash.codec.fields.items() if name in shown}
            self._decoders = {name: bound.decode for name, bound in fields.items()}
            self.vectorizers = {name: describe_vectorizer(bound) for name, bound in fields.items()}

    def size(self, position: int) -> int:
        """The bytes of the records of a batch."""
        return sum(receipt.length for receipt in self._receipts(position))

    def _receipts(self, position: int) -> list[Receipt]:
        found = [self.reader.store.index.receipt(group, position) for group in self._groups]
        return [receipt for receipt in found if receipt is not None]

    def warm_up(self, seconds: float) -> list[int]:
        """Read batches for some time, so that their bytes are in memory; which these are."""
        done: list[int] = []
        size = 0
        until = perf_counter() + seconds
        for position in range(len(self.reader.store.plan)):
            if len(self._receipts(position)) < len(self._groups):
                continue  # it is not committed yet
            if done and (perf_counter() > until or size > _MOST_BYTES):
                break
            self.measure([position])
            done.append(position)
            size += self.size(position)
        return done

    def measure(self, positions: Sequence[int]) -> _Times:
        """The seconds of each stage, added up over batches."""
        times = _Times(by_attribute=dict.fromkeys(self._decoders, 0.0))
        for position in positions:
            fetching = self._fetch(position, times) if self.has_records else 0.0
            began = perf_counter()
            contexts = self._reader.read(position)
            loaded = perf_counter() - began
            if self.has_records:
                times.decode += max(0.0, loaded - fetching)  # what it fetched was measured before
            else:
                times.read += loaded
            for name, decode in self._decoders.items():
                began = perf_counter()
                decode(contexts[name])
                spent = perf_counter() - began
                times.by_attribute[name] += spent
                times.decode += spent
        return times

    def _fetch(self, position: int, times: _Times) -> float:
        """Read and verify the records of a batch; the seconds until they were there."""
        records, receipts = self._records, self._receipts(position)
        began = perf_counter()
        views = [records.get(receipt) for receipt in receipts]
        fetched = perf_counter()
        _touch(views)
        touched = perf_counter()
        for view in views:
            xxh3_64_intdigest(view)
        times.read += touched - began
        times.verify += perf_counter() - touched
        return fetched - began

    def walk(self, positions: Sequence[int]) -> float:
        """The seconds of touching the bytes of batches where they lie in memory."""
        records = self._records
        views = [records.get(receipt) for position in positions for receipt in self._receipts(position)]
        began = perf_counter()
        _touch(views)
        return perf_counter() - began

    @property
    def _records(self) -> Any:
        return self._contexts.records  # type: ignore[attr-defined]  # only asked where there are some


def _touch(views: Iterable[memoryview]) -> None:
    """Read every byte."""
    for view in views:
        np.maximum.reduce(np.frombuffer(view, dtype=np.uint8))


def _unverified(contexts: ContextStore) -> ContextStore:
    """The same records, read without a checksum."""
    if not isinstance(contexts, RecordStash):
        return contexts
    view = copy.copy(contexts)
    view.verify = "never"
    return view


def _pace(name: str, seconds: float, batches: int, size: int) -> StagePace:
    seconds = max(seconds, 1e-9)  # what is quicker than the clock
    return StagePace(name, seconds / batches, batches / seconds, size / seconds)


def _stages(rounds: Sequence[_Times], batches: int, size: int, has_records: bool) -> tuple[StagePace, ...]:
    if not rounds:
        return ()
    names = ("read", "verify", "decode") if has_records else ("read", "decode")
    return tuple(_pace(name, statistics.median(getattr(one, name) for one in rounds), batches, size) for name in names)


def _limiting(stages: Sequence[StagePace], decode: Sequence[DecodePace]) -> str | None:
    if not stages:
        return None
    slowest = max(stages, key=lambda stage: stage.seconds_per_batch)
    if slowest.name == "decode" and decode:
        most = max(decode, key=lambda one: one.seconds_per_batch)
        if most.seconds_per_batch > slowest.seconds_per_batch / 2:
            return f"decode of {most.attribute!r} by {most.vectorizer}"
    return slowest.name
