"""Batches of arrays, without a class of the user: each array is an attribute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from zensols_like.batch.domain import DefaultBatch
from zensols_like.batch.interface import BatchShardStash
from zensols_like.batch.mapping import BatchFeatureMapping, FieldFeatureMapping, ManagerFeatureMapping
from zensols_like.batch.multi import EncodeObserver
from zensols_like.batch.row import RowDataPoint
from zensols_like.batch.stash import BatchStash
from zensols_like.dataset import DEFAULT_SPLITS, DatasetSplitStash, FixedSplitKeyContainer, draw_splits
from zensols_like.errors import DatasetError
from zensols_like.persist import GroupedStash, NumberedKeys
from zensols_like.source import ArrayStash
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    ArrayEncodableFeatureVectorizer,
    FeatureVectorizerManager,
    FeatureVectorizerManagerSet,
)

__all__ = ["ArrayBatchStash"]

_WHERE = "arrays"


@dataclass
class ArrayBatchStash(BatchStash):
    """Batches of the rows of arrays; each array is an attribute, stored in its own data type.

    It is a `BatchStash` like any other, which `from_arrays` puts together.
    """

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, Any] | Path,
        path: Path | str,
        *,
        label: str | None = None,
        batch_size: int = 32,
        split: str | Mapping[str, float] | None = None,
        shuffle: bool = True,
        seed: int = 0,
        workers: int | float = 1,
        chunk_size: int = 0,
        delegate: GroupedStash | None = None,
        torch_config: TorchConfig | None = None,
        observer: EncodeObserver | None = None,
        **options: Any,
    ) -> Self:
        """The batches of arrays, encoded when they are first asked for.

        Args:
            arrays: Arrays and tensors of one length by name; or a ``.npz`` file, or a folder of ``.npy`` files, which
                are mapped into memory so that only the rows that are used are read.
            path: The folder of the batches.
            label: The array of the label.
            batch_size: The number of rows of a batch; the last one of a split may have fewer.
            split: The array that names the split of each row; or the part of the rows that each split gets, in which
                the values of a label of whole numbers keep their shares, by default 0.8 for ``train``, 0.1 for
                ``validation`` and 0.1 for ``test``.
            shuffle: Whether rows are put in a random order before they are cut in batches.
            seed: Another one splits and shuffles otherwise.
            workers: How many processes encode, where that pays, as in `BatchStash`.
            chunk_size: The number of batches of a piece of work, as in `BatchStash`.
            delegate: Where the batches lie, if not in a `BatchShardStash` with the label in a group of its own.
            torch_config: Where `Batch.to` copies; the default uses a GPU if there is one.
            observer: Who is told how the encode goes on.
            options: Other parameters of a `BatchStash`.

        Raises:
            SourceError: They are no arrays of one length.
            DatasetError: There is no array of this name, one cannot be an attribute, or the parts of the splits do not
                add up to 1.

        Example:
            >>> import tempfile
            >>> folder = tempfile.TemporaryDirectory()
            >>> arrays = {"image": np.zeros((100, 8, 8), np.uint8), "digit": np.arange(100) % 10}
            >>> stash = ArrayBatchStash.from_arrays(arrays, folder.name, label="digit")
            >>> for tensors in stash.splits["test"].tensors():
            ...     print(tensors["image"].shape, tensors["image"].dtype, tensors["digit"].dtype)
            torch.Size([10, 8, 8]) torch.uint8 torch.int64
            >>> folder.cleanup()
        """
        config = TorchConfig() if torch_config is None else torch_config
        source = ArrayStash(arrays)
        columns = source.opened
        for name in (label, split if isinstance(split, str) else None):
            if name is not None and name not in columns:
                raise DatasetError(f"There is no array {name!r}.", _WHERE, f"use one of {list(columns)}")
        names = [name for name in columns if name != split]
        _require_features(columns, names, label)
        vectorizers = [
            ArrayEncodableFeatureVectorizer.of(name, row_shape=tuple(columns[name].shape[1:])) for name in names
        ]
        fields = tuple(FieldFeatureMapping(name, name) for name in names)
        groups = [{label}, set(names) - {label}] if label is not None and len(names) > 1 else [set(names)]
        splits = _split(columns, label, split, shuffle, seed)
        return cls(
            name="array_batch_stash",
            config_factory=None,  # type: ignore[arg-type]  # there is none
            config=None,
            delegate=BatchShardStash(Path(path), tuple(groups)) if delegate is None else delegate,
            chunk_size=chunk_size,
            workers=workers,
            data_point_type=RowDataPoint,
            batch_type=DefaultBatch,
            split_stash_container=DatasetSplitStash(source, FixedSplitKeyContainer(splits)),
            vectorizer_manager_set=FeatureVectorizerManagerSet.of(
                "managers", [FeatureVectorizerManager.of("arrays", config, vectorizers)]
            ),
            batch_size=batch_size,
            model_torch_config=config,
            data_point_id_sets_path=None,
            decoded_attributes=options.pop("decoded_attributes", None),
            batch_feature_mappings=BatchFeatureMapping(label, [ManagerFeatureMapping("arrays", fields)]),
            observer=observer,
            **options,
        )


def _require_features(columns: Mapping[str, Any], names: Sequence[str], label: str | None) -> None:
    """Refuse arrays that cannot be attributes, before anything is encoded.

    Raises:
        DatasetError: There are some.
    """
    if label is not None and label not in names:
        raise DatasetError(f"The array {label!r} is both the label and the split.", _WHERE, "use two arrays")
    if "id" in names:
        raise DatasetError("An array is named 'id', which is that of the number of a row.", _WHERE, "rename it")
    for name in names:
        array = columns[name]
        if isinstance(array, np.ndarray) and array.dtype.kind not in "biufc":
            raise DatasetError(
                f"The array {name!r} of {array.dtype} is no array of numbers.",
                _WHERE,
                "give numbers or booleans, such as those of classes: numpy.unique(array, return_inverse=True)[1]",
            )


def _split(
    columns: Mapping[str, Any], label: str | None, split: str | Mapping[str, float] | None, shuffle: bool, seed: int
) -> dict[str, NumberedKeys]:
    """The rows of each split, in their order."""
    if isinstance(split, str):
        named = np.asarray(columns[split]).astype(str)
        if named.ndim != 1:
            raise DatasetError(
                f"The array {split!r} names no split for each row: its shape is {named.shape}.",
                _WHERE,
                "give one name a row",
            )
        names = list(dict.fromkeys(named.tolist()))
        homes = np.asarray([names.index(name) for name in np.unique(named)])[np.unique(named, return_inverse=True)[1]]
    else:
        distribution = DEFAULT_SPLITS if split is None else split
        names = list(distribution)
        homes = draw_splits(_classes(columns, label if len(names) > 1 else None), distribution, seed)
    generator = np.random.RandomState(seed)
    is_one = len(names) == 1
    rows = {name: np.arange(len(homes)) if is_one else np.flatnonzero(homes == at) for at, name in enumerate(names)}
    return {name: NumberedKeys(generator.permutation(own) if shuffle else own) for name, own in rows.items()}


def _classes(columns: Mapping[str, Any], label: str | None) -> NDArray[np.int64]:
    """The number of the class of each row; 0 for all without a label that is a whole number."""
    labels = None if label is None else np.asarray(columns[label])
    if labels is None or labels.ndim != 1 or labels.dtype.kind not in "biu":
        return np.zeros(len(next(iter(columns.values()))), dtype=np.int64)
    return np.unique(labels, return_inverse=True)[1]
