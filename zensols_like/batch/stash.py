"""Batches by ID: planned, encoded by workers, decoded when they are used."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from inspect import isabstract
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from zensols_like.batch.domain import Batch
from zensols_like.batch.feed import source_of
from zensols_like.batch.interface import Contexts, EncodedBatch, narrowed
from zensols_like.batch.mapping import BatchFeatureMapping
from zensols_like.batch.meta import BatchFieldMetadata, BatchMetadata
from zensols_like.batch.multi import EncodeObserver
from zensols_like.batch.notebook import html_table
from zensols_like.batch.plan import PlannedIDs
from zensols_like.batch.point import DataPoint
from zensols_like.batch.priming import PrimingStash
from zensols_like.batch.reader import ContextReader, runs_of
from zensols_like.batch.split import BatchIDs, BatchSplit, SplitViews
from zensols_like.config import Writeback
from zensols_like.dataset import SplitKeyContainer
from zensols_like.errors import (
    BatchError,
    ConfigurationError,
    DeepLearnError,
    MappingError,
    PersistableError,
)
from zensols_like.loader import BatchDataset, BatchLoader, BatchSource, LoaderOptions
from zensols_like.persist import Stash
from zensols_like.protocols import Deallocatable
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import FeatureVectorizerManagerSet

__all__ = ["BatchStash"]


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
class BatchStash(PrimingStash, SplitKeyContainer, Writeback, Deallocatable):
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

    _NOT_PICKLED: ClassVar[tuple[str, ...]] = (
        "observer",
        "codec",
        "store",
        "_mapping",
        "_contexts",
        "_groups",
        "_ready_for",
        "_reader",
        "_row_reader",
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
            if isabstract(given):
                raise ConfigurationError(
                    f"The {option} {given.__name__} is abstract: it lacks {sorted(given.__abstractmethods__)}.",
                    f"[{self.name}] {option}",
                    "name a subclass that defines them (for batches DefaultBatch has what most need)",
                )
        path = self.data_point_id_sets_path
        if path is not None and not isinstance(path, Path):
            raise ConfigurationError(
                f"The data_point_id_sets_path is {path!r}, a {type(path).__name__}.",
                f"[{self.name}] data_point_id_sets_path",
                "write 'data_point_id_sets_path = path: …' in a configuration, or Path(…) in Python",
            )
        if isinstance(self.batch_size, bool) or not isinstance(self.batch_size, int) or self.batch_size < 1:
            raise ConfigurationError(
                f"The batch_size is {self.batch_size!r}.",
                f"[{self.name}] batch_size",
                "use a whole number of at least 1",
            )
        self._want(self._wanted)

    # ---- what batches are made of

    def _want(self, names: Collection[str] | None) -> None:
        if isinstance(names, str):
            names = [names]
        wanted = None if names is None else frozenset(names)
        if "_ready_for" in vars(self) and wanted is not None:
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

    def attach(self, batch: Batch) -> Batch:
        """Tie a batch that was pickled to this stash again."""
        batch.batch_stash = self
        self.populate_batch_feature_mapping(batch)
        return batch

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

    # ---- load

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
        return self._holding(position, name, self._reader.read(position, name))

    def _holding(self, position: int, name: str, contexts: Contexts) -> Batch:
        plan = self.store.plan
        stored = EncodedBatch(name, plan.split_of(position), PlannedIDs(plan, position), contexts)
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
        """Batches in the order of ``keys``; ``None`` for those that are not planned.

        Those of a sequence are looked up together; of other keys each is taken when it is its turn.
        """
        if not isinstance(keys, Sequence):
            yield from Stash.load_many(self, keys)
            return
        self.prime()
        for names, positions in runs_of(keys, self.store.plan):
            if positions is None:
                yield names[0], None
                continue
            batches = self._batches(names, positions)
            for name in names:
                yield name, next(batches)  # which nothing here keeps

    def _batches(self, names: Sequence[str], positions: Sequence[int]) -> Iterator[Batch]:
        return map(self._holding, positions, names, self._reader.read_all(names, positions))

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
        wanted, decode = self.keys() if keys is None else keys, self.codec.decode
        if not isinstance(wanted, Sequence):
            yield from (decode(self._reader.read(self._position(name), name)) for name in wanted)
            return
        for names, positions in runs_of(wanted, self.store.plan):
            if positions is None:
                raise self._not_planned(names[0])
            contexts = self._reader.read_all(names, positions)
            for _ in positions:  # so that contexts that run out before are an error
                yield decode(next(contexts))

    def exists(self, name: str) -> bool:
        """Whether the batch is committed; never primes."""
        if self.store.manifest is None:
            return False
        position = self.store.plan.position(name)
        return position is not None and self.store.index.is_committed(position)

    def keys(self) -> BatchIDs:
        """The IDs of the batches, in the order of the plan; primes where the store is not complete."""
        self.prime()
        return BatchIDs(range(len(self.store.plan)))

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
        vars(view).update(vars(self), store=self.store)
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

        Batches that lie in another kind of container below the same folder are removed, too.

        Raises:
            PersistableError: The store cannot be written to.
        """
        if not self.store.folder.is_writable():
            raise PersistableError("The store cannot be written to.", self.store.location, "clear it where it can be")
        with self.store.folder.lock():
            left = self._left_records()
            self.store.clear()
            self._contexts.clear()
            if left is not None:
                left.clear()
        if self.data_point_id_sets_path is not None:
            self.data_point_id_sets_path.unlink(missing_ok=True)
        self.deallocate()

    def clear_all(self) -> None:
        """Remove batches, plan, split keys and what stashes of the source keep; files that are only read stay."""
        self.clear()
        self.split_stash_container.clear()

    def deallocate(self) -> None:
        """Let go of what was read; it is read again when needed."""
        self.store.refresh()
        for name in ("codec", "_mapping", "_groups", "_reader", "_row_reader"):
            vars(self).pop(name, None)
        self._ready_for = None

    def __getstate__(self) -> dict[str, Any]:
        """Without what is made again in another process."""
        state = {name: value for name, value in vars(self).items() if name not in self._NOT_PICKLED}
        return {**state, "observer": None, "_committer": None, "_ready_for": None}
