"""Where the contexts of batches lie: in records, or in any other stash."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from zensols_like.errors import CorruptBatch
from zensols_like.persist import (
    DictionaryStash,
    FileFolder,
    MemoryFolder,
    Receipt,
    ReceiptColumns,
    ReceiptRun,
    RecordStash,
    Stash,
    StoreFolder,
    innermost,
)
from zensols_like.vectorize import NullFeatureContext

__all__ = ["ContextStore", "StashContexts", "contexts_in", "is_unlabeled"]


class ContextStore(Protocol):
    """Where the contexts of batches lie, by batch and group of attributes; a `RecordStash` is one."""

    @property
    def folder(self) -> StoreFolder:
        """Where the books of the store lie."""

    @property
    def container(self) -> str:
        """The kind of store."""

    @property
    def format(self) -> str:
        """How contexts become bytes."""

    def grouping(self, attributes: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """How attributes are grouped."""

    def group_key(self, group: Collection[str]) -> str:
        """The name of a group."""

    def put_all(self, runs: Iterable[tuple[Sequence[str], str, Sequence[Any]]]) -> list[ReceiptRun]:
        """Store runs of contexts: keys, a group, and contexts for each key; when one fails, there are no receipts.

        Returns:
            The receipts of all in order, each piece of one run.
        """

    def get_part(self, key: str, group: str, receipt: Receipt, once: bool = False) -> Any:
        """Load the contexts of a group, and make ready for others where it is not for once."""

    def get_parts(self, keys: Sequence[str], group: str, receipts: ReceiptColumns) -> Iterable[Any]:
        """Load the contexts of a group for several batches, those of each when it is its turn."""

    def find_all(self, group: str) -> Iterable[tuple[str, Receipt]]:
        """What is there of a group, with its keys, oldest first; of checksums nothing is known."""

    def prove(self, key: str, group: str, receipt: Receipt) -> Receipt:
        """Read what was found, and add its checksum."""

    def flush(self) -> None:
        """Force what was put to the disk."""

    def close(self) -> None:
        """Flush, and let go of what is open for writing."""

    def keep_only(self, files: Iterable[str]) -> None:
        """Remove what a crash left behind; the files named are those with committed contexts."""

    def clear(self) -> None:
        """Forget all contexts."""


@dataclass(frozen=True)
class StashContexts:
    """Any stash as a place for contexts, all attributes of a batch as one value; it cannot be verified."""

    stash: Stash
    folder: StoreFolder
    container: str = "stash"
    format: str = "stash"

    def grouping(self, attributes: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """All attributes together."""
        return (tuple(sorted(attributes)),)

    def group_key(self, group: Collection[str]) -> str:  # noqa: ARG002 (there is only one)
        """The one group has no name."""
        return ""

    def put_all(self, runs: Iterable[tuple[Sequence[str], str, Sequence[Any]]]) -> list[ReceiptRun]:
        """Dump the contexts of batches."""
        return [
            self._dump(key, group, value)
            for keys, group, values in runs
            for key, value in zip(keys, values, strict=True)
        ]

    def _dump(self, key: str, group: str, value: Any) -> ReceiptRun:
        self.stash.dump(key, deepcopy(value))  # a stash in memory would keep arrays of the user
        return ReceiptRun.of(Receipt(group, 0, 0, 0))

    def get_part(self, key: str, group: str, receipt: Receipt, once: bool = False) -> Any:  # noqa: ARG002 (the stash knows)
        """Load the contexts of a batch.

        Raises:
            CorruptBatch: The stash has lost them.
        """
        contexts = self.stash.load(key)
        if contexts is None:
            raise CorruptBatch(
                f"Batch {key!r} was committed, but the stash has lost it.",
                type(self.stash).__name__,
                "clear the store and encode again",
            )
        return contexts

    def get_parts(self, keys: Sequence[str], group: str, receipts: ReceiptColumns) -> Iterable[Any]:
        """Load the contexts of batches."""
        for key, receipt in zip(keys, receipts, strict=True):
            yield self.get_part(key, group, receipt)

    def find_all(self, group: str) -> Iterable[tuple[str, Receipt]]:
        """Every key of the stash."""
        keys = self.stash.keys()
        return ((key, Receipt(group, 0, 0, 0)) for key in keys)

    def prove(self, key: str, group: str, receipt: Receipt) -> Receipt:  # noqa: ARG002 (there is no checksum)
        """Nothing can be added."""
        return receipt

    def flush(self) -> None:
        """Nothing is known to be left to do."""

    def close(self) -> None:
        """Nothing is open."""

    def keep_only(self, files: Iterable[str]) -> None:
        """Nothing is known to be left."""

    def clear(self) -> None:
        """Forget all contexts."""
        self.stash.clear()


def contexts_in(stash: Stash, beside: Path | None) -> ContextStore:
    """A stash as a place for contexts.

    Args:
        stash: The stash.
        beside: A file next to which the books of a stash that has no place for them lie.
    """
    if isinstance(stash, RecordStash):
        return stash
    if isinstance(innermost(stash), DictionaryStash) or beside is None:
        return StashContexts(stash, MemoryFolder())
    return StashContexts(stash, FileFolder(beside.parent / f"{beside.name}.store"))


def is_unlabeled(part: Mapping[str, Any], labels: Iterable[str]) -> bool:
    """Whether a label is missing in the contexts of a group; a feature may be without a value.

    Args:
        part: The contexts by attribute.
        labels: The attributes that are labels, which need not be in this group.
    """
    return any(isinstance(part.get(name), NullFeatureContext) for name in labels)
