"""Batches by ID: planned, encoded by workers, decoded when they are used."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from zensols_like.batch.codec import BatchCodec, ColumnSource
from zensols_like.batch.committer import Committer
from zensols_like.batch.contexts import ContextStore, contexts_in
from zensols_like.batch.describe import are_split_otherwise, describe_batches, describe_groups, has_changed
from zensols_like.batch.domain import Batch, DataPoint, DefaultBatch, PointColumns
from zensols_like.batch.encoder import BatchEncoder, write_plan
from zensols_like.batch.feed import source_of
from zensols_like.batch.index import Commit
from zensols_like.batch.interface import Contexts, DataPointIDSet, EncodedBatch, narrowed
from zensols_like.batch.manifest import FRESHEN, Group, Status
from zensols_like.batch.mapping import BatchFeatureMapping
from zensols_like.batch.meta import BatchFieldMetadata, BatchMetadata
from zensols_like.batch.multi import EncodeObserver, TorchMultiProcessStash, Turn, require_encoder
from zensols_like.batch.notebook import html_table
from zensols_like.batch.plan import Plan, PlannedIDs, PlannedSets, plan_batches
from zensols_like.batch.reader import ContextReader
from zensols_like.batch.row import RowDataPoint
from zensols_like.batch.run import read_in_runs
from zensols_like.batch.split import BatchIDs, BatchSplit, SplitViews
from zensols_like.batch.store import BatchStore
from zensols_like.config import Writeback
from zensols_like.dataset import SplitKeyContainer
from zensols_like.errors import (
    APIError,
    BatchError,
    ConfigurationError,
    DeepLearnError,
    EncodeError,
    MappingError,
    PersistableError,
    StaleError,
    WorkerError,
)
from zensols_like.loader import BatchDataset, BatchLoader, BatchSource, LoaderOptions
from zensols_like.persist import MemoryFolder, Stash
from zensols_like.protocols import Deallocatable, Primeable
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import FeatureVectorizerManagerSet

__all__ = ["BatchStash"]

logger = logging.getLogger(__name__)

_STALE = ("error", "rebuild", "ignore")


class _DecodedAttributes:
    """The field ``decoded_attributes``: any collection of names becomes a set, which is checked against the mapping."""

    def __get__(self, stash: BatchStash | None, owner: type[BatchStash]) -> set[str] | None:
        if stash is None:
            raise AttributeError("decoded_attributes")  # the field has no default
        wanted = stash._wanted  # noqa: SLF001 (the descriptor is part of the class)
        return None if wanted is None else set(wanted)

    def __set__(self, stash: BatchStash, names: Collection[str] | None) -> None:
        stash._want(names)  # noqa: SLF001 (as above)


@dataclass
class BatchStash(TorchMultiProcessStash, SplitKeyContainer, Writeback, Deallocatable):
    """Batches by ID: planned from the splits of the source, encoded by workers, decoded when they are used.

    Encoding happens once, in `prime`, which `load`, `keys` and ``len`` call where the store is not complete; everything
    else only looks.  What was encoded is known by the manifest of the store alone: the source is not needed to load.

    Configuration::

        [batch_stash]
        class_name = zensols_like.batch.BatchStash
        delegate = instance: batch_dir_stash
        split_stash_container = instance: dataset_split_stash
        vectorizer_manager_set = instance: vectorizer_manager_set
        data_point_type = class: mypackage.IrisDataPoint
        batch_type = class: mypackage.IrisBatch
        data_point_id_sets_path = path: target/batch_ids.json
        decoded_attributes = set: label, flower_dims
        model_torch_config = instance: gpu_torch_config
        batch_size = 32
        chunk_size = 0
        workers = 2
    """

    data_point_type: type[DataPoint]
    """The class of the data points, made as ``data_point_type(id, stash, item)``."""
    batch_type: type[Batch]
    """The class of the batches."""
    split_stash_container: Any
    """The source and its splits: a `SplitStashContainer`, or what is both a `SplitKeyContainer` and a `Stash`."""
    vectorizer_manager_set: FeatureVectorizerManagerSet
    """The vectorizers."""
    batch_size: int
    """The number of data points of a batch; the last one of a split may have fewer."""
    model_torch_config: TorchConfig
    """Where `Batch.to` copies the tensors."""
    data_point_id_sets_path: Path | None
    """Where a readable copy of the plan goes (JSON); it is never read back."""
    decoded_attributes: Collection[str] | None = _DecodedAttributes()  # type: ignore[assignment]
    """The attributes to decode; all when ``None``.  The records of other groups are not opened."""
    batch_feature_mappings: BatchFeatureMapping | None = None
    """The mapping, for a `DefaultBatch`; other classes of batches bring their own."""
    batch_limit: int = sys.maxsize
    """The number of batches to encode of each split, to try things out."""

    stale: str = field(default="error", kw_only=True)
    """What to do with batches that were encoded from something else: ``error``, ``rebuild`` (encode what is no longer
    right, group by group) or ``ignore`` (use them as they are)."""
    observer: EncodeObserver | None = field(default=None, kw_only=True, repr=False, compare=False)
    """Who is told how an encode goes on."""

    _ROW_TYPES: ClassVar[tuple[type[DataPoint], ...]] = (RowDataPoint,)
    """Data points that are rows as they are; a class of the user may make other attributes of a row."""
    _NOT_PICKLED: ClassVar[tuple[str, ...]] = (
        "observer",
        "codec",
        "store",
        "_mapping",
        "_contexts",
        "_groups",
        "_ready",
        "_reader",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        source = self.split_stash_container
        if not (isinstance(source, SplitKeyContainer) and isinstance(source, Stash)):
            raise DeepLearnError(
                f"The split_stash_container is a {type(source).__name__}, which has no splits or no data points.",
                f"[{self.name}] split_stash_container",
                "use a SplitStashContainer such as DatasetSplitStash",
            )
        if self.stale not in _STALE:
            raise ConfigurationError(
                f"There is no stale = {self.stale!r}.", f"[{self.name}] stale", f"use one of {list(_STALE)}"
            )
        for option, base in (("data_point_type", DataPoint), ("batch_type", Batch)):
            given = getattr(self, option)
            if not (isinstance(given, type) and issubclass(given, base)):
                raise ConfigurationError(
                    f"The {option} is {given!r}, no subclass of {base.__name__}.",
                    f"[{self.name}] {option}",
                    f"derive it from {base.__name__}; in a configuration write '{option} = class: package.Class'",
                )
        path = self.data_point_id_sets_path
        if path is not None and not isinstance(path, Path):
            raise ConfigurationError(
                f"The data_point_id_sets_path is {path!r}, a {type(path).__name__}.",
                f"[{self.name}] data_point_id_sets_path",
                "write 'data_point_id_sets_path = path: …' in a configuration, or Path(…) in Python",
            )
        self.priming = False
        self._turn = Turn(f"[{self.name}]")
        if isinstance(self.batch_size, bool) or not isinstance(self.batch_size, int) or self.batch_size < 1:
            raise ConfigurationError(
                f"The batch_size is {self.batch_size!r}.",
                f"[{self.name}] batch_size",
                "use a whole number of at least 1",
            )
        self._ready = False
        self._committer: Committer | None = None
        self._want(self._wanted)

    # ---- what batches are made of

    def _want(self, names: Collection[str] | None) -> None:
        if isinstance(names, str):
            names = [names]
        wanted = None if names is None else frozenset(names)
        if "_ready" in vars(self) and wanted is not None:
            known = self._mapping.get_attributes()
            unknown = sorted(wanted.difference(known))
            if unknown:
                raise MappingError(
                    f"No mapped attributes {unknown}.",
                    f"[{self.name}] decoded_attributes",
                    f"use some of {sorted(known)}",
                )
        self._wanted = wanted
        vars(self).pop("_reader", None)

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

    def attach(self, batch: Batch) -> Batch:
        """Tie a batch that was pickled to this stash again."""
        batch.batch_stash = self
        self.populate_batch_feature_mapping(batch)
        return batch

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

    def _sources(self, batches: Sequence[Sequence[str]]) -> Iterator[ColumnSource]:
        """The columns of the data points of batches; a source that keeps columns gives its own, without a row each."""
        if self.data_point_type in self._ROW_TYPES:
            yield from read_in_runs(batches, self.split_stash_container.load_columns, self.create_data_points)
        else:
            yield from (PointColumns(self.create_data_points(ids)) for ids in batches)

    @property
    def batch_metadata(self) -> BatchMetadata:
        """What is known about the batches: classes, mapping and the attributes that are decoded."""
        fields = {
            name: BatchFieldMetadata(bound.field, bound.vectorizer)
            for name, bound in self.codec.fields.items()
            if self._wanted is None or name in self._wanted
        }
        return BatchMetadata(self.data_point_type, self.batch_type, self.codec.mapping, fields)

    def _repr_html_(self) -> str:
        """For a notebook: what is there, without encoding or planning anything."""
        manifest = self.store.manifest
        splits = {} if manifest is None else manifest.splits
        rows = [(name, counts["batches"], counts["data_points"]) for name, counts in splits.items()]
        caption = f"{type(self).__name__} {self.name}: {self.status.value}, {self.store.location}"
        made_of = self.batch_metadata._repr_html_()
        return html_table(caption, ("split", "batches", "data points"), rows) + made_of

    # ---- where they lie

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
                (position, batch.encode() if isinstance(batch, Batch) else batch)
                for position in sorted(damaged)
                for _, batch in self._process([sets[position]])
            )
            commits = encoder.put_all(again, again=True)
            self._contexts.close()
            encoder.begin_again(plan, self.split_stash_container, commits)
            if not self.store.index.missing():
                encoder.finish()

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
            finally:
                self._contexts.close()
                committer.commit()
            self._encoder.finish()
        finally:
            self._committer = None
            if self.observer is not None:
                self.observer.finished()
        logger.info("encoded all %d batches into %s", len(plan), self.store.location)

    @property
    def _limit(self) -> int | None:
        return None if self.batch_limit == sys.maxsize else self.batch_limit

    def _create_data(self) -> list[int]:
        """The positions of the batches to encode."""
        return self.store.index.missing()

    def _process(self, chunk: Sequence[DataPointIDSet]) -> Iterable[tuple[str, Batch | EncodedBatch]]:
        """In a worker: make the batches of sets of IDs; a subclass may yield them encoded.

        Args:
            chunk: The sets of IDs, a batch each.
        """
        for one, source in zip(chunk, self._sources([one.data_point_ids for one in chunk]), strict=True):
            yield one.batch_id, self.create_batch(source, one.split_name, one.batch_id)

    def _work(self, chunk: Sequence[int]) -> list[Commit]:
        """In a worker: encode and store the batches at these positions.

        Returns:
            A receipt for each record, which the parent writes into the journal.
        """
        planned = self.batch_data_point_sets
        sets = [planned[position] for position in chunk]
        encoder = self._encoder
        done = 0

        def encoded() -> Iterator[tuple[int, EncodedBatch]]:
            nonlocal done
            for batch_id, batch in self._process(sets):
                position = self._position(batch_id)
                missing = encoder.missing_attributes(position)
                yield position, batch.encode(missing) if isinstance(batch, Batch) else batch
                done += 1

        try:
            commits = encoder.put_all(encoded())
        except Exception as error:
            one = sets[min(done, len(sets) - 1)]
            error.add_note(f"while encoding batch {one.batch_id!r} of split {one.split_name!r}")
            raise
        if self.is_child:  # the parent flushes before it journals
            self._contexts.flush()
        return commits

    def _position(self, batch_id: str) -> int:
        position = self.store.plan.position(batch_id)
        if position is None:
            raise BatchError(
                f"Batch {batch_id!r} is not planned.",
                self.store.location,
                f"use one of 0 to {len(self.store.plan) - 1}",
            )
        return position

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

    def _chunk_name(self, chunk: Sequence[int]) -> str:
        sets = [self.batch_data_point_sets[position] for position in chunk]
        return ", ".join(
            f"batch {one.batch_id!r} of split {one.split_name!r}, "
            f"data points {one.data_point_ids[0]!r} to {one.data_point_ids[-1]!r}"
            for one in sets
        )

    # ---- load

    @property
    def batch_data_point_sets(self) -> Sequence[DataPointIDSet]:
        """The IDs of the data points of each batch: a lazy sequence over the plan."""
        return PlannedSets(self._peek(), self._seed_context)

    def load(self, name: str) -> Any:
        """The batch of an ID, which decodes when it is first asked; ``None`` when it is not planned.

        Primes where the store is not complete.

        Raises:
            CorruptBatch: Its record is damaged or gone; names the batch and the file.
            StaleError: The store was encoded with another configuration.
        """
        if not self._ready:
            self.prime()
        position = self.store.plan.position(name)
        return None if position is None else self._at(position, name)

    def _at(self, position: int, name: str) -> Batch:
        plan = self.store.plan
        stored = EncodedBatch(
            name, plan.split_of(position), PlannedIDs(plan, position), self._reader.read(position, name)
        )
        batch = self.batch_type.from_encoded(self, stored)
        self.populate_batch_feature_mapping(batch)
        return batch

    def decode(self, contexts: Contexts) -> dict[str, Tensor | None]:
        """The tensors of contexts, on the CPU; of the attributes to decode.

        Raises:
            BatchError: A context does not decode.
        """
        wanted = self._wanted
        return self.codec.decode(contexts if wanted is None else narrowed(contexts, wanted))

    @cached_property
    def _reader(self) -> ContextReader:
        """What reads the contexts of the attributes that are decoded."""
        return ContextReader(self.store, self._contexts, self._wanted)

    def load_many(self, keys: Iterable[str]) -> Iterable[tuple[str, Any]]:
        """Batches in the order of ``keys``."""
        if not isinstance(keys, BatchIDs):
            yield from ((key, self.load(key)) for key in keys)
            return
        self.prime()
        for position in keys.positions:  # they need no look-up
            name = str(position)
            yield name, self._at(position, name)

    def tensors(self, keys: Iterable[str] | None = None) -> Iterator[Mapping[str, Tensor | None]]:
        """The tensors of batches by attribute, without a batch around them: the quickest way to read.

        Primes where the store is not complete.

        Args:
            keys: The IDs of the batches, in any order; all batches in the order of the plan when not given.

        Raises:
            BatchError: A batch is not planned.
            CorruptBatch: A record is damaged or gone.
        """
        self.prime()
        read, decode, locate = self._reader.read, self.codec.decode, self.store.plan.position
        wanted = BatchIDs(range(len(self))) if keys is None else keys
        if isinstance(wanted, BatchIDs):
            for position in wanted.positions:
                yield decode(read(position))
            return
        for name in wanted:
            found = locate(name)
            yield decode(read(self._position(name) if found is None else found, name))

    def exists(self, name: str) -> bool:
        """Whether the batch is committed; never primes."""
        if self.store.manifest is None:
            return False
        position = self.store.plan.position(name)
        return position is not None and self.store.index.is_committed(position)

    def keys(self) -> Iterable[str]:
        """The IDs of the batches, in the order of the plan; primes where the store is not complete."""
        self.prime()
        return map(str, range(len(self.store.plan)))

    def __len__(self) -> int:
        self.prime()
        return len(self.store.plan)

    def dump(self, name: str, inst: Any) -> None:
        """Refused: batches come from the source.

        Raises:
            BatchError: Always.
        """
        raise BatchError(
            f"Batch {name!r} cannot be stored by hand ({type(inst).__name__}).",
            f"[{self.name}]",
            "batches are encoded from the source by prime(); change the source or the vectorizers",
        )

    def delete(self, name: str) -> None:
        """Refused: a store is whole.

        Raises:
            BatchError: Always.
        """
        raise BatchError(f"Batch {name!r} cannot be deleted alone.", f"[{self.name}]", "clear() removes all batches")

    def selecting(self, parts: Collection[str] | None) -> BatchStash:
        """The same batches with other ``decoded_attributes``."""
        view = object.__new__(type(self))  # not a copy, which would leave the books behind
        vars(view).update(vars(self))
        view.decoded_attributes = parts
        return view

    def _get_keys_by_split(self) -> Mapping[str, tuple[str, ...]]:
        """The IDs of the batches of each split; never primes."""
        plan = self._peek()
        return {split: tuple(BatchIDs(plan.range_of(split))) for split in plan.splits}

    def ids_of(self, split_name: str) -> BatchIDs:
        """The IDs of the batches of a split; never primes."""
        return BatchIDs(self._peek().range_of(split_name))

    @property
    def splits(self) -> Mapping[str, BatchSplit]:
        """For each split a view of its batches; never primes."""
        return SplitViews({split: BatchSplit(self, split) for split in self._peek().splits})

    def _peek(self) -> Plan:
        """The plan of the store, or the one that it would have."""
        return self._plan_anew() if self.store.manifest is None else self.store.plan

    def _plan_anew(self) -> Plan:
        return plan_batches(self.split_stash_container.keys_by_split, self.batch_size, self._limit)

    # ---- train

    def loader(self, split: str, **options: Any) -> BatchLoader[Batch]:
        """The batches of a split for a training loop: read ahead, in order, on the device of the model.

        Primes where the store is not complete.

        Args:
            split: The split, as ``train``.
            options: The fields of `LoaderOptions`, as ``shuffle="batch"``.

        Raises:
            DatasetError: There is no such split, or it has no batches.
        """
        return BatchLoader(self._feed(split), LoaderOptions(**options))

    def as_dataset(self, split: str) -> BatchDataset[Batch]:
        """The batches of a split by number, for the data loader of torch; see `BatchDataset`.

        Primes where the store is not complete.

        Raises:
            DatasetError: There is no such split.
        """
        return BatchDataset(self._feed(split))

    def _feed(self, split: str) -> BatchSource[Batch]:
        self.prime()
        return source_of(self, split)

    def size_bytes(self, batch_id: str) -> int:
        """The bytes of the records of a batch that `load` reads."""
        groups = self.store.require_manifest().groups
        wanted = [self._wanted is None or not self._wanted.isdisjoint(group.attributes) for group in groups]
        return int(self.store.index.length[wanted, int(batch_id)].sum())

    # ---- forget

    def clear(self) -> None:
        """Remove the batches and the plan; the source stays.

        Raises:
            PersistableError: The store cannot be written to.
        """
        if not self.store.folder.is_writable():
            raise PersistableError("The store cannot be written to.", self.store.location, "clear it where it can be")
        with self.store.folder.lock():
            self.store.clear()
            self._contexts.clear()
        if self.data_point_id_sets_path is not None:
            self.data_point_id_sets_path.unlink(missing_ok=True)
        self.deallocate()

    def clear_all(self) -> None:
        """Remove the batches, the plan and the source."""
        self.clear()
        self.split_stash_container.clear()

    def deallocate(self) -> None:
        """Let go of what was read; it is read again when needed."""
        self.store.refresh()
        for name in ("codec", "_mapping", "_groups", "_reader"):
            vars(self).pop(name, None)
        self._ready = False

    def __getstate__(self) -> dict[str, Any]:
        """Without what is made again in another process."""
        state = {name: value for name, value in vars(self).items() if name not in self._NOT_PICKLED}
        return {**state, "observer": None, "_committer": None, "_ready": False}


def _of_no_batch(points: Any) -> type[Any] | None:
    """The type of what are neither data points nor columns; ``None`` when all is well."""
    if isinstance(points, Sequence):
        return next((type(one) for one in points if not isinstance(one, DataPoint)), None)
    return type(points) if isinstance(points, (DataPoint, Iterable)) else None
