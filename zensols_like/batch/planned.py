"""A store of batches as it is to be: what batches are made of, which there are, and whether what lies there is they."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from zensols_like.batch.codec import BatchCodec
from zensols_like.batch.columns import ColumnSource
from zensols_like.batch.contexts import ContextStore, contexts_in
from zensols_like.batch.describe import are_split_otherwise, describe_batches, describe_groups, has_changed
from zensols_like.batch.domain import Batch, DefaultBatch
from zensols_like.batch.interface import DataPointIDSet, records_in
from zensols_like.batch.manifest import Group, Status, freshen_with
from zensols_like.batch.mapping import BatchFeatureMapping
from zensols_like.batch.multi import TorchMultiProcessStash
from zensols_like.batch.plan import Plan, PlannedSets, plan_batches
from zensols_like.batch.point import DataPoint
from zensols_like.batch.row import RowDataPoint
from zensols_like.batch.run import RunReader
from zensols_like.batch.store import BatchStore
from zensols_like.errors import APIError, BatchError, CorruptBatch, EncodeError, StaleError
from zensols_like.persist import GroupedStash, RecordStash
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import FeatureVectorizerManagerSet

__all__ = ["PlannedStash"]


class PlannedStash(TorchMultiProcessStash):
    """All that a stash of batches knows before it encodes or reads one."""

    data_point_type: type[DataPoint]
    batch_type: type[Batch]
    split_stash_container: Any
    vectorizer_manager_set: FeatureVectorizerManagerSet
    batch_size: int
    data_point_id_sets_path: Path | None
    batch_feature_mappings: BatchFeatureMapping | None
    batch_limit: int
    stale: str
    _ROW_TYPES: ClassVar[tuple[type[DataPoint], ...]] = (RowDataPoint,)
    """Data points that are rows as they are; a class of the user may make other attributes of a row."""

    # ---- what batches are made of

    def create_batch(
        self,
        points: Sequence[DataPoint] | ColumnSource,
        split_name: str | None = None,
        batch_id: str | None = None,
    ) -> Batch:
        """Make a batch that is encoded and decoded in memory when it is asked; its tensors equal those of a stored one.

        Args:
            points: The data points, or the columns of a table; points that are not labeled need no attribute for it.
            split_name: The split to say that it belongs to.
            batch_id: The ID.

        Raises:
            BatchError: They are no data points.

        Example:
            >>> import tempfile, numpy as np
            >>> from zensols_like.batch import ArrayBatchStash, RowDataPoint
            >>> folder = tempfile.TemporaryDirectory()
            >>> arrays = {"size": np.arange(20.0), "kind": np.arange(20) % 2}
            >>> stash = ArrayBatchStash.from_arrays(arrays, folder.name, label="kind")
            >>> stash.create_batch([RowDataPoint("unseen", stash, {"size": 3.5})])["size"]
            tensor([3.5000], dtype=torch.float64)
            >>> folder.cleanup()
        """
        strange = _of_no_batch(points)
        if strange is not None:
            raise BatchError(
                f"Of a {strange.__name__} no batch is made.",
                f"[{self.name}] create_batch",
                f"give a list of data points of your values: [{self.data_point_type.__name__}('ID', stash, value)]",
            )
        batch = self.batch_type(self, batch_id, split_name, points)  # type: ignore[arg-type]  # as documented, may be None
        self.populate_batch_feature_mapping(batch)
        return batch

    def populate_batch_feature_mapping(self, batch: Batch) -> None:
        """Give a batch the mapping of the stash, where its class has none of its own."""
        if isinstance(batch, DefaultBatch) and batch.batch_feature_mappings is None:
            batch.batch_feature_mappings = self.batch_feature_mappings

    @cached_property
    def _mapping(self) -> BatchFeatureMapping:
        return self.create_batch(())._get_batch_feature_mappings()  # noqa: SLF001 (a documented hook)

    @cached_property
    def codec(self) -> BatchCodec:
        """How to encode and decode.

        Raises:
            MappingError: The mapping does not fit the vectorizers.
        """
        context = self._seed_context
        return BatchCodec(self._mapping, self.vectorizer_manager_set, 0 if context is None else int(context["seed"]))

    @property
    def _seed_context(self) -> dict[str, Any] | None:
        """That of the run that made the plan; of this one before there is a plan."""
        manifest = self.store.manifest
        if manifest is None:
            return TorchConfig.get_random_seed_context()
        return None if manifest.seed_context is None else dict(manifest.seed_context)

    def create_data_points(self, ids: Sequence[str]) -> tuple[DataPoint, ...]:
        """Make data points from the source.

        Raises:
            BatchError: The source does not have one of them, or none can be made of what it has.
        """
        points: list[DataPoint] = []
        for id, item in self.split_stash_container.load_many(ids):
            if item is None:
                raise self._no_data_point(id)
            try:
                points.append(self.data_point_type(id, self, item))  # type: ignore[call-arg]  # what a subclass adds
            except APIError:
                raise
            except Exception as error:
                name = self.data_point_type.__name__
                raise EncodeError(
                    f"Cannot make data point {id!r}. {type(error).__name__}: {error}",
                    f"[{self.name}] data_point_type {name}",
                    f"it is made as {name}(id, stash, item): give it a field for the item, or mend what it does",
                ) from error
        return tuple(points)

    def _no_data_point(self, id: str) -> BatchError:
        return BatchError(
            f"The source has no data point {id!r}.",
            f"[{self.name}] split_stash_container",
            "the splits name a key that the source does not have; make the splits again, or restore the source",
        )

    @cached_property
    def _row_reader(self) -> RunReader:
        """Reads the columns of data points; a source that keeps columns gives its own, without a row each."""
        makes_points = type(self).create_data_points is not PlannedStash.create_data_points
        is_plain = self.data_point_type in self._ROW_TYPES and not makes_points
        read = self.split_stash_container.load_columns if is_plain else lambda _: None
        return RunReader(read, self.create_data_points)

    # ---- where they lie, and whether it is they

    @cached_property
    def _contexts(self) -> ContextStore:
        return contexts_in(self.delegate, self.data_point_id_sets_path)

    @cached_property
    def store(self) -> BatchStore:
        """The books: manifest, plan and what is committed."""
        return BatchStore(self._contexts.folder, self._contexts)

    @cached_property
    def _groups(self) -> tuple[Group, ...]:
        """The groups of attributes, and what makes them in this configuration."""
        classes = {"data_point": self.data_point_type, "batch": self.batch_type}
        common = describe_batches(
            self.split_stash_container, classes, self.batch_size, self._limit, self._contexts.format
        )
        return describe_groups(self.codec, self._contexts, common)

    @property
    def status(self) -> Status:
        """Absent, partial, complete or stale: what the manifest, the configuration and a glance at the source say."""
        return Status.STALE if self.differences() else self.store.status

    def differences(self) -> list[str]:
        """Why the store is stale, a line for each field that is not what it was; empty when it is not."""
        manifest = self.store.manifest
        if manifest is None:
            return []
        lines = manifest.differences(self._groups)
        if not self.is_child and has_changed(self.split_stash_container, manifest.source):
            lines.append("source: its content changed since its batches were encoded")
        if not self.is_child and are_split_otherwise(self.split_stash_container, manifest.source):
            lines.append("splits: their keys changed since the batches were planned")
        return lines

    def require_fresh(self) -> None:
        """Refuse a store of another configuration or another source.

        Raises:
            StaleError: Says which fields differ, old and new.
        """
        lines = self.differences()
        if lines:
            self.deallocate()  # who was told to clear the store, or to take a change back, has perhaps done so
            lines = self.differences()
        if lines:
            raise StaleError(
                "The batches were encoded from something else:\n    " + "\n    ".join(lines),
                self.store.location,
                freshen_with(lines, self.stale),
            )

    def _require_container(self) -> None:
        """Refuse a store whose batches lie in another kind of container than the delegate.

        Raises:
            StaleError: They do.
        """
        manifest = self.store.manifest
        if manifest is not None and manifest.container != self._contexts.container:
            raise StaleError(
                f"The batches lie in a container of kind {manifest.container!r}; the delegate is one of kind "
                f"{self._contexts.container!r}.",
                self.store.location,
                "use the delegate that they were encoded with, or clear the store and encode again",
            )

    def _left_records(self) -> RecordStash | None:
        """Where the batches lie, if that is a container of another kind than the delegate."""
        try:
            manifest = self.store.manifest
        except CorruptBatch:
            return None  # nobody knows
        contexts = self._contexts
        if manifest is None or manifest.container == contexts.container:
            return None
        if isinstance(contexts, GroupedStash):
            return records_in(manifest.container, contexts.path, [group.attributes for group in manifest.groups])
        self._require_container()
        return None

    def _position(self, batch_id: str) -> int:
        position = self.store.plan.position(batch_id)
        if position is None:
            raise self._not_planned(batch_id)
        return position

    def _not_planned(self, batch_id: object) -> BatchError:
        fix = f"use one of the texts '0' to '{len(self.store.plan) - 1}'"
        return BatchError(f"Batch {batch_id!r} is not planned.", self.store.location, fix)

    # ---- what there is to do

    @property
    def batch_data_point_sets(self) -> Sequence[DataPointIDSet]:
        """The IDs of the data points of each batch: a lazy sequence over the plan."""
        return PlannedSets(self._peek(), self._seed_context)

    def _peek(self) -> Plan:
        """The plan of the store, or the one that it would have."""
        return self._plan_anew() if self.store.manifest is None else self.store.plan

    def _plan_anew(self) -> Plan:
        return plan_batches(self.split_stash_container.keys_by_split, self.batch_size, self._limit)

    @property
    def _limit(self) -> int | None:
        return None if self.batch_limit == sys.maxsize else self.batch_limit

    def _create_data(self) -> list[int]:
        """The positions of the batches to encode."""
        return self.store.index.missing()

    def _chunk_name(self, chunk: Sequence[int]) -> str:
        sets = [self.batch_data_point_sets[position] for position in chunk]
        return ", ".join(
            f"batch {one.batch_id!r} of split {one.split_name!r}, "
            f"data points {one.data_point_ids[0]!r} to {one.data_point_ids[-1]!r}"
            for one in sets
        )


def _of_no_batch(points: Any) -> type[Any] | None:
    """The type of what are neither data points nor columns; ``None`` when all is well."""
    if isinstance(points, Sequence):
        return next((type(one) for one in points if not isinstance(one, DataPoint)), None)
    return type(points) if isinstance(points, (DataPoint, Iterable)) else None
