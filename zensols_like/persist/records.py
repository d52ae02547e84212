"""Records: the bytes of one value under one key and group, and the places where they lie.

A `RecordStore` keeps bytes and hands out a `Receipt` for each record; a `RecordStash` is a stash whose values lie in
one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xxhash import xxh3_64, xxh3_64_intdigest

from zensols_like.errors import CorruptBatch, PersistableError
from zensols_like.persist.folder import StoreFolder
from zensols_like.persist.formats import Alike, Format, find_format
from zensols_like.persist.forms import Form, FormCache
from zensols_like.persist.frame import REPAIR, Frame, layout_of, size_of, unframe
from zensols_like.persist.framing import Records, frame, frame_all
from zensols_like.persist.names import group_name, require_text
from zensols_like.persist.receipt import Receipt, ReceiptColumns, ReceiptRun
from zensols_like.persist.stash import Stash

__all__ = [
    "RecordStash",
    "RecordStore",
    "read_record",
    "read_records",
    "write_record",
    "write_records",
]

_VERIFY = ("always", "never")
_FORMS = FormCache()
_LARGE = 1 << 19
"""Bytes from which others should run meanwhile; it costs half a microsecond."""


class RecordStore(ABC):
    """Where the bytes of records lie."""

    @abstractmethod
    def put_all(self, runs: Iterable[Records]) -> list[ReceiptRun]:
        """Store runs of records, each record whole or not at all; they are durable after `flush`.

        When storing one fails, or making one, no receipt is given for any of them.

        Returns:
            Their receipts in order; those of a run in one piece, or in several where it lies in several files.
        """

    @abstractmethod
    def flush(self) -> None:
        """Force what was put to the disk."""

    @abstractmethod
    def close(self) -> None:
        """Flush, and let go of what is open for writing."""

    @abstractmethod
    def get(self, receipt: Receipt) -> memoryview:
        """The bytes of a record in private memory, where earlier loads may have been written into.

        Raises:
            CorruptBatch: The record is gone, or has another length.
        """

    def get_all(self, receipts: ReceiptColumns) -> list[memoryview] | None:  # noqa: ARG002 (for those that can)
        """The bytes of records as `get` gives them, in their order.

        Returns:
            The bytes of each; ``None`` where each has to be got by itself, as where one of them is gone.
        """
        return None

    def get_again(self, receipt: Receipt) -> memoryview:
        """The bytes of a record as they lie on the disk, in memory of its own.

        Raises:
            CorruptBatch: The record is gone, or has another length.
        """
        return self.get(receipt)

    @abstractmethod
    def find_all(self, group: str) -> Iterator[tuple[str, Receipt]]:
        """The records of a group by their headers, oldest first, without checksums; damaged ones are passed over."""

    @abstractmethod
    def files(self, group: str) -> list[str]:
        """The files with records of a group, as receipts name them."""

    @abstractmethod
    def delete(self, key: str, group: str) -> None:
        """Forget a record; nothing happens when it is absent."""

    @abstractmethod
    def where(self, receipt: Receipt) -> str:
        """How to call the place of a record in a message."""

    @abstractmethod
    def keep_only(self, files: Collection[str]) -> None:
        """Remove what a crash left behind; ``files`` are those with committed records."""

    @abstractmethod
    def clear(self) -> None:
        """Forget every record."""


def write_record(store: RecordStore, storage: Format, key: str, group: str, value: Any) -> Receipt:
    """Encode a value, put a frame around it and store it."""
    [(receipt,)] = write_records(store, storage, [([key], group, [value])])
    return receipt


def write_records(
    store: RecordStore, storage: Format, runs: Iterable[tuple[Sequence[str], str, Sequence[Any]]]
) -> list[ReceiptRun]:
    """Encode runs of values, put a frame around each value and store them.

    Args:
        store: Where they go.
        storage: How values become bytes.
        runs: Keys, the group, and a value for each key; those of an `Alike` are encoded at once where the format can.

    Returns:
        The receipts of all values, in order, each piece of one run.
    """
    return store.put_all(records for run in runs for records in _framed(storage, *run))


def _framed(storage: Format, keys: Sequence[str], group: str, values: Sequence[Any]) -> Iterator[Records]:
    encode_all = getattr(storage, "encode_all", None) if isinstance(values, Alike) else None
    if encode_all is not None:
        return frame_all(keys, group, storage.code, encode_all(values))
    return (frame(key, group, storage.code, storage.encode(value)) for key, value in zip(keys, values, strict=True))


def read_record(
    store: RecordStore, storage: Format, key: str, group: str, receipt: Receipt, verify: bool = True, once: bool = False
) -> Any:
    """Read a record, check that it is the right one and decode it.

    Args:
        store: Where it lies.
        storage: How values become bytes.
        key: Its key.
        group: Its group.
        receipt: Its receipt.
        verify: Whether checksums are compared.
        once: Whether no other records of the file are expected to be read, for which it would be made ready.

    Returns:
        The value; a mapping of which a record of the same layout was read before as a `Formed`.

    Raises:
        CorruptBatch: The bytes are damaged, gone or those of another record; names the key and the place.
        UnsafeError: Reading it would need code that is not allowed.
    """
    _, _, length, checksum, layout = receipt
    form = _FORMS.get((layout, length))
    if form is not None and (checksum != 0 or not verify):  # as all but the first one of a structure
        record = store.get_again(receipt) if once else store.get(receipt)
        if not verify or _digest_of(length)(record) == checksum:
            return form.over(record)
    return _read_unknown(store, storage, key, group, receipt, verify, once)


def read_records(
    store: RecordStore, storage: Format, keys: Sequence[str], group: str, receipts: ReceiptColumns, verify: bool = True
) -> Iterator[Any]:
    """Read records as `read_record` does, each when it is its turn; what leads to them is looked up together.

    Args:
        store: Where they lie.
        storage: How values become bytes.
        keys: Their keys.
        group: Their group.
        receipts: Their receipts.
        verify: Whether checksums are compared.

    Raises:
        CorruptBatch: The bytes of a record are damaged, gone or those of another one, when it is its turn.
    """
    records = store.get_all(receipts)
    forms = [] if records is None else [*map(_FORMS.get, zip(receipts.layouts, receipts.lengths, strict=True))]
    if records is None or None in forms:
        for key, receipt in zip(keys, receipts, strict=True):
            yield read_record(store, storage, key, group, receipt, verify)
        return
    # now, since the digest of a large record leaves nothing in the cache of what makes them
    values = [*map(Form.over, forms, records)]  # type: ignore[arg-type]  # there is no None
    if not verify:
        yield from values
        return
    digest = _digest_of(max(receipts.lengths, default=0))
    for number, (value, record, checksum) in enumerate(zip(values, records, receipts.checksums, strict=True)):
        if digest(record) == checksum:
            yield value
        else:  # it says what is wrong, or finds that an earlier load was written into
            yield read_record(store, storage, keys[number], group, receipts[number], verify)


def _read_unknown(
    store: RecordStore, storage: Format, key: str, group: str, receipt: Receipt, verify: bool, once: bool
) -> Any:
    """Read a record whose form is not known, or that is not what it should be."""
    _, _, length, checksum, layout = receipt
    # without a checksum to compare, what somebody wrote into an earlier load would pass for damage
    record = store.get_again(receipt) if once or (verify and checksum == 0) else store.get(receipt)
    digest = _digest_of(length)
    is_proven = checksum != 0 and verify and digest(record) == checksum
    if verify and checksum != 0 and not is_proven:
        # someone may have written into what an earlier load gave; on the disk it may still be as it was
        record = store.get_again(receipt)
        is_proven = digest(record) == checksum
    where = f"{store.where(receipt)}, key {key!r}" + (f", group {group!r}" if group else "")
    found = unframe(record, where, verify=verify and not is_proven)
    check_identity(found, storage, key, group, where)
    if verify and checksum != 0 and not is_proven:
        raise CorruptBatch("The record is not the one that was committed.", where, REPAIR)
    try:
        value = storage.decode(found.parts)
    except (CorruptBatch, PersistableError) as error:
        error.add_note(f"while reading {where}")
        raise
    if layout != 0 and layout == layout_of(record):
        form = Form.of(value, record, size_of(found.parts[0]))
        if form is not None:
            _FORMS.keep((layout, length), form, form.size)
    return value


def _digest_of(length: int) -> Callable[[memoryview], int]:
    """What makes the checksum of a record of this length."""
    return _digest_large if length > _LARGE else xxh3_64_intdigest


def _digest_large(record: memoryview) -> int:
    """The checksum of a record; other threads run meanwhile, as they do not in a single call."""
    return xxh3_64(record).intdigest()


def check_identity(found: Frame, storage: Format, key: str, group: str, where: str) -> None:
    """Refuse the record of another key, group or format.

    Raises:
        CorruptBatch: It is another one.
    """
    if (found.key, found.group) != (key, group):
        raise CorruptBatch(
            f"The record of key {found.key!r}, group {found.group!r}, lies in the place of another.",
            where,
            REPAIR,
        )
    if found.format != storage.code:
        raise CorruptBatch(
            f"The record was written in format number {found.format}; this reads number {storage.code}.",
            where,
            "set the option format of the stash to what it was when the record was written",
        )


@dataclass
class RecordStash(Stash, ABC):
    """A stash whose values lie as records."""

    format: str = field(default="record", kw_only=True)
    """How values become bytes: ``record`` is verified, safe to read and zero-copy; see `find_format`."""
    trusted: bool = field(default=False, kw_only=True, metadata={"fingerprint": False})
    """Whether reading may run code that a file names; only a format that is not safe asks for it."""
    verify: str = field(default="always", kw_only=True, metadata={"fingerprint": False})
    """When checksums are compared: ``always`` or ``never``.

    With ``never``, what is written into a tensor from a shard is there when the process loads it again: nothing tells
    that it is no longer what lies on the disk."""

    def __post_init__(self) -> None:
        if not isinstance(self.trusted, bool):
            raise PersistableError(
                f"The option trusted is {self.trusted!r}, neither True nor False.", None, "write True or False"
            )
        if self.verify not in _VERIFY:
            raise PersistableError(f"There is no verify = {self.verify!r}.", None, f"use one of {list(_VERIFY)}")
        self._storage = find_format(self.format, self.trusted)

    @property
    @abstractmethod
    def records(self) -> RecordStore:
        """Where the bytes lie."""

    @property
    @abstractmethod
    def folder(self) -> StoreFolder:
        """Where what stands beside the records lies."""

    @property
    @abstractmethod
    def container(self) -> str:
        """The kind of store, as the manifest calls it."""

    @abstractmethod
    def grouping(self, attributes: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """How attributes are grouped into records, each group sorted.

        Raises:
            PersistableError: An attribute belongs to no group.
        """

    def group_key(self, group: Collection[str]) -> str:
        """The name of a group in the records."""
        return group_name(group)

    def put_all(self, runs: Iterable[tuple[Sequence[str], str, Sequence[Any]]]) -> list[ReceiptRun]:
        """Store runs of values, see `write_records`; when one fails, no receipt is given for any of them."""
        return write_records(self.records, self._storage, runs)

    def put(self, key: str, group: str, value: Any) -> Receipt:
        """Store the value of a group.

        Raises:
            PersistableError: The key is no string.
        """
        require_text(key)
        return write_record(self.records, self._storage, key, group, value)

    def encode_parts(self, key: str, parts: Mapping[str, Any]) -> list[Records]:
        """What a key has in several groups as records that are not stored yet, so that none is where one fails.

        Args:
            key: The key.
            parts: The value of each group, by the name of the group.

        Raises:
            PersistableError: The key is no string.
        """
        require_text(key)
        return [one for group, value in parts.items() for one in _framed(self._storage, [key], group, [value])]

    def find_all(self, group: str) -> Iterator[tuple[str, Receipt]]:
        """The records of a group by their headers, oldest first, without checksums; damaged ones are passed over."""
        return self.records.find_all(group)

    def prove(self, key: str, group: str, receipt: Receipt) -> Receipt:
        """Read a record that was found, and add its checksum and layout.

        Raises:
            CorruptBatch: It is damaged, or another one.
        """
        record = self.records.get_again(receipt)
        where = f"{self.records.where(receipt)}, key {key!r}"
        check_identity(unframe(record, where), self._storage, key, group, where)
        return receipt._replace(checksum=xxh3_64_intdigest(record), layout=layout_of(record))

    def flush(self) -> None:
        """Force what was put to the disk."""
        self.records.flush()

    def close(self) -> None:
        """Flush, and let go of what is open for writing."""
        self.records.close()

    def keep_only(self, files: Iterable[str]) -> None:
        """Remove what a crash left behind; the files named are those with committed records."""
        self.records.keep_only(frozenset(files))

    def get_part(self, key: str, group: str, receipt: Receipt, once: bool = False) -> Any:
        """Load the value of a group; see `read_record`.

        Returns:
            The value; a mapping may come as one whose objects are made when they are asked for.

        Raises:
            CorruptBatch: The record is damaged or gone.
        """
        return read_record(self.records, self._storage, key, group, receipt, self.verify == "always", once)

    def get_parts(self, keys: Sequence[str], group: str, receipts: ReceiptColumns) -> Iterator[Any]:
        """Load values of a group, each when it is its turn; see `read_records`.

        Raises:
            CorruptBatch: A record is damaged or gone.
        """
        return read_records(self.records, self._storage, keys, group, receipts, self.verify == "always")
