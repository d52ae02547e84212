"""Where the contexts of batches lie: in records, or in any other stash."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from zensols_like.batch.interface import Contexts, narrowed
from zensols_like.errors import CorruptBatch, MissingBatchError
from zensols_like.persist import (
    DelegateStash,
    DictionaryStash,
    FileFolder,
    MemoryFolder,
    Receipt,
    RecordStash,
    Stash,
    StoreFolder,
)

__all__ = ["ContextReader", "ContextStore", "StashContexts", "contexts_in"]


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

    def put(self, key: str, group: str, value: Any) -> Receipt:
        """Store the contexts of a group."""

    def get_part(self, key: str, group: str, receipt: Receipt) -> Any:
        """Load the contexts of a group."""

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

    def put(self, key: str, group: str, value: Any) -> Receipt:
        """Dump the contexts of a batch."""
        self.stash.dump(key, value)
        return Receipt(group, 0, 0, 0)

    def get_part(self, key: str, group: str, receipt: Receipt) -> Any:  # noqa: ARG002 (the stash knows the place)
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

    def flush(self) -> None:
        """Nothing is known to be left to do."""

    def close(self) -> None:
        """Nothing is open."""

    def keep_only(self, files: Iterable[str]) -> None:
        """Nothing is known to be left."""

    def clear(self) -> None:
        """Forget all contexts."""
        self.stash.clear()


class Receipts(Protocol):
    """The receipts of the records of a group, by the positions of batches."""

    def __getitem__(self, position: int, /) -> Receipt | None:
        """The receipt; ``None`` where nothing is committed."""


class ContextReader:
    """Reads the contexts of batches, and of them only the records that hold a wanted attribute.

    Args:
        contexts: Where they lie.
        groups: The name of each group of attributes, and its attributes.
        receipts: For each group what is committed, by position.
        wanted: The attributes; all when ``None``.
        location: What messages call the store.
    """

    def __init__(
        self,
        contexts: ContextStore,
        groups: Sequence[tuple[str, Collection[str]]],
        receipts: Callable[[int], Receipts],
        wanted: frozenset[str] | None,
        location: str,
    ) -> None:
        self._load = contexts.get_part
        self._location = location
        self._groups = [
            (key, receipts(number), None if wanted is None or wanted.issuperset(names) else wanted)
            for number, (key, names) in enumerate(groups)
            if wanted is None or not wanted.isdisjoint(names)
        ]

    def read(self, position: int, name: str) -> Contexts:
        """The contexts of a batch; those of several groups as a chain of their mappings.

        Args:
            position: The position of the batch.
            name: Its ID.

        Raises:
            MissingBatchError: The batch is planned, but not committed yet.
            CorruptBatch: A record is damaged or gone; names the batch and the file.
        """
        parts: list[Any] = []
        for key, receipts, names in self._groups:
            receipt = receipts[position]
            if receipt is None:
                raise MissingBatchError(
                    f"Batch {name!r} is planned, but not committed yet.",
                    self._location,
                    "run: zensols-like encode, or call prime()",
                )
            part = self._load(name, key, receipt)
            parts.append(part if names is None else narrowed(part, names))
        return parts[0] if len(parts) == 1 else ChainMap(*parts)


def contexts_in(stash: Stash, beside: Path | None) -> ContextStore:
    """A stash as a place for contexts.

    Args:
        stash: The stash.
        beside: A file next to which the books of a stash that has no place for them lie.
    """
    if isinstance(stash, RecordStash):
        return stash
    innermost = stash
    while isinstance(innermost, DelegateStash):
        innermost = innermost.delegate
    if isinstance(innermost, DictionaryStash) or beside is None:
        return StashContexts(stash, MemoryFolder())
    return StashContexts(stash, FileFolder(beside.parent / f"{beside.name}.store"))
