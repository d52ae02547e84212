"""Batches into a store: what is written at the beginning, for each batch, and at the end."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from zensols_like.batch.codec import BatchCodec
from zensols_like.batch.contexts import ContextStore, is_unlabeled
from zensols_like.batch.describe import (
    decode_stored,
    describe_attributes,
    describe_source,
    describe_store,
    has_changed,
)
from zensols_like.batch.index import Commit
from zensols_like.batch.interface import Contexts, DataPointIDSet, EncodedRun
from zensols_like.batch.manifest import CLEAR, Group, Manifest
from zensols_like.batch.plan import Plan
from zensols_like.batch.provenance import end_provenance
from zensols_like.batch.store import BatchStore
from zensols_like.errors import EncodeError, StaleError
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
            StaleError: It was begun with other splits, and some batches are committed.
        """
        manifest = self.store.manifest
        if manifest is None:
            self.store.begin(self._describe(plan, seed_context, source), plan)
        elif not self.store.mend_plan(plan):
            if not self.store.is_begun_only:
                raise StaleError(
                    f"The store is partial, and the splits changed since it was begun: {manifest.plan['data_points']} "
                    f"data points in {manifest.plan['batches']} batches were planned, now {plan.size} in {len(plan)}.",
                    self.store.location,
                    CLEAR,
                )
            self.begin_again(plan, source)

    def begin_again(self, plan: Plan, source: Any, new: Collection[Commit] = ()) -> None:
        """Write down what belongs in a store that is stale or damaged, and keep of it what is still right.

        The batches of a group stay whose fingerprint is the same, where they have the same data points; none when the
        content of the source changed.

        Args:
            plan: What belongs in the store now.
            source: The source and its splits.
            new: Records that were stored again, and replace those of their batches.
        """
        self.store.prove_index()
        manifest = self.store.require_manifest()
        plan = plan.with_digest(manifest.plan["digest"]) or plan  # so that a loader can go on where it was
        described = self._describe(plan, manifest.seed_context, source)
        keeps_none = self.store.is_begun_only or has_changed(source, manifest.source)
        kept = [] if keeps_none else list(self._unchanged(manifest, plan))
        replaced = {position for commit in new for position in commit.positions}
        kept = [*(commit for commit in kept if replaced.isdisjoint(commit.positions)), *new]
        self.store.begin(replace(described, generation=manifest.generation + 1), plan, kept)

    def _describe(self, plan: Plan, seed_context: Mapping[str, Any] | None, source: Any) -> Manifest:
        return describe_store(self.codec, self.contexts, self.groups, plan, seed_context, describe_source(source))

    def _unchanged(self, manifest: Manifest, plan: Plan) -> Iterator[Commit]:
        """The records of the store that belong to another plan and other groups, too, one by one."""
        old_plan, index = self.store.plan, self.store.index
        same = [
            position
            for position in range(min(len(plan), len(old_plan)))
            if plan.digest == old_plan.digest or plan.ids(position) == old_plan.ids(position)
        ]
        for old, group in enumerate(manifest.groups):
            if group in self.groups:
                for position in same:
                    commit = index.commit(old, position)
                    if commit is not None:
                        yield commit._replace(group=self.groups.index(group))

    def put_all(self, encoded: Iterable[EncodedRun], again: bool = False) -> list[Commit]:
        """Store the groups of batches that are not committed yet, or all of them again.

        Args:
            encoded: The batches.
            again: Whether also what is committed is stored.

        Returns:
            What was stored, durable after ``contexts.flush()``.
        """
        manifest, index = self.store.require_manifest(), self.store.index
        places: list[tuple[Sequence[int], int, bool]] = []

        def runs() -> Iterator[tuple[Sequence[str], str, Sequence[Contexts]]]:
            for run in encoded:
                for number, group in enumerate(manifest.groups):
                    if again or index.receipt(number, run.positions[0]) is None:
                        contexts = run.only(group.attributes)
                        places.append((run.positions, number, is_unlabeled(contexts[0], manifest.labels)))
                        yield [*map(str, run.positions)], group.key, contexts

        commits, stored = [], deque(self.contexts.put_all(runs()))
        for positions, number, is_bare in places:
            at = 0
            while at < len(positions) and stored:
                receipts = stored.popleft()
                commits.append(Commit(positions[at : at + len(receipts)], number, receipts, is_bare))
                at += len(receipts)
        return commits

    def decode_stored(self, position: int, stored: Iterable[Commit]) -> dict[str, Tensor | None]:
        """The tensors of a batch that was stored and is not committed yet.

        Args:
            position: Which batch of the plan it is.
            stored: Its records, which begin with it, and perhaps others.

        Raises:
            EncodeError: It does not decode.
        """
        groups = self.store.require_manifest().groups
        tensors: dict[str, Tensor | None] = {}
        for commit in stored:
            if commit.positions[0] == position:
                receipt = next(iter(commit.receipts))
                part = self.contexts.get_part(str(position), groups[commit.group].key, receipt, once=True)
                tensors |= decode_stored(self.codec, position, part)
        return tensors

    def require_labels_alike(self) -> None:
        """Refuse a split in which some batches have labels and others have none.

        Raises:
            EncodeError: Names the batches without.
        """
        plan = self.store.plan
        for split in plan.splits:
            bare = self.store.index.mixed(plan.range_of(split))
            if bare:
                ids = [key for position in bare[:3] for key in plan.ids(position)]
                raise EncodeError(
                    f"Some data points of split {split!r} have a label and others have none: {ids[:5]} have none.",
                    f"batches {list(map(str, bare[:5]))} of {self.store.location}",
                    f"label all data points of the split or none, then stash.repair({list(map(str, bare[:5]))}); "
                    "unlabeled ones may have a split of their own",
                )

    def cut_alike(self, positions: Sequence[int]) -> Iterator[Sequence[int]]:
        """Cut some positions where batches follow one another that do not lack the same groups."""
        if len(positions) == 1:
            return iter([positions])
        lacks = self.store.index.file[:, positions] < 0
        cuts = np.flatnonzero((lacks[:, 1:] != lacks[:, :-1]).any(axis=0)) + 1
        return (positions[begin:end] for begin, end in pairwise([0, *cuts.tolist(), len(positions)]))

    def missing_attributes(self, position: int) -> list[str]:
        """The attributes of a batch that are not committed yet."""
        groups = enumerate(self.store.require_manifest().groups)
        return [
            name
            for number, group in groups
            if self.store.index.receipt(number, position) is None
            for name in group.attributes
        ]

    def finish(self, last: Sequence[Commit] = ()) -> None:
        """Remove what crashes left behind, and declare the store complete.

        Args:
            last: Records that are durable and not committed yet.

        Raises:
            EncodeError: Some batches of a split have labels and others have none.
            MissingBatchError: Something is not committed.
        """
        self.store.index.add_all(last)
        self.require_labels_alike()
        self.contexts.keep_only(self.store.index.files)
        self.store.finish(
            specs=describe_attributes(self.codec, self.store, self.contexts),
            provenance=end_provenance(self.store.require_manifest().provenance),
        )


def write_plan(path: Path, sets: Iterable[DataPointIDSet]) -> None:
    """Write a plan for people to read; a line for each batch, all of it JSON."""
    lines = (
        json.dumps({"batch_id": one.batch_id, "split": one.split_name, "data_point_ids": [*one.data_point_ids]})
        for one in sets
    )
    write_atomically(path, [b"[\n", ",\n".join(lines).encode(), b"\n]\n"], alone=True)
