"""How batches come into their store: planned, encoded by workers, committed."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from zensols_like.batch.codec import BatchCodec, ColumnSource
from zensols_like.batch.committer import Committer
from zensols_like.batch.contexts import ContextStore, contexts_in
from zensols_like.batch.describe import are_split_otherwise, describe_batches, describe_groups, has_changed
from zensols_like.batch.domain import Batch, DataPoint, DefaultBatch
from zensols_like.batch.encoder import BatchEncoder, write_plan
from zensols_like.batch.index import Commit
from zensols_like.batch.interface import Contexts, DataPointIDSet, EncodedBatch, EncodedRun
from zensols_like.batch.manifest import FRESHEN, Group, Status
from zensols_like.batch.mapping import BatchFeatureMapping
from zensols_like.batch.multi import EncodeObserver, TorchMultiProcessStash, Turn, require_encoder
from zensols_like.batch.plan import Plan, PlannedSets, joined, plan_batches
from zensols_like.batch.row import RowDataPoint
from zensols_like.batch.run import RunReader
from zensols_like.batch.store import BatchStore
from zensols_like.errors import APIError, BatchError, EncodeError, StaleError, WorkerError
from zensols_like.persist import MemoryFolder
from zensols_like.protocols import Primeable
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import FeatureVectorizerManagerSet

__all__ = ["PrimingStash"]

logger = logging.getLogger(__name__)


class PrimingStash(TorchMultiProcessStash):
    """Encodes batches once, in `prime`; all that `BatchStash` has but for reading them.

    The parent plans and keeps the books; workers get positions of batches, and give receipts.
    """

    data_point_type: type[DataPoint]
    batch_type: type[Batch]
    split_stash_container: Any
    vectorizer_manager_set: FeatureVectorizerManagerSet
    batch_size: int
    data_point_id_sets_path: Path | None
    batch_feature_mappings: BatchFeatureMapping | None
    batch_limit: int
    stale: str
    observer: EncodeObserver | None
    _ROW_TYPES: ClassVar[tuple[type[DataPoint], ...]] = (RowDataPoint,)
    """Data points that are rows as they are; a class of the user may make other attributes of a row."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.priming = False
        self._turn = Turn(f"[{self.name}]")
        self._ready = False
        self._committer: Committer | None = None

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
        is_plain = self.data_point_type in self._ROW_TYPES
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
                FRESHEN,
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

    def _position(self, batch_id: str) -> int:
        position = self.store.plan.position(batch_id)
        if position is None:
            raise self._not_planned(batch_id)
        return position

    def _not_planned(self, batch_id: str) -> BatchError:
        return BatchError(
            f"Batch {batch_id!r} is not planned.", self.store.location, f"use one of 0 to {len(self.store.plan) - 1}"
        )

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

    # ---- encode

    def prime(self) -> None:
        """Encode the batches that are not committed yet; goes on where an earlier call was stopped.

        Raises:
            StaleError: What is there was encoded with another configuration, or the splits changed.
            EncodeError: A data point cannot be encoded; what was committed stays.
            MissingBatchError: The store is not complete and cannot be written from here.
        """
        if self._ready:
            return
        with self._turn:
            if not self._ready and not self._is_usable():
                require_encoder(self.store)
                with self._priming(), self.store.folder.lock():
                    self.deallocate()  # another writer may have gone on while this one waited
                    if not self._is_usable():
                        self._encode()
            self._ready = not self.is_child

    def _is_usable(self) -> bool:
        """Whether the store needs no encode.

        Raises:
            StaleError: It was encoded from something else, and is not to be encoded again.
        """
        self._require_container()
        if self.is_child:
            self.require_fresh()  # a worker that sees another configuration than its parent must not write
            return True
        if self.stale == "rebuild":
            return self.store.is_complete and not self.differences()
        if self.stale == "error" or not self.store.is_complete:
            self.require_fresh()
        return self.store.is_complete

    @contextmanager
    def _priming(self) -> Iterator[None]:
        self.priming = True
        try:
            with self._stoppable():
                yield
        finally:
            self.priming = False

    @property
    def _encoder(self) -> BatchEncoder:
        return BatchEncoder(self.codec, self._contexts, self.store, self._groups)

    def _encode(self) -> None:
        plan = self._plan_anew()
        if self.differences():
            self._encoder.begin_again(plan, self.split_stash_container)
        else:
            self._encoder.begin(plan, TorchConfig.get_random_seed_context(), self.split_stash_container)
        if self.data_point_id_sets_path is not None:
            write_plan(self.data_point_id_sets_path, self.batch_data_point_sets)
        for manager in self.vectorizer_manager_set.values():
            for vectorizer in manager.values():
                if isinstance(vectorizer, Primeable):
                    vectorizer.prime()
        missing = self._create_data()
        logger.info("encoding %d of %d batches into %s", len(missing), len(plan), self.store.location)
        committer = self._committer = Committer(self._encoder, self.observer)
        if self.observer is not None:
            self.observer.started(len(plan), len(plan) - len(missing))
        try:
            try:
                self._spawn_work(missing)
            except BaseException:
                self._contexts.close()
                committer.commit()
                raise
            self._contexts.close()
            committer.finish()
        finally:
            self._committer = None
            if self.observer is not None:
                self.observer.finished()
        logger.info("encoded all %d batches into %s", len(plan), self.store.location)

    def _done(self, result: list[Commit]) -> None:
        """In the parent: take notice of what a worker stored."""
        if self._committer is not None:
            self._committer.take(result)

    def _refuse_memory(self) -> None:
        super()._refuse_memory()
        if isinstance(self.store.folder, MemoryFolder):
            raise WorkerError(
                f"The books of a {type(self.delegate).__name__} are in memory, where workers do not find them.",
                f"[{self.name}] data_point_id_sets_path",
                "set data_point_id_sets_path, beside which the books lie then, or workers = 1",
            )

    def repair(self, names: Iterable[str]) -> None:
        """Encode batches again whose records are damaged; the others stay.  A damaged plan or index is written again.

        Args:
            names: The IDs of the batches; may be none.

        Raises:
            StaleError: The store was encoded from something else than there is now.
            BatchError: A batch is not planned.
        """
        self.require_fresh()
        require_encoder(self.store)
        wanted = list(names)
        with self._turn, self._priming(), self.store.folder.lock():
            self.deallocate()
            plan = self._plan_anew()
            if not self.store.mend_plan(plan):
                raise StaleError("The splits changed since the batches were planned.", self.store.location, FRESHEN)
            self.store.prove_index()
            damaged = set(map(self._position, wanted))
            damaged |= {position for position in self.store.index.missing() if self.store.is_complete}
            if not damaged:
                self.store.mend_index()
                return
            # first the batches, then the books: when one of them fails, the store is as it was
            encoder, sets = self._encoder, self.batch_data_point_sets
            again = (
                EncodedRun([position], [_contexts_of(made)])
                for position in sorted(damaged)
                for _, made in self._process([sets[position]])
            )
            commits = encoder.put_all(again, again=True)
            self._contexts.close()
            encoder.begin_again(plan, self.split_stash_container, commits)
            if not self.store.index.missing():
                encoder.finish()

    # ---- in a worker

    def _process(self, chunk: Sequence[DataPointIDSet]) -> Iterable[tuple[str, Batch | EncodedBatch]]:
        """In a worker: make the batches of sets of IDs; a subclass may yield them encoded.

        Args:
            chunk: The sets of IDs, a batch each.
        """
        ids = [one.data_point_ids for one in chunk]
        runs = self._row_reader.runs([*map(len, ids)], lambda cut: joined(ids[cut]))
        for one, source in zip(chunk, chain.from_iterable(run.parts() for run in runs), strict=True):
            yield one.batch_id, self.create_batch(source, one.split_name, one.batch_id)

    def _work(self, chunk: Sequence[int]) -> list[Commit]:
        """In a worker: encode and store the batches at these positions.

        Returns:
            What was stored, which the parent writes into the journal.
        """
        encoder = self._encoder
        done = 0

        def encoded() -> Iterator[EncodedRun]:
            nonlocal done
            for run in self._encoded(chunk):
                yield run
                done += len(run.positions)

        try:
            commits = encoder.put_all(encoded())
        except Exception as error:
            position = chunk[min(done, len(chunk) - 1)]
            split = self.store.plan.split_of(position)
            error.add_note(f"while encoding batch {str(position)!r} of split {split!r}")
            raise
        if self.is_child:  # the parent flushes before it journals
            self._contexts.flush()
        return commits

    def _encoded(self, chunk: Sequence[int]) -> Iterator[EncodedRun]:
        """The batches at some positions, encoded; those of a run together where they can be."""
        encoder = self._encoder
        if not self._has_own_batches:
            yield from chain.from_iterable(map(self._encoded_alike, encoder.cut_alike(chunk)))
            return
        sets = self.batch_data_point_sets
        for batch_id, made in self._process([sets[position] for position in chunk]):
            position = self._position(batch_id)
            yield EncodedRun([position], [_contexts_of(made, encoder.missing_attributes(position))])

    def _encoded_alike(self, positions: Sequence[int]) -> Iterator[EncodedRun]:
        """The same of batches that lack the same groups."""
        plan, missing, at = self.store.plan, self._encoder.missing_attributes(positions[0]), 0
        fields = self.codec.fields_of(missing).values()
        for run in self._row_reader.runs(plan.sizes(positions), lambda cut: plan.ids_of(positions[cut])):
            some, contexts = positions[at : at + run.count], run.contexts(fields)
            at += run.count
            if contexts is not None:
                yield EncodedRun(some, contexts)
                continue
            for position, source in zip(some, run.parts(), strict=True):
                made = self.create_batch(source, plan.split_of(position), str(position))
                yield EncodedRun([position], [_contexts_of(made, missing)])

    @property
    def _has_own_batches(self) -> bool:
        """Whether somebody has a say in how batches are made or encoded, so that an object is made for each."""
        own, batch = type(self), self.batch_type
        is_ours = all(getattr(own, name) is getattr(PrimingStash, name) for name in ("_process", "create_batch"))
        return not is_ours or batch.encode is not Batch.encode or getattr(batch, "__post_init__", None) is not None


def _contexts_of(made: Batch | EncodedBatch, attributes: Collection[str] | None = None) -> Contexts:
    """What to store of a batch."""
    return (made.encode(attributes) if isinstance(made, Batch) else made).contexts


def _of_no_batch(points: Any) -> type[Any] | None:
    """The type of what are neither data points nor columns; ``None`` when all is well."""
    if isinstance(points, Sequence):
        return next((type(one) for one in points if not isinstance(one, DataPoint)), None)
    return type(points) if isinstance(points, (DataPoint, Iterable)) else None
