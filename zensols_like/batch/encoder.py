"""Batches into a store: what is written at the beginning, for each batch, and at the end."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zensols_like.batch.codec import BatchCodec
from zensols_like.batch.contexts import ContextStore
from zensols_like.batch.describe import describe_attributes, describe_source, describe_store
from zensols_like.batch.index import Commit
from zensols_like.batch.interface import DataPointIDSet, EncodedBatch
from zensols_like.batch.manifest import Group
from zensols_like.batch.plan import Plan
from zensols_like.batch.store import BatchStore
from zensols_like.errors import StaleError
from zensols_like.persist import write_atomically

__all__ = ["BatchEncoder", "write_plan"]


@dataclass(frozen=True)
class BatchEncoder:
    """Writes the batches of a plan into a store.

    Args:
        codec: How to encode.
        contexts: Where the contexts lie.
        store: The books.
        groups: The groups of attributes, and what makes them.
    """

    codec: BatchCodec
    contexts: ContextStore
    store: BatchStore
    groups: tuple[Group, ...]

    def begin(self, plan: Plan, seed_context: dict[str, Any] | None, source: Any) -> None:
        """Write down what belongs in the store, or go on with what was begun.

        Raises:
            StaleError: It was begun with other splits.
        """
        manifest = self.store.manifest
        if manifest is None:
            described = describe_source(source)
            self.store.begin(
                describe_store(self.codec, self.contexts, self.groups, plan, seed_context, described), plan
            )
        elif manifest.plan["digest"] != plan.digest:
            raise StaleError(
                f"The store is partial, and the splits changed since it was begun: {manifest.plan['data_points']} data "
                f"points in {manifest.plan['batches']} batches were planned, now {plan.size} in {len(plan)}.",
                self.store.location,
                "clear the store and encode again (zensols-like clear), or take the change of the source back",
            )

    def put(self, position: int, stored: EncodedBatch) -> list[Commit]:
        """Store a batch.

        Returns:
            A receipt for each of its records, durable after ``contexts.flush()``.
        """
        commits = []
        for number, group in enumerate(self.store.require_manifest().groups):
            part = {name: stored.contexts[name] for name in group.attributes}
            commits.append(Commit(position, number, self.contexts.put(str(position), group.key, part)))
        return commits

    def finish(self) -> None:
        """Remove what crashes left behind, and declare the store complete.

        Raises:
            MissingBatchError: Something is not committed.
        """
        self.contexts.keep_only(self.store.index.files)
        self.store.finish(specs=describe_attributes(self.codec, self.store, self.contexts))


def write_plan(path: Path, sets: Iterable[DataPointIDSet]) -> None:
    """Write a plan for people to read; a line for each batch, all of it JSON."""
    lines = (
        json.dumps({"batch_id": one.batch_id, "split": one.split_name, "data_point_ids": one.data_point_ids})
        for one in sets
    )
    write_atomically(path, [b"[\n", ",\n".join(lines).encode(), b"\n]\n"], alone=True)
