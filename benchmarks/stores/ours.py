"""This library, in the ways that its README shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from benchmarks.store import Order, Store
from benchmarks.workload import Arrays
from zensols_like.batch import (
    Batch,
    BatchDirectoryCompositeStash,
    BatchFeatureMapping,
    BatchShardStash,
    BatchStash,
    DataPoint,
    DataPointIDSet,
    DefaultBatch,
    FieldFeatureMapping,
    ManagerFeatureMapping,
)
from zensols_like.dataset import DatasetSplitStash, SplitKeyContainer
from zensols_like.persist import GroupedStash
from zensols_like.source import ArrayStash
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    EncodableFeatureVectorizer,
    FeatureContext,
    FeatureVectorizerManager,
    FeatureVectorizerManagerSet,
    TensorFeatureContext,
)

__all__ = ["DirectoryLoaderStore", "DirectoryStore", "LoaderStore", "ShardStore", "array_stash"]


@dataclass
class ArrayVectorizer(EncodableFeatureVectorizer):
    """The rows of an array, as they are.

    Shape: ``(n, *row)``.  Dtype: that of the array.  Device: CPU.
    """

    row: tuple[int, ...]
    """The shape of a row."""

    DESCRIPTION: ClassVar[str] = "rows of an array"
    is_random: ClassVar[bool] = False
    encodes_data_type: ClassVar[bool] = False

    def _get_shape(self) -> tuple[int, ...]:
        return -1, *self.row

    def _encode(self, data: np.ndarray[Any, Any]) -> FeatureContext:
        return TensorFeatureContext(self.feature_id, torch.from_numpy(np.asarray(data)[None]))

    def encode_column(self, column: Sequence[Any]) -> FeatureContext:
        """All rows at once."""
        return TensorFeatureContext(self.feature_id, torch.from_numpy(np.asarray(column)))


@dataclass(frozen=True)
class ArrayColumns:
    """The columns of a batch; no object is made for a data point."""

    ids: Sequence[str]
    columns: Arrays
    is_random: ClassVar[bool] = False

    def column(self, name: str) -> Any:
        """The rows of a field."""
        return self.columns[name]


@dataclass
class Splits(SplitKeyContainer):
    """One split with all rows in their order."""

    size: int = field(metadata={"fingerprint": False})

    def _get_keys_by_split(self) -> dict[str, tuple[str, ...]]:
        return {"train": tuple(map(str, range(self.size)))}


@dataclass
class ArrayBatchStash(BatchStash):
    """Batches of the rows of an `ArrayStash`, a column at a time."""

    def _process(self, chunk: Sequence[DataPointIDSet]) -> Iterable[tuple[str, Batch]]:
        source = self.split_stash_container.delegate
        for one in chunk:
            columns = ArrayColumns(one.data_point_ids, source.columns(one.data_point_ids))
            yield one.batch_id, self.create_batch(columns, one.split_name, one.batch_id)  # type: ignore[arg-type]


def array_stash(
    arrays: Arrays | Path,
    shapes: dict[str, tuple[int, ...]],
    points: int,
    batch_size: int,
    delegate: GroupedStash,
    **options: Any,
) -> BatchStash:
    """Batches of the rows of arrays; ``y`` is the label.

    Args:
        arrays: The arrays in memory, or their folder.
        shapes: The shape of a row by field.
        points: The number of rows.
        batch_size: The number of rows of a batch.
        delegate: Where they lie.
        options: Further ones of a `BatchStash`.
    """
    config = TorchConfig(use_gpu=False)
    vectorizers = [ArrayVectorizer.of(name, row=shape) for name, shape in shapes.items()]
    manager = FeatureVectorizerManager.of("arrays", config, vectorizers)
    fields = tuple(FieldFeatureMapping(name, name) for name in shapes)
    return ArrayBatchStash(
        name="array_batch_stash",
        config_factory=None,  # type: ignore[arg-type]  # there is none
        config=None,
        delegate=delegate,
        chunk_size=0,
        workers=options.pop("workers", 1),
        data_point_type=DataPoint,
        batch_type=DefaultBatch,
        split_stash_container=DatasetSplitStash(ArrayStash(arrays), Splits(points)),
        vectorizer_manager_set=FeatureVectorizerManagerSet.of("managers", [manager]),
        batch_size=batch_size,
        model_torch_config=config,
        data_point_id_sets_path=None,
        decoded_attributes=None,
        batch_feature_mappings=BatchFeatureMapping("y", [ManagerFeatureMapping("arrays", fields)]),
        **options,
    )


class ShardStore(Store):
    """Shards, read through batches: ``for batch in stash.splits["train"].values(): batch.attributes``."""

    container: type[GroupedStash] = BatchShardStash

    def _stash(self, folder: Path, arrays: Arrays | Path, verify: str, **options: Any) -> BatchStash:
        shapes = {name: shape for name, (_, shape) in self.workload.fields.items()}
        delegate = self.container(folder / "batch", (set(shapes),), verify=verify)
        return array_stash(arrays, shapes, self.workload.points, self.workload.batch_size, delegate, **options)

    def write(self, arrays: Arrays, folder: Path, workers: int) -> None:
        """Encode; what this returns from is on the disk."""
        self._stash(folder, arrays, "always", workers=workers).prime()

    def open(self, folder: Path, verify: bool) -> None:
        """Open the store where the arrays are not, which is why nothing can be said of them."""
        self._stash_ = self._stash(folder, folder / "gone", "always" if verify else "never", stale="ignore")
        self._split = self._stash_.splits["train"]

    def epoch(self, order: Order) -> Iterator[Iterable[Tensor]]:
        """The tensors of batch after batch."""
        if order.is_shuffled:
            for _, batch in self._split.load_many(map(str, order.positions)):
                yield batch.attributes.values()
        else:
            for batch in self._split.values():
                yield batch.attributes.values()


class LoaderStore(ShardStore):
    """Shards, read through the loader of a training loop, without workers."""

    def epoch(self, order: Order) -> Iterator[Iterable[Tensor]]:
        """The tensors of batch after batch; the loader shuffles."""
        shuffle = "batch" if order.is_shuffled else None
        for batch in self._stash_.loader("train", workers=0, shuffle=shuffle, seed=order.seed or 0, device="cpu"):
            yield batch.attributes.values()


class DirectoryStore(ShardStore):
    """A file for each batch, read through batches."""

    container = BatchDirectoryCompositeStash


class DirectoryLoaderStore(LoaderStore):
    """A file for each batch, read through the loader."""

    container = BatchDirectoryCompositeStash
