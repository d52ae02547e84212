"""What lies in a store: the manifest, the plan, and the index of what is committed.

Committed means journaled: the bytes of a batch are durable before its line is.  Of a complete store the index says what
is committed, also what was stored last, which has no line.  Everything here can be read without a class of a user and
without a configuration.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from zensols_like.batch.contexts import ContextStore
from zensols_like.batch.index import Commit, Index, journal_lines, read_journal
from zensols_like.batch.manifest import Manifest, Status, repair_with
from zensols_like.batch.mend import find_index, prove_index
from zensols_like.batch.plan import Plan
from zensols_like.books import MANIFEST
from zensols_like.errors import CorruptBatch, MissingBatchError, StaleError, UnsafeError
from zensols_like.persist import Receipt, RecordStash, StoreFolder
from zensols_like.persist.formats import find_format
from zensols_like.persist.frame import unframe
from zensols_like.persist.framing import frame

__all__ = ["ENCODE", "BatchStore"]

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

PLAN = "plan.rec"
JOURNAL = "journal.jsonl"
INDEX = "index.rec"
MEND = f"{repair_with()}; or clear the store and encode again"
"""What to do about a plan or an index that is damaged."""
ENCODE = "run: zensols-like encode -c FILE; in Python: stash.prime()"
"""What to do about batches that are not there."""
_GENERATED = ("plan", "journal", "index")
"""What has a file for each generation, so that the manifest alone switches from one to the next."""


class BatchStore:
    """The books of a store of batches: manifest, plan, journal and index.

    Args:
        folder: Where they lie.
        contexts: Where the contexts lie, by which an index is made again that is damaged.

    Attributes:
        index_damage: What is wrong with the index, where it was made again in memory.
        opening: Another object after each `refresh`, by which those who share the books see that there was one.
    """

    def __init__(self, folder: StoreFolder, contexts: ContextStore | None = None) -> None:
        self.folder = folder
        self.contexts = contexts
        self.index_damage: CorruptBatch | None = None
        self.opening = object()
        self._is_proven = True
        self._manifest: Manifest | None = None
        self._plan: Plan | None = None
        self._index: Index | None = None

    @property
    def location(self) -> str:
        """How to call the store in a message."""
        return self.folder.location

    def refresh(self) -> None:
        """Forget what was read, since another process may have gone on."""
        self._manifest = self._plan = self._index = self.index_damage = None
        self._is_proven = True
        self.opening = object()

    @property
    def manifest(self) -> Manifest | None:
        """The manifest; ``None`` when there is no store.

        Raises:
            CorruptBatch: It is damaged.
        """
        if self._manifest is None:
            data = self.folder.read(MANIFEST)
            if data is not None:
                self._manifest = Manifest.from_json(bytes(data), f"{self.location}/{MANIFEST}")
        return self._manifest

    def require_manifest(self) -> Manifest:
        """The manifest.

        Raises:
            MissingBatchError: There is no store.
        """
        manifest = self.manifest
        if manifest is None:
            raise MissingBatchError("There is no store of batches.", self.location, ENCODE)
        return manifest

    @property
    def status(self) -> Status:
        """Absent, partial or complete, from the manifest alone."""
        if self.manifest is None:
            return Status.ABSENT
        return Status.COMPLETE if self.is_complete else Status.PARTIAL

    @property
    def is_complete(self) -> bool:
        """Whether the manifest says that everything is committed."""
        return self.manifest is not None and self.manifest.is_complete

    @property
    def is_begun_only(self) -> bool:
        """Whether a store was begun, and nothing is committed yet."""
        return self.manifest is not None and not self.is_complete and self.index.is_empty

    @property
    def plan(self) -> Plan:
        """Which data points make which batch.

        Raises:
            MissingBatchError: There is no store.
            CorruptBatch: The plan is damaged, or another one than the manifest says.
        """
        if self._plan is None:
            manifest = self.require_manifest()
            plan = self._read_value(_name(PLAN, manifest.generation), Plan.from_value)
            if plan.digest != manifest.plan["digest"]:
                self.require_current()
                raise CorruptBatch(
                    "The plan is not the one that the manifest names.",
                    f"{self.location}/{_name(PLAN, manifest.generation)}",
                    MEND,
                )
            self._plan = plan
        return self._plan

    @property
    def index(self) -> Index:
        """What is committed; of a complete store whose index is damaged, what the records themselves say."""
        if self._index is None:
            manifest = self.require_manifest()
            if manifest.is_complete:
                self._index = self._read_index(manifest)
            else:
                self._index = Index.empty(len(manifest.groups), manifest.plan["batches"])
                journal = self.folder.read(_name(JOURNAL, manifest.generation))
                self._index.add_all(read_journal(bytes(journal or b"")))
        return self._index

    def _read_index(self, manifest: Manifest) -> Index:
        name = _name(INDEX, manifest.generation)
        try:
            index = self._read_value(name, Index.from_value)
            if index.digest != manifest.index["digest"]:
                raise CorruptBatch("The index is not the one that the manifest names.", f"{self.location}/{name}", MEND)
            return index
        except CorruptBatch as error:
            self.require_current()  # else these are the records of others
            if self.contexts is None:
                raise
            self.index_damage = error
            logger.warning("the index is damaged, so that records are found by their headers: %s", error)
            self._is_proven = False
            found = find_index(manifest, self.contexts)
            if manifest.generation > 0:  # older records may lie there still: none may pass for one that is lost
                found, self._is_proven = prove_index(found, manifest, self.contexts), True
                if found.digest != manifest.index["digest"]:
                    raise CorruptBatch(
                        f"{error.what} And not every record is there that it named.",
                        error.where,
                        "restore the file from a copy, or clear the store and encode again",
                    ) from error
            return found

    def prove_index(self) -> None:
        """Read every record, where the index is damaged, so that what is written of it again has their checksums."""
        index = self.index
        if not self._is_proven and self.contexts is not None:
            self._is_proven = True
            self._index = prove_index(index, self.require_manifest(), self.contexts)

    def mend_index(self) -> None:
        """Write the index of a complete store again, where it is damaged."""
        self.prove_index()
        if self.index_damage is not None:
            self._write_value(_name(INDEX, self.require_manifest().generation), self.index.as_value())
            self.index_damage = None

    def mend_plan(self, plan: Plan) -> bool:
        """Write the plan again, where it is damaged; whether this plan is the one that the manifest names."""
        manifest = self.require_manifest()
        named = plan.with_digest(manifest.plan["digest"])
        if named is None:
            return False
        try:
            self.plan  # noqa: B018 (is it sound?)
        except CorruptBatch:
            self._write_value(_name(PLAN, manifest.generation), named.as_value())
            self._plan = named
        return True

    def begin(self, manifest: Manifest, plan: Plan, kept: Sequence[Commit] = ()) -> None:
        """Write down what belongs in the store, before the first batch is encoded.

        Args:
            manifest: What belongs in the store; of another generation than one that is there.
            plan: Which data points make which batch.
            kept: Records of the generation before that belong to this one, too.
        """
        number = manifest.generation
        self._write_value(_name(PLAN, number), plan.as_value())
        if kept:
            self.folder.write(_name(JOURNAL, number), [journal_lines(kept)])
        else:
            self.folder.remove(_name(JOURNAL, number))  # left by whoever was stopped while clearing
        self._write_manifest(manifest)
        self._plan = plan
        self._index = self.index_damage = None
        self._is_proven = True
        self._sweep()

    def _sweep(self) -> None:
        """Remove the files of other generations."""
        manifest = self.manifest
        own = () if manifest is None else {_name(name, manifest.generation) for name in (PLAN, JOURNAL, INDEX)}
        for name in self.folder.names():
            if name.startswith(_GENERATED) and name not in own:
                self.folder.remove(name)

    def commit(self, commits: Iterable[Commit]) -> None:
        """Journal records that are durable."""
        done = list(commits)
        index = self.index
        self.folder.append(_name(JOURNAL, self.require_manifest().generation), journal_lines(done))
        index.add_all(done)

    def finish(self, **changes: Any) -> None:
        """Fold the journal into the index and declare the store complete.

        Args:
            changes: Fields of the manifest that are known only now.

        Raises:
            MissingBatchError: Something is not committed.
        """
        missing = self.index.missing()
        if missing:
            raise MissingBatchError(
                f"{len(missing)} of {len(self.plan)} batches are not committed, as {str(missing[0])!r}.",
                self.location,
                ENCODE,
            )
        manifest = self.require_manifest()
        self._write_value(_name(INDEX, manifest.generation), self.index.as_value())
        self._write_manifest(replace(manifest, is_complete=True, index={"digest": self.index.digest}, **changes))
        self.folder.remove(_name(JOURNAL, manifest.generation))

    def clear(self) -> None:
        """Forget the store; the manifest goes first, so that a crash leaves an absent store."""
        self.folder.remove(MANIFEST)
        self.refresh()
        self._sweep()

    def require_current(self) -> None:
        """Refuse to go on when another process has encoded the store again, or cleared it, since it was opened.

        Raises:
            StaleError: It has.
        """
        try:
            now = BatchStore(self.folder).manifest
        except CorruptBatch:
            return  # who told that something is damaged knows better what
        if self._manifest is not None and (now is None or now.edition != self._manifest.edition):
            what = "cleared" if now is None else "encoded again"
            raise StaleError(
                f"The store was {what} since it was opened.",
                self.location,
                "open it again: make the stash anew, or call its deallocate()",
            )

    def require_receipt(self, group: int, position: int) -> Receipt:
        """The receipt of a record.

        Raises:
            MissingBatchError: It is not committed yet.
            CorruptBatch: It is gone, and so is the index.
        """
        receipt = self.index.receipt(group, position)
        if receipt is None and self.is_complete:
            raise CorruptBatch(
                f"The record of batch {str(position)!r} is damaged or gone, and so is the index.", self.location, MEND
            )
        if receipt is None:
            raise MissingBatchError(
                f"Batch {str(position)!r} is planned, but not committed yet.",
                self.location,
                ENCODE,
            )
        return receipt

    def content_digest(self, delegate: RecordStash) -> str:
        """A digest of everything that is stored, wherever it lies: equal digests mean equal bytes.

        Returns:
            The sha256 over key, group and record of each batch and group, in the order of the plan.
        """
        total = hashlib.sha256()
        for position in range(len(self.plan)):
            for number, group in enumerate(self.require_manifest().groups):
                total.update(json.dumps([str(position), group.key]).encode())
                total.update(delegate.records.get_again(self.require_receipt(number, position)))
        return total.hexdigest()

    def _write_manifest(self, manifest: Manifest) -> None:
        self.folder.write(MANIFEST, [manifest.to_json()])
        self._manifest = manifest

    def _write_value(self, name: str, value: Mapping[str, Any]) -> None:
        storage = find_format("record")
        self.folder.write(name, frame(name, "", storage.code, storage.encode(dict(value))).pieces)

    def _read_value(self, name: str, make: Callable[[Any], _T]) -> _T:
        """What a file of the store holds."""
        data = self.folder.read(name)
        where = f"{self.location}/{name}"
        if data is None:
            self.require_current()
            raise CorruptBatch("A file of the store is gone.", where, MEND)
        try:
            found = unframe(data, where)
            value = find_format("record").decode(found.parts)
        except (CorruptBatch, UnsafeError) as error:
            raise CorruptBatch(error.what, where, MEND) from error
        if found.key != name:
            raise CorruptBatch(f"The file holds {found.key!r}.", where, MEND)
        try:
            return make(value)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise CorruptBatch(f"The file holds something else than its name says: {error!r}.", where, MEND) from error


def _name(name: str, generation: int) -> str:
    """The file of a generation: ``plan.rec``, then ``plan-1.rec`` and so on."""
    stem, dot, suffix = name.partition(".")
    return name if generation == 0 else f"{stem}-{generation}{dot}{suffix}"
