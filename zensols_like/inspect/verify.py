"""Whether the bytes of a store are those that were committed; reads one record after the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from xxhash import xxh3_64_intdigest

from zensols_like.batch.index import Index
from zensols_like.batch.plan import Plan
from zensols_like.errors import BatchError, CorruptBatch
from zensols_like.inspect.reader import BatchReader, StashReader
from zensols_like.inspect.report import Report
from zensols_like.persist import Receipt, RecordStash

__all__ = ["Damage", "Tier", "VerifyReport", "repair_store", "report_unreadable", "verify_store"]


class Tier(Enum):
    """How much of a store is looked at."""

    SIZES = "sizes"
    """Whether each record is there with its size."""
    CHECKSUMS = "checksums"
    """And whether its bytes are those that were committed."""
    DEEP = "deep"
    """And whether they decode."""


@dataclass(frozen=True)
class Damage:
    """Something that is not as it was committed."""

    file: str
    what: str
    batch_id: str | None = None
    """``None`` where it is one of the books."""
    split: str | None = None
    group: str | None = None
    """``None`` where all groups of the batch are sound, and do not decode."""


@dataclass(frozen=True)
class VerifyReport(Report):
    """What is damaged in a store."""

    kind: ClassVar[str] = "verify"

    path: str
    status: str
    tier: str
    batches: int
    committed: int
    records: int
    """Those that were looked at."""
    size_bytes: int
    """Of these."""
    damaged: tuple[Damage, ...]
    repaired: tuple[str, ...] = ()
    """The IDs of the batches that were damaged, and are encoded again."""
    mended: tuple[str, ...] = ()
    """The books that were damaged, and are written again."""


def report_unreadable(path: str, error: CorruptBatch, tier: Tier) -> VerifyReport:
    """A store whose manifest is damaged, so that nothing more can be said."""
    damage = Damage(error.where or path, error.what)
    return VerifyReport(path, "damaged", tier.value, 0, 0, 0, 0, (damage,))


def verify_store(
    reader: BatchReader, tier: Tier = Tier.CHECKSUMS, observe: Callable[[int, int], None] | None = None
) -> VerifyReport:
    """Look at every committed record.

    Args:
        reader: The batches.
        tier: How closely.
        observe: Is told how many batches of how many are done.

    Raises:
        MissingBatchError: There is no store.
        UnsafeError: A sound record holds what this process does not know, and decoding it was asked for.
    """
    path = reader.path
    try:
        manifest = reader.manifest
    except CorruptBatch as error:
        return report_unreadable(path, error, tier)
    total, committed, records, size = manifest.plan["batches"], 0, 0, 0
    plan, index, damaged = _books(reader)
    status = "damaged" if plan is None or index is None else reader.status.value
    if index is None:
        return VerifyReport(path, status, tier.value, total, 0, 0, 0, tuple(damaged))
    for position in range(total):
        split = None if plan is None else plan.split_of(position)
        receipts = list(_receipts(index, position))
        damaged += _damages(reader, position, split, receipts, tier)
        committed += len(receipts) == len(manifest.groups)
        records += len(receipts)
        size += sum(receipt.length for _, receipt in receipts)
        if observe is not None:
            observe(position + 1, total)
    return VerifyReport(path, status, tier.value, total, committed, records, size, tuple(damaged))


def _books(reader: BatchReader) -> tuple[Plan | None, Index | None, list[Damage]]:
    """The plan and the index, ``None`` where they cannot be read, and what is wrong with them."""
    plan, index, damaged = None, None, []
    try:
        plan = reader.store.plan
    except CorruptBatch as error:
        damaged.append(Damage(error.where or reader.path, error.what))
    try:
        index = reader.store.index
    except CorruptBatch as error:
        damaged.append(Damage(error.where or reader.path, error.what))
    else:
        found = reader.store.index_damage  # the records say themselves what is there
        damaged += [] if found is None else [Damage(found.where or reader.path, found.what)]
    return plan, index, damaged


def _receipts(index: Index, position: int) -> Iterator[tuple[int, Receipt]]:
    """The committed records of a batch, by the number of the group."""
    for number in range(len(index.file)):
        receipt = index.receipt(number, position)
        if receipt is not None:
            yield number, receipt


def _damages(
    reader: BatchReader, position: int, split: str | None, receipts: list[tuple[int, Receipt]], tier: Tier
) -> list[Damage]:
    """What is wrong with a batch."""
    batch_id, found = str(position), []
    if reader.manifest.is_complete:
        there = {number for number, _ in receipts}
        lost = (group.key for number, group in enumerate(reader.manifest.groups) if number not in there)
        found += [
            Damage(reader.path, "It is damaged or gone, and so is the index.", batch_id, split, key) for key in lost
        ]
    for number, receipt in receipts:
        group = reader.manifest.groups[number].key
        try:
            _require_sound(reader, batch_id, group, receipt, tier)
        except CorruptBatch as error:
            found.append(Damage(_place(reader, receipt), error.what, batch_id, split, group))
    if tier is Tier.DEEP and not found and len(receipts) == len(reader.manifest.groups):
        try:
            reader.columns(position, reader.attributes)
        except BatchError as error:
            found.append(Damage(error.where or reader.path, error.what, batch_id, split))
    return found


def _require_sound(reader: BatchReader, batch_id: str, group: str, receipt: Receipt, tier: Tier) -> None:
    """Refuse a record that is gone, or has another size or other bytes.

    Raises:
        CorruptBatch: It is.
    """
    contexts = reader.contexts
    if not isinstance(contexts, RecordStash):
        contexts.get_part(batch_id, group, receipt)  # all that another stash can say is whether it still has it
    elif tier is Tier.SIZES:
        contexts.records.get(receipt)
    elif receipt.checksum == 0:  # found without the index
        contexts.prove(batch_id, group, receipt)
    elif xxh3_64_intdigest(contexts.records.get_again(receipt)) != receipt.checksum:
        raise CorruptBatch("Its bytes are not those that were committed.")


def _place(reader: BatchReader, receipt: Receipt) -> str:
    contexts = reader.contexts
    return contexts.records.where(receipt) if isinstance(contexts, RecordStash) else reader.path


def repair_store(reader: StashReader, damaged: Collection[Damage]) -> None:
    """Encode damaged batches again, and no others; write a plan or an index again that is damaged.

    Args:
        reader: The batches of a configuration.
        damaged: What a verification found.

    Raises:
        StaleError: The configuration or the source would give something else.
        BatchError: The source no longer has a data point that is needed; nothing is changed then.
    """
    names = list(dict.fromkeys(one.batch_id for one in damaged if one.batch_id is not None))
    plan, *_ = _books(reader)
    if plan is not None:  # before anything is given up
        for name in names:
            reader.stash.create_data_points(plan.ids(int(name)))
    if damaged:
        reader.stash.repair(names)
