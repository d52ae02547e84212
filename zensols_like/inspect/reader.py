"""Read batches to look at them: with the configuration that made them, or without any."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from zensols_like.batch import BatchStash, BatchStore, Status
from zensols_like.batch.contexts import ContextStore, StashContexts
from zensols_like.batch.manifest import Manifest
from zensols_like.batch.reader import ContextReader
from zensols_like.errors import ConfigurationError, UnsafeError
from zensols_like.inspect.errors import NotFoundError
from zensols_like.inspect.padding import find_padding
from zensols_like.inspect.report import PointReport
from zensols_like.inspect.stored import Column, stored_column
from zensols_like.persist import RecordStash
from zensols_like.vectorize import CategoryEncodableFeatureVectorizer, FeatureContext

__all__ = ["BatchReader", "StashReader", "StoreReader", "folder_of", "require_split"]


def folder_of(store: BatchStore) -> str:
    """The folder that a user knows a store by: that of its records.

    The books lie in ``<folder>/.store``, or beside in ``<folder>.store``.  One below the current folder is called by
    the way from there.
    """
    folder = Path(store.location.removesuffix(".store").rstrip("/"))
    return str(folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder)


class BatchReader(ABC):
    """Batches to look at; looking makes nothing."""

    store: BatchStore
    contexts: ContextStore

    @property
    def path(self) -> str:
        """The folder of the store."""
        return folder_of(self.store)

    @property
    def manifest(self) -> Manifest:
        """The manifest.

        Raises:
            MissingBatchError: There is no store.
        """
        return self.store.require_manifest()

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that are stored, in the order of the mapping."""
        return tuple(self.manifest.specs)

    @property
    @abstractmethod
    def status(self) -> Status:
        """How much is there."""

    @abstractmethod
    def require_current(self) -> None:
        """Refuse batches that were made by another configuration.

        Raises:
            StaleError: Says which fields differ.
        """

    @property
    @abstractmethod
    def shown(self) -> frozenset[str]:
        """The attributes to look at when nobody says which."""

    @abstractmethod
    def columns(self, position: int, attributes: Collection[str]) -> Mapping[str, Column]:
        """The values of attributes in a batch.

        Raises:
            MissingBatchError: The batch is not committed.
            CorruptBatch: A record is damaged or gone.
            UnsafeError: A record holds what this process does not know.
        """

    @abstractmethod
    def class_names(self, nominals: Sequence[int]) -> list[str]:
        """The names of classes of the label."""

    @abstractmethod
    def points(self, ids: Sequence[str]) -> tuple[PointReport, ...]:
        """Data points, made from the source."""


@dataclass
class StoreReader(BatchReader):
    """Batches as they are stored: no class of a user is imported, and no vectorizer decodes."""

    store: BatchStore
    contexts: ContextStore
    is_stale: bool = False
    """Whether there is a configuration, which makes them otherwise."""

    @property
    def status(self) -> Status:
        """Absent, partial, complete or stale."""
        return Status.STALE if self.is_stale else self.store.status

    def require_current(self) -> None:
        """Nothing to refuse: they are looked at as they are."""

    @property
    def shown(self) -> frozenset[str]:
        """All."""
        return frozenset(self.attributes)

    def columns(self, position: int, attributes: Collection[str]) -> Mapping[str, Column]:
        """What the contexts hold."""
        try:
            contexts = ContextReader(self.store, self.contexts, frozenset(attributes)).read(position)
        except UnsafeError as error:
            error.add_note("if it is a class of yours, give the configuration with -c, which imports it")
            raise
        specs = self.manifest.specs
        return {name: stored_column(context, specs[name]) for name, context in contexts.items()}

    def class_names(self, nominals: Sequence[int]) -> list[str]:
        """The numbers of the classes; only a vectorizer knows their names."""
        return [str(nominal) for nominal in nominals]

    def points(self, ids: Sequence[str]) -> tuple[PointReport, ...]:
        """Refused.

        Raises:
            ConfigurationError: Always.
        """
        raise ConfigurationError(
            f"The {len(ids)} data points come from the source, which a store does not know.",
            self.path,
            "give the configuration with -c instead of the path",
        )


@dataclass
class StashReader(BatchReader):
    """Batches as a configured stash decodes them."""

    stash: BatchStash

    @property
    def store(self) -> BatchStore:  # type: ignore[override]  # read-only is all that anybody needs
        """The store of the stash."""
        return self.stash.store

    @property
    def contexts(self) -> ContextStore:  # type: ignore[override]  # as above
        """Where the contexts lie."""
        delegate = self.stash.delegate
        return delegate if isinstance(delegate, RecordStash) else StashContexts(delegate, self.store.folder)

    @property
    def status(self) -> Status:
        """Absent, partial, complete or stale."""
        return self.stash.status

    def require_current(self) -> None:
        """Refuse batches that were made by another configuration, unless it says to use them."""
        if self.stash.stale != "ignore":
            self.stash.require_fresh()

    def as_stored(self) -> StoreReader:
        """The same batches as they are stored, where this configuration cannot decode them."""
        return StoreReader(self.store, self.contexts, self.status is Status.STALE)

    @property
    def shown(self) -> frozenset[str]:
        """The decoded attributes of the stash."""
        wanted = self.stash.decoded_attributes
        return frozenset(self.attributes if wanted is None else wanted)

    def columns(self, position: int, attributes: Collection[str]) -> Mapping[str, Column]:
        """The decoded tensors."""
        contexts = ContextReader(self.store, self.contexts, frozenset(attributes)).read(position)
        tensors = self.stash.codec.decode(contexts)
        return {name: _decoded_column(contexts[name], arr) for name, arr in tensors.items()}

    def class_names(self, nominals: Sequence[int]) -> list[str]:
        """The names that the vectorizer of the label knows."""
        bound = self.stash.codec.fields.get(self.manifest.label or "")
        if bound is None or not isinstance(bound.vectorizer, CategoryEncodableFeatureVectorizer):
            return [str(nominal) for nominal in nominals]
        return list(map(str, bound.vectorizer.get_classes(nominals)))

    def points(self, ids: Sequence[str]) -> tuple[PointReport, ...]:
        """The data points as their class writes them."""
        made = self.stash.create_data_points(ids)
        return tuple(
            PointReport(point.id, tuple(f"{' ' * 2 * depth}{line}" for depth, line in point.lines())) for point in made
        )


def require_split(reader: BatchReader, name: str) -> None:
    """Refuse the name of a split that is not there.

    Raises:
        NotFoundError: Lists those that are.
    """
    splits = reader.store.plan.splits
    if name not in splits:
        raise NotFoundError(f"There is no split {name!r}.", reader.path, f"use one of {list(splits)}")


def _decoded_column(context: FeatureContext | tuple[FeatureContext, ...], tensor: Tensor | None) -> Column:
    if tensor is None:
        return Column(None, "no labels")
    return Column(tensor, padding=find_padding(context, tensor.shape))
