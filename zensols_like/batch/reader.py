"""The contexts of a batch from a store."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import repeat
from typing import Any

from zensols_like.batch.contexts import ContextStore
from zensols_like.batch.interface import Contexts, narrowed
from zensols_like.batch.plan import Plan
from zensols_like.batch.split import BatchIDs, pieces_of, positions_of
from zensols_like.batch.store import BatchStore
from zensols_like.errors import CorruptBatch

__all__ = ["ContextReader", "runs_of"]

_FEW = 2
"""So many records are better looked up one by one."""


class ContextReader:
    """Reads the contexts of batches, and of them only the records that hold a wanted attribute.

    Args:
        store: The books.
        contexts: Where the contexts lie.
        wanted: The attributes; all when ``None``.
        once: Whether few batches are read.
    """

    def __init__(
        self, store: BatchStore, contexts: ContextStore, wanted: frozenset[str] | None = None, once: bool = False
    ) -> None:
        self._store = store
        self._contexts = contexts
        self._load = partial(contexts.get_part, once=True) if once else contexts.get_part
        self._groups = [
            (number, group.key, store.index.receipts(number), _left(wanted, group.attributes))
            for number, group in enumerate(store.require_manifest().groups)
            if wanted is None or not wanted.isdisjoint(group.attributes)
        ]
        self._is_mended = store.index_damage is not None

    def read(self, position: int, name: str | None = None) -> Contexts:
        """The contexts of a batch; those of several groups as a chain of their mappings.

        Args:
            position: The position of the batch in the plan.
            name: Its ID, where it is at hand.

        Raises:
            MissingBatchError: The batch is planned, but not committed yet.
            CorruptBatch: A record is damaged or gone; names the batch and the file.
            StaleError: The store was encoded again, or cleared, since it was opened.
        """
        key = str(position) if name is None else name
        parts: list[Any] = []
        try:
            for number, group, receipts, names in self._groups:
                receipt = receipts[position] or self._store.require_receipt(number, position)
                part = self._load(key, group, receipt)
                parts.append(part if names is None else narrowed(part, names))
        except CorruptBatch:
            self._store.require_current()
            raise
        if self._is_mended:  # no checksum says that the record is of this edition
            self._store.require_current()
        return parts[0] if len(parts) == 1 else ChainMap(*parts)

    def read_all(self, names: Sequence[str], positions: Sequence[int]) -> Iterator[Contexts]:
        """The contexts of batches as `read` gives them, each read when it is its turn.

        Where they lie is looked up together.

        Args:
            names: Their IDs.
            positions: Their positions in the plan.

        Raises:
            MissingBatchError: A batch is planned, but not committed yet; this and what follows comes at its turn.
            CorruptBatch: A record is damaged or gone; names the batch and the file.
            StaleError: The store was encoded again, or cleared, since it was opened and before these were looked up.
        """
        columns = None if self._is_mended or len(positions) <= _FEW else self._columns(names, positions)
        if not columns:
            yield from map(self.read, positions, names)
            return
        try:
            yield from columns[0] if len(columns) == 1 else map(ChainMap, *columns)
        except CorruptBatch:
            self._store.require_current()
            raise

    def _columns(self, names: Sequence[str], positions: Sequence[int]) -> list[Iterable[Any]] | None:
        """For each group the contexts of its records; ``None`` where one of these is not committed."""
        columns: list[Iterable[Any]] = []
        for _, group, receipts, wanted in self._groups:
            found = receipts.columns(positions)
            if found is None:
                return None
            parts = self._contexts.get_parts(names, group, found)
            columns.append(parts if wanted is None else map(narrowed, parts, repeat(wanted)))
        return columns


def runs_of(keys: Sequence[str], plan: Plan) -> Iterator[tuple[Sequence[str], Sequence[int] | None]]:
    """Keys that are looked up together, and the positions of their batches; ``None`` for a key that has none."""
    planned = BatchIDs(range(len(plan)))
    for some in pieces_of(keys):
        if isinstance(some, BatchIDs) and planned.covers(some):
            yield some, some.positions
            continue
        positions = positions_of(some)
        if positions is not None and max(positions, default=0) < len(plan):
            yield some, positions
        else:
            for name in some:
                position = plan.position(name)
                yield (name,), None if position is None else (position,)


def _left(wanted: frozenset[str] | None, attributes: tuple[str, ...]) -> frozenset[str] | None:
    """The attributes to take of a group; ``None`` for all of it."""
    return None if wanted is None or wanted.issuperset(attributes) else wanted
