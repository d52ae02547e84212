"""Many records in few files: appended by their writers, mapped once by their readers."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from operator import add, eq
from pathlib import Path
from typing import Any, NamedTuple

from xxhash import xxh3_64_intdigest

from zensols_like.errors import CorruptBatch, PersistableError
from zensols_like.persist.frame import ALIGNMENT, MAGIC, REPAIR, frame_size, layout_of, unframe
from zensols_like.persist.framing import Records
from zensols_like.persist.grouped import GroupedStash
from zensols_like.persist.mapped import map_file
from zensols_like.persist.names import require_text
from zensols_like.persist.receipt import Receipt, ReceiptColumns, ReceiptRun
from zensols_like.persist.records import RecordStore
from zensols_like.persist.shardwriter import ShardWriter

__all__ = ["ShardRecords", "ShardStash"]

_SUFFIX = ".shard"
_NAME = re.compile(r"[0-9]{6,}-[0-9a-f]{8}\.shard")
_MARK = re.compile(r"\0[0-9a-f]{8}\Z")
"""What follows the key of a value that `ShardStash.dump` stored, and tells its records from others of that key."""


def _is_ours(path: Path) -> bool:
    """Whether a file is named as a shard is, and not a file of somebody else that lies beside them."""
    return _NAME.fullmatch(path.name) is not None


class ShardRecords(RecordStore):
    """Records in shards: ``root/<group>/<number>-<token>.shard``, each written by one process.

    A shard is never written to again by another process or run: what a crash leaves of a record at its end is never
    referred to.  Committed bytes stay where they are, so that what was loaded stays valid.

    Args:
        root: The folder.
        limit: The size in bytes from which a new shard is begun.
    """

    def __init__(self, root: Path, limit: int = 1 << 30) -> None:
        self.root = root
        self._limit = limit
        self._process = os.getpid()
        self._writers: dict[str, ShardWriter] = {}
        self._maps: dict[str, memoryview] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"root": self.root, "_limit": self._limit}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["root"], state["_limit"])  # type: ignore[misc]  # as it was made, with nothing open

    def put_all(self, runs: Iterable[Records]) -> list[ReceiptRun]:
        """Append records; they are durable after `flush`."""
        receipts: list[ReceiptRun] = []
        try:
            for records in runs:
                done = 0
                while done < len(records.keys):  # a shard ends where its limit says, also within a run
                    writer = self._writer(records.group)
                    room = max(1, -(-(self._limit - writer.end) // records.stride))
                    some = records.part(done, done + room)
                    receipts.append(some.receipts(writer.name, writer.end))
                    writer.append(some)
                    done += len(some.keys)
            for writer in self._writers.values():
                writer.write()
        except BaseException:
            for writer in self._writers.values():
                writer.forget()
            raise
        return receipts

    def _writer(self, group: str) -> ShardWriter:
        if self._process != os.getpid():  # after a fork: the shards are the parent's
            self._process = os.getpid()
            while self._writers:
                self._writers.popitem()[1].close()
        writer = self._writers.get(group)
        if writer is None or writer.is_torn or writer.end >= self._limit:
            if writer is not None:
                writer.write()
                self._flush(group)  # what was put before may be committed, also where a later write failed
                self._writers.pop(group).close()
            number = 1 + max((int(path.name.split("-")[0]) for path in self.shards(group)), default=-1)
            writer = ShardWriter(self.root, f"{group}/{number:06d}-{uuid.uuid4().hex[:8]}{_SUFFIX}")
            self._writers[group] = writer
        return writer

    def flush(self) -> None:
        """Force all records that this process put to the disk."""
        for group in tuple(self._writers):
            self._flush(group)

    def _flush(self, group: str) -> None:
        try:
            self._writers[group].flush()
        except OSError:
            self._writers.pop(group).close()  # the system tells of a failure once: nothing may follow in this shard
            raise

    def close(self) -> None:
        """Flush, and begin new shards from here on."""
        self.flush()
        while self._writers:
            self._writers.popitem()[1].close()

    def shards(self, group: str) -> list[Path]:
        """The files of a group, in the order in which they were begun."""
        return sorted(filter(_is_ours, (self.root / group).glob(f"*{_SUFFIX}")))

    def get(self, receipt: Receipt) -> memoryview:
        """A record in the map of its shard, which is shared by all loads of this process."""
        file, offset, length, _, _ = receipt
        shard = self._maps.get(file)
        end = offset + length
        if shard is None or end > len(shard):
            shard = self._maps[file] = self._map(receipt)
        return shard[offset:end]

    def get_all(self, receipts: ReceiptColumns) -> list[memoryview] | None:
        """Records in the maps of their shards; ``None`` where a shard is not mapped as far as its record."""
        maps, places = self._maps, map(slice, receipts.offsets, map(add, receipts.offsets, receipts.lengths))
        try:
            records = [maps[file][place] for file, place in zip(receipts.files, places, strict=True)]
        except KeyError:
            return None
        return records if all(map(eq, map(len, records), receipts.lengths)) else None

    def get_again(self, receipt: Receipt) -> memoryview:
        """A record read anew, shared with nobody."""
        data = bytearray(receipt.length)
        try:
            with (self.root / receipt.file).open("rb") as file:
                file.seek(receipt.offset)
                read = file.readinto(data)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise self._gone(receipt) from error
        if read < receipt.length:
            raise self._gone(receipt)
        return memoryview(data)

    def _map(self, receipt: Receipt) -> memoryview:
        try:
            data = map_file(self.root / receipt.file)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise self._gone(receipt) from error
        if receipt.offset + receipt.length > len(data):
            raise self._gone(receipt)
        return data

    def _gone(self, receipt: Receipt) -> CorruptBatch:
        return CorruptBatch("A record is gone, or its shard is cut.", self.where(receipt), REPAIR)

    def delete(self, key: str, group: str) -> None:
        """Refused: a shard only grows.

        Raises:
            PersistableError: Always.
        """
        raise PersistableError(
            f"The record of key {key!r}, group {group!r}, cannot be deleted alone.",
            str(self.root),
            "clear() removes all; use a directory of records where keys come and go",
        )

    def where(self, receipt: Receipt) -> str:
        """The file and the offset."""
        return f"{self.root / receipt.file} at {receipt.offset}"

    def keep_only(self, files: Collection[str]) -> None:
        """Remove the shards that are not named, as those that a crash left without a committed record."""
        for path in filter(_is_ours, self.root.glob(f"*/*{_SUFFIX}")):
            name = str(path.relative_to(self.root))
            if name not in files:
                self._maps.pop(name, None)
                path.unlink()

    def clear(self) -> None:
        """Remove every shard, and the folders that are empty then; what else lies there stays."""
        while self._writers:
            self._writers.popitem()[1].close()
        self._maps.clear()
        self.keep_only(())
        for folder in (*self.root.glob("*/"), self.root):
            with suppress(FileNotFoundError, NotADirectoryError):
                if not any(folder.iterdir()):
                    folder.rmdir()

    def scan(self, group: str) -> Iterator[tuple[str, Receipt]]:
        """The records of a group by their frames, oldest first; what is torn at the end of a shard is passed over."""
        for path in self.shards(group):
            data = map_file(path)
            offset = 0
            while offset < len(data):
                try:
                    length = frame_size(data[offset:], str(path))
                    found = unframe(data[offset : offset + length], str(path))
                except CorruptBatch:
                    if _next_header(data, offset) < len(data):
                        raise  # records follow: this is damage, and no torn end
                    break
                record = data[offset : offset + length]
                file = str(path.relative_to(self.root))
                yield found.key, Receipt(file, offset, length, xxh3_64_intdigest(record), layout_of(record))
                offset += length + -length % ALIGNMENT

    def files(self, group: str) -> list[str]:
        """The shards."""
        return [str(path.relative_to(self.root)) for path in self.shards(group)]

    def find_all(self, group: str) -> Iterator[tuple[str, Receipt]]:
        """The records of a group by their headers; after a damaged one the next that has a header."""
        for path in self.shards(group):
            data = map_file(path)
            offset = 0
            while offset < len(data):
                try:
                    length = frame_size(data[offset:], str(path))
                    found = unframe(data[offset : offset + length], str(path), verify=False)
                except CorruptBatch:
                    offset = _next_header(data, offset)
                else:
                    yield found.key, Receipt(str(path.relative_to(self.root)), offset, length, 0)
                    offset += length + -length % ALIGNMENT


def _next_header(shard: memoryview, offset: int) -> int:
    """Where after an offset the next record begins, by its magic; the end of the shard when none does."""
    later = range(offset + ALIGNMENT, len(shard), ALIGNMENT)
    return next((at for at in later if shard[at : at + len(MAGIC)] == MAGIC), len(shard))


class _Stored(NamedTuple):
    """Where a value lies."""

    key: str
    """The key of its records."""
    receipts: dict[str, Receipt]
    """Its record in each group."""


@dataclass
class ShardStash(GroupedStash):
    """Mappings from names to values, in few large files, with a record for each key and group of names.

    Values are added and replaced, and cleared all at once.  Without the books of a `BatchStash` a key is found by
    reading the frames of all records once.  The records of a value have a mark in common, so that one of which a crash
    left no more than a part is passed over, and what was there before stays.

    Args:
        path: The folder; it is made by the first `dump`.
        groups: The groups of names.
        shard_size: The size in bytes from which a new file is begun.
    """

    shard_size: int = field(default=1 << 30, kw_only=True)
    """The size in bytes from which a new file is begun."""

    SHARD_DIRECTORY_NAME = "shards"
    """The sub-folder with a folder for each group."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._shards = ShardRecords(self.path / self.SHARD_DIRECTORY_NAME, self.shard_size)
        self._found: dict[str, _Stored] | None = None

    @property
    def records(self) -> ShardRecords:
        """The shards."""
        return self._shards

    @property
    def container(self) -> str:
        """Few files with many records."""
        return "shards"

    def _values(self) -> dict[str, _Stored]:
        """Where the values lie, by key."""
        if self._found is None:
            self._found = self._find_values()
        return self._found

    def _find_values(self) -> dict[str, _Stored]:
        groups = [self.group_key(group) for group in self.groups]
        stored: dict[str, dict[str, Receipt]] = {}
        for group in groups:
            for key, receipt in self._shards.scan(group):
                stored.setdefault(key, {})[group] = receipt
        # of the whole values of a key the one that was stored last
        return {
            _MARK.sub("", key): _Stored(key, receipts)
            for key, receipts in stored.items()
            if len(receipts) == len(groups)
        }

    def load(self, name: str) -> Any:
        """The value of a key; ``None`` when absent."""
        stored = self._values().get(name)
        if stored is None:
            return None
        value: dict[str, Any] = {}
        for group, receipt in stored.receipts.items():
            value.update(self.get_part(stored.key, group, receipt))
        return value

    def dump(self, name: str, inst: Any) -> None:
        """Store a mapping, whole or not at all.

        Raises:
            MissingDataKeysError: It lacks names of a group.
            PersistableError: It has names that are in no group.
        """
        require_text(name)
        values, parts = self._values(), self.parts_of(name, inst)
        key = f"{name}\0{uuid.uuid4().hex[:8]}"
        runs = self._shards.put_all(self.encode_parts(key, parts))
        self._shards.flush()
        receipts = [receipt for run in runs for receipt in run]
        values[name] = _Stored(key, dict(zip(parts, receipts, strict=True)))

    def delete(self, name: str) -> None:
        """Refused, unless the key is absent: a shard only grows.

        Raises:
            PersistableError: The key is there.
        """
        if self.exists(name):
            self._shards.delete(name, "")

    def exists(self, name: str) -> bool:
        """Whether the key is there."""
        return name in self._values()

    def keys(self) -> Iterable[str]:
        """The keys, sorted."""
        return sorted(self._values())

    def clear(self) -> None:
        """Remove every shard."""
        self._found = None
        self._shards.clear()

    def __getstate__(self) -> dict[str, Any]:
        """Without what was found, which is found again."""
        return {**vars(self), "_found": None}
