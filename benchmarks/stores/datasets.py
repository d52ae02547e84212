"""Hugging Face datasets: an Arrow table of data points."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

os.environ["HF_DATASETS_OFFLINE"] = os.environ["HF_HUB_OFFLINE"] = "1"

import datasets
import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from benchmarks.store import Order, Store
from benchmarks.workload import Arrays

__all__ = ["ArrowStore", "DatasetsStore"]

datasets.disable_progress_bars()


class DatasetsStore(Store):
    """``with_format("torch").iter(batch_size)``; shuffled as documented, which is by data point."""

    def write(self, arrays: Arrays, folder: Path, workers: int) -> None:
        """``save_to_disk`` of a table that was made without an object for each data point."""
        table = datasets.table.InMemoryTable(self._table(arrays))
        shards = {"num_proc": workers, "num_shards": workers} if workers > 1 else {"max_shard_size": "500MB"}
        datasets.Dataset(table).save_to_disk(folder, **shards)

    def _table(self, arrays: Arrays) -> pa.Table:
        kinds = {}
        for name, (dtype, shape) in self.workload.fields.items():
            value = datasets.Value(dtype)
            if len(shape) == 1:
                value = datasets.List(value, length=shape[0])
            elif len(shape) == 3:
                value = datasets.Array3D(shape=shape, dtype=dtype)
            kinds[name] = value
        schema = datasets.Features(kinds).arrow_schema
        columns = [_column(arrays[name], schema.field(name).type) for name in kinds]
        return pa.Table.from_arrays(columns, schema=schema)

    def open(self, folder: Path, verify: bool) -> None:
        """``load_from_disk``."""
        self._data = datasets.load_from_disk(folder).with_format("torch")

    def epoch(self, order: Order) -> Iterator[Iterable[Tensor]]:
        """Batches of tensors."""
        data = self._data.shuffle(seed=order.seed, keep_in_memory=True) if order.is_shuffled else self._data
        for batch in data.iter(self.workload.batch_size):
            yield batch.values()


class ArrowStore(DatasetsStore):
    """The same files by an expert: slices of the table, whose buffers become tensors without a copy."""

    def open(self, folder: Path, verify: bool) -> None:
        """The table."""
        super().open(folder, verify)
        self._data = self._data.with_format("arrow")

    def epoch(self, order: Order) -> Iterator[Iterable[Tensor]]:
        """Slices of the table."""
        size = self.workload.batch_size
        for batch in order.positions:
            part = self._data[batch * size : (batch + 1) * size]
            yield [_tensor(part.column(name), *kind) for name, kind in self.workload.fields.items()]


def _column(array: np.ndarray[Any, Any], kind: Any) -> pa.Array:
    column = pa.array(array.reshape(-1))
    if array.ndim == 2:
        return pa.FixedSizeListArray.from_arrays(column, array.shape[1])
    for size in array.shape[:0:-1] if array.ndim > 2 else ():
        column = pa.ListArray.from_arrays(pa.array(np.arange(0, len(column) + 1, size, dtype=np.int32)), column)
    return pa.ExtensionArray.from_storage(kind, column) if array.ndim > 2 else column


def _tensor(column: pa.ChunkedArray, dtype: str, shape: tuple[int, ...]) -> Tensor:
    values = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    for _ in shape:
        values = values.flatten()
    # Arrow keeps eight truth values in a byte: those cannot be had without a copy
    return torch.from_numpy(values.to_numpy(zero_copy_only=dtype != "bool").reshape(-1, *shape))
