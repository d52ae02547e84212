"""Batches of a table, without a class of the user: each column is an attribute."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from zensols_like.batch import (
    Batch,
    BatchShardStash,
    BatchStash,
    DataPoint,
    DefaultBatch,
    EncodeObserver,
    RowDataPoint,
)
from zensols_like.dataframe.column import DataframeDataPoint
from zensols_like.dataframe.split import random_splits
from zensols_like.dataframe.stash import FrameStash
from zensols_like.dataframe.table import require_columns, require_distinct
from zensols_like.dataframe.vectorize import DataframeFeatureVectorizerManager, LabelEncoding
from zensols_like.dataset import DEFAULT_SPLITS
from zensols_like.errors import BatchError, DataframeError
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import FeatureVectorizerManagerSet

__all__ = ["DataframeBatch", "DataframeBatchStash"]

_FRAME = "the data frame"


@dataclass(eq=False, repr=False)
class DataframeBatch(DefaultBatch):
    """Rows of a table; the attributes are the columns."""

    def get_features(self) -> Tensor:
        """The features that are decoded, one after the other in the order of the table.

        Shape: ``(n, f)``: ``n`` rows; ``f`` is in `DataframeBatchStash.flattened_features_shape`.
        Dtype: that of the torch configuration.  Device: that of the batch.

        Raises:
            BatchError: No feature is decoded.
        """
        mapping, attributes = self._get_batch_feature_mappings(), self.attributes
        names = [name for name in mapping.get_attributes() if name != mapping.label_attribute_name]
        features = [arr for name in names if (arr := attributes.get(name)) is not None]
        if not features:
            raise BatchError(
                f"No features are decoded in batch {self.id!r}.", None, f"add some of {names} to decoded_attributes"
            )
        return torch.cat([arr.reshape(len(arr), -1) for arr in features], dim=1)  # (n, f)


@dataclass
class DataframeBatchStash(BatchStash):
    """Batches of a table: columns become features by their type, and one is the label.

    The vectorizers are those of the `DataframeFeatureVectorizerManager` in the ``vectorizer_manager_set``, which also
    gives the mapping unless ``batch_feature_mappings`` is set.  A batch is encoded from whole columns.

        [batch_stash]
        class_name = zensols_like.dataframe.DataframeBatchStash
        data_point_type = class: zensols_like.dataframe.DataframeDataPoint
        batch_type = class: zensols_like.dataframe.DataframeBatch
        split_stash_container = instance: iris_dataframe_stash

    and the other options of a `BatchStash`.
    """

    _ROW_TYPES: ClassVar[tuple[type[DataPoint], ...]] = (DataframeDataPoint, RowDataPoint)

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        label: str,
        path: Path | str,
        *,
        batch_size: int = 32,
        split: str | Mapping[str, float] | None = None,
        shuffle: bool = True,
        seed: int = 0,
        workers: int | float = 1,
        chunk_size: int = 0,
        label_encoding: LabelEncoding | None = None,
        include_columns: Collection[str] | None = None,
        exclude_columns: Collection[str] | None = None,
        decoded_attributes: Collection[str] | None = None,
        torch_config: TorchConfig | None = None,
        observer: EncodeObserver | None = None,
        **options: Any,
    ) -> Self:
        """The batches of a data frame, encoded when they are first asked for.

        Args:
            frame: The table; its index gives the IDs of the data points.
            label: The column of the label.
            path: The folder of the batches.
            batch_size: The number of rows of a batch; the last one of a split may have fewer.
            split: The column that names the split of each row; or the part of the rows that each split gets, in which
                classes keep their shares, by default 0.8 for ``train``, 0.1 for ``validation`` and 0.1 for ``test``.
            shuffle: Whether rows are put in a random order before they are cut in batches.
            seed: Another one splits and shuffles otherwise.
            workers: How many processes encode, where that pays, as in `BatchStash`.
            chunk_size: The number of batches of a piece of work, as in `BatchStash`.
            label_encoding: ``nominal`` for classes as int64 numbers, ``onehot`` for rows with a one, ``number`` for
                regression; by default ``number`` for a column of floats, and ``nominal`` for others.
            include_columns: The columns to use as features; all but label and split when ``None``.
            exclude_columns: The columns not to use as features.
            decoded_attributes: The columns to decode; all when ``None``.
            torch_config: The data type of the features, and where `Batch.to` copies; the default uses a GPU if there is
                one.
            observer: Who is told how the encode goes on.
            options: Other parameters of a `BatchStash`, as ``stale="rebuild"``.

        Raises:
            DataframeError: The table is not what it should be.
            DatasetError: The parts of the splits do not add up to 1.

        Example:
            >>> import tempfile
            >>> flowers = pd.read_csv("test-resources/iris.csv")
            >>> folder = tempfile.TemporaryDirectory()
            >>> stash = DataframeBatchStash.from_frame(flowers, label="species", path=folder.name, split="ds_type")
            >>> for batch in stash.splits["test"].values():
            ...     print(batch.get_features().shape, batch["species"].dtype)
            torch.Size([30, 4]) torch.int64
            >>> folder.cleanup()
        """
        config = TorchConfig() if torch_config is None else torch_config
        encoding = label_encoding or _default_encoding(frame, label)
        source = _split_source(frame, label, encoding != "number", split, seed, shuffle)
        manager = DataframeFeatureVectorizerManager(
            "columns", None, config, (), "", label, source, include_columns, exclude_columns, label_encoding=encoding
        )
        return cls(
            name="dataframe_batch_stash",
            config_factory=None,  # type: ignore[arg-type]  # there is none
            config=None,
            delegate=BatchShardStash(Path(path), ({label}, set(manager.dataset_metadata.columns))),
            chunk_size=chunk_size,
            workers=workers,
            data_point_type=DataframeDataPoint,
            batch_type=DataframeBatch,
            split_stash_container=source,
            vectorizer_manager_set=FeatureVectorizerManagerSet.of("managers", [manager]),
            batch_size=batch_size,
            model_torch_config=config,
            data_point_id_sets_path=None,
            decoded_attributes=decoded_attributes,
            observer=observer,
            **options,
        )

    @cached_property
    def feature_vectorizer_manager(self) -> DataframeFeatureVectorizerManager:
        """The manager of the columns.

        Raises:
            DataframeError: There is not exactly one in the ``vectorizer_manager_set``.
        """
        managers = self.vectorizer_manager_set.values()
        found = [manager for manager in managers if isinstance(manager, DataframeFeatureVectorizerManager)]
        if len(found) != 1:
            raise DataframeError(
                f"There are {len(found)} managers of columns, not one.",
                f"[{self.name}] vectorizer_manager_set",
                "name one section of a DataframeFeatureVectorizerManager in it",
            )
        return found[0]

    @property
    def label_shape(self) -> tuple[int, ...]:
        """The shape of the label of a data point."""
        return self.feature_vectorizer_manager.label_shape

    @property
    def flattened_features_shape(self) -> tuple[int, ...]:
        """The shape of the features of a data point, of those attributes that are decoded, one after the other."""
        manager, wanted = self.feature_vectorizer_manager, self.decoded_attributes
        columns = manager.dataset_metadata.columns
        return manager.get_flattened_features_shape([name for name in columns if wanted is None or name in wanted])

    def populate_batch_feature_mapping(self, batch: Batch) -> None:
        """Give a batch the mapping of the columns, where there is no other."""
        super().populate_batch_feature_mapping(batch)
        if isinstance(batch, DefaultBatch) and batch.batch_feature_mappings is None:
            batch.batch_feature_mappings = self.feature_vectorizer_manager.batch_feature_mapping


def _default_encoding(frame: pd.DataFrame, label: str) -> LabelEncoding:
    if not isinstance(frame, pd.DataFrame):
        raise DataframeError(
            f"The frame is a {type(frame).__name__}.",
            _FRAME,
            "give a pandas.DataFrame, as of pandas.read_csv(…)",
        )
    require_distinct(frame, _FRAME)
    require_columns(frame, [label], _FRAME)
    column = frame[label]
    return "number" if pd.api.types.is_float_dtype(column.dtype) or column.isna().all() else "nominal"


def _split_source(
    frame: pd.DataFrame,
    label: str,
    has_classes: bool,
    split: str | Mapping[str, float] | None,
    seed: int,
    shuffle: bool,
) -> FrameStash:
    """The rows in the order in which they are cut in batches, split after split."""
    if isinstance(split, str):
        require_columns(frame, [split], _FRAME)
        if split == label:
            raise DataframeError(f"The column {label!r} is both the label and the split.", _FRAME, "use two columns")
        column, names = split, frame[split].dropna().unique().tolist()
    else:
        column, distribution = "split", DEFAULT_SPLITS if split is None else split
        if column in frame.columns:
            raise DataframeError(
                f"The table has a column {column!r}, and it is not said what it is for.",
                _FRAME,
                f"use split={column!r} if it names the split of each row; rename it otherwise",
            )
        frame = frame.assign(**{column: random_splits(frame, distribution, seed, label if has_classes else None)})
        names = list(distribution)
    homes = pd.Categorical(frame[column], categories=names).codes
    order = np.random.RandomState(seed).permutation(len(frame)) if shuffle else np.arange(len(frame))
    rows = frame.iloc[order[homes[order].argsort(kind="stable")]]
    drawn = () if isinstance(split, str) else tuple(map(str, names))
    return FrameStash(None, column, rows, known_splits=drawn)
