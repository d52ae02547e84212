"""Nouns of the batch package: sets of data point IDs, encoded batches, and where these lie."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, overload

from torch import Tensor

from zensols_like.errors import BatchError, ConfigurationError, CorruptBatch
from zensols_like.persist import DirectoryCompositeStash, DirectoryStash, Formed, RecordStash, ShardStash
from zensols_like.persist.formats import Alike
from zensols_like.vectorize import FeatureContext, TensorFeatureContext

__all__ = [
    "BatchDirectoryCompositeStash",
    "BatchError",
    "BatchShardStash",
    "Contexts",
    "DataPointIDSet",
    "EncodedBatch",
    "EncodedRun",
    "RunContexts",
    "narrowed",
    "piece_of",
    "records_in",
]

Contexts: TypeAlias = Mapping[str, FeatureContext | tuple[FeatureContext, ...]]
"""What is stored of a batch: for each attribute the context of the column, or one for each data point."""


@dataclass(frozen=True)
class DataPointIDSet:
    """The IDs of the data points of one batch, on their way to a worker."""

    batch_id: str
    """The ID of the batch."""
    data_point_ids: Sequence[str]
    """The keys of the data points in the source, in the order of the batch."""
    split_name: str
    """The split that the batch belongs to."""
    torch_seed_context: dict[str, Any] | None
    """The random seed of the run, as given by `TorchConfig.get_random_seed_context`."""

    def __post_init__(self) -> None:
        if not isinstance(self.batch_id, str):
            raise ValueError(f"A batch_id is a string; this is {self.batch_id!r}, a {type(self.batch_id).__name__}.")

    def __len__(self) -> int:
        return len(self.data_point_ids)


class EncodedBatch(NamedTuple):
    """One batch as it is stored: names and contexts, no stash and no device."""

    id: str
    split_name: str
    data_point_ids: Sequence[str]
    contexts: Contexts

    def only(self, names: Collection[str] | None) -> EncodedBatch:
        """The same batch with just these attributes; with all of them when ``None``."""
        return self if names is None else self._replace(contexts=narrowed(self.contexts, names))


class RunContexts(Alike):
    """The contexts of batches of one size that were encoded together: those of a batch are pieces of theirs.

    Args:
        contexts: For each attribute the context of all batches, which is a tensor with a row for each data point, or
            says that there is none.
        count: How many batches there are.
        size: How many data points a batch has.
    """

    def __init__(self, contexts: Mapping[str, FeatureContext], count: int, size: int) -> None:
        self._contexts = contexts
        self._count = count
        self._size = size

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, number: int) -> Contexts: ...
    @overload
    def __getitem__(self, number: slice) -> list[Contexts]: ...
    def __getitem__(self, number: int | slice) -> Contexts | list[Contexts]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        if len(self) == 1:
            return self._contexts
        return {name: piece_of(context, number, self._size) for name, context in self._contexts.items()}

    @property
    def tensors(self) -> list[Tensor]:
        """The tensor of each attribute that has one, with the rows of all batches."""
        return [context.tensor for context in self._contexts.values() if isinstance(context, TensorFeatureContext)]

    def only(self, names: Collection[str]) -> RunContexts:
        """Those of some attributes."""
        return RunContexts({name: self._contexts[name] for name in names}, self._count, self._size)


def piece_of(context: FeatureContext, number: int, size: int) -> FeatureContext:
    """The context of one of several batches that were encoded together."""
    if isinstance(context, TensorFeatureContext):
        return TensorFeatureContext(context.feature_id, context.tensor[number * size : (number + 1) * size])
    return context


class EncodedRun(NamedTuple):
    """Batches on their way into a store, which lack the same groups of attributes there."""

    positions: Sequence[int]
    """Which batches of the plan they are."""
    contexts: Sequence[Contexts]
    """What to store of each."""

    def only(self, names: Collection[str]) -> Sequence[Contexts]:
        """What to store of each, of some attributes."""
        if isinstance(self.contexts, RunContexts):
            return self.contexts.only(names)
        return [{name: contexts[name] for name in names} for contexts in self.contexts]


def narrowed(contexts: Contexts, names: Collection[str]) -> Contexts:
    """The contexts of some attributes, which are not made for this where they come from a record of a known form."""
    if isinstance(contexts, Formed):
        return contexts.only(frozenset(names))
    return {name: context for name, context in contexts.items() if name in names}


@dataclass
class BatchDirectoryCompositeStash(DirectoryCompositeStash):
    """The contexts of batches, in one record file for each batch and group of attributes.

    A value is the mapping from attributes to their contexts.  What else there is to a batch stands in the plan of the
    store, once.

    Configuration::

        [batch_dir_stash]
        class_name = zensols_like.batch.BatchDirectoryCompositeStash
        path = path: target/batch
        groups = eval: ({'label'}, {'tokens', 'mask'})

    Args:
        path: The folder; it is made by the first `dump`.
        groups: The groups of attributes; loading opens the files of the groups that are asked for, and no others.
    """

    attribute_name: str = field(default="contexts", init=False, repr=False)
    load_keys: Collection[str] | None = field(default=None, init=False, repr=False)

    def load(self, name: str) -> Any:
        """The contexts of a batch for the attributes of `load_keys`; ``None`` when absent.

        Raises:
            CorruptBatch: A record is damaged or gone.
        """
        if not self.exists(name):
            return None
        contexts: dict[str, Any] = {}
        for group in self.groups:
            wanted = set(group) if self.load_keys is None else set(group).intersection(self.load_keys)
            if wanted:
                receipt = self.records.find(name, self.group_key(group))
                if receipt is None:
                    raise CorruptBatch(
                        f"Batch {name!r} has no record of group {self.group_key(group)!r}, but of others.",
                        str(self.path),
                        "encode it again",
                    )
                part = self.get_part(name, self.group_key(group), receipt)
                contexts.update({attribute: part[attribute] for attribute in part if attribute in wanted})
        return contexts

    def dump(self, name: str, inst: Any) -> None:
        """Store the contexts of a batch, whole or not at all.

        Where contexts cannot be encoded, what was there stays.  A batch that is there is removed before it is written
        anew: a crash meanwhile leaves none.

        Raises:
            MissingDataKeysError: Attributes of a group are missing.
            PersistableError: There are attributes that are in no group.
        """
        *others, last = self.encode_parts(name, self.parts_of(name, inst))
        self.records.delete(name, self._last_group)
        for records in (others, [last]):  # with the last one the batch is there
            self.records.put_all(records)
            self.flush()

    @property
    def _last_group(self) -> str:
        """The group whose record is written last and removed first."""
        return self.group_key(self.groups[-1])

    def delete(self, name: str) -> None:
        """Remove the files of a batch."""
        for group in reversed(self.groups):
            self.records.delete(name, self.group_key(group))

    def exists(self, name: str) -> bool:
        """Whether the batch is there: its record of the last group, which is written last."""
        return self.records.find(name, self._last_group) is not None

    def keys(self) -> Iterable[str]:
        """The IDs of the batches, sorted as strings."""
        return self.records.keys_of(self._last_group)

    def clear(self) -> None:
        """Remove every batch."""
        self.records.clear()


@dataclass
class BatchShardStash(ShardStash):
    """The contexts of batches, in few large files for each group of attributes.

    A value is the mapping from attributes to their contexts, as in a `BatchDirectoryCompositeStash`; here many batches
    lie in one file, which is mapped once.  Right for many batches, and the fastest to read.

    Configuration::

        [batch_shard_stash]
        class_name = zensols_like.batch.BatchShardStash
        path = path: target/batch
        groups = eval: ({'label'}, {'tokens', 'mask'})
    """


def records_in(container: str, path: Path, groups: Sequence[Collection[str]]) -> RecordStash:
    """The records of batches below a folder.

    Args:
        container: The kind of store, as its manifest calls it.
        path: The folder.
        groups: The groups of attributes.

    Raises:
        ConfigurationError: It is none of those of this library.
    """
    if container == "composite":
        return BatchDirectoryCompositeStash(path, groups)
    if container == "shards":
        return BatchShardStash(path, groups)
    if container == "directory":
        return DirectoryStash(path)
    raise ConfigurationError(
        f"The batches lie in a {container!r}, which only its configuration opens.", str(path), "give it with -c"
    )
