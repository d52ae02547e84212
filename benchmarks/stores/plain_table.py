"""What a table costs without a library: read it, make tensors of its columns, write and map them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.table import BATCH_SIZE, CLASSES, COLUMNS, TableStore

__all__ = ["PlainStore"]


class PlainStore(TableStore):
    """Two files of numbers."""

    def encode(self, workers: int) -> None:
        """Read the table, and write its numbers."""
        frame = pd.read_csv(self.csv)
        numbers = frame[list(COLUMNS)].to_numpy(np.float32)
        labels = pd.Categorical(frame["label"], categories=CLASSES).codes.astype(np.int64)
        np.save(self.folder / "features.npy", numbers)
        np.save(self.folder / "label.npy", labels)

    def open(self) -> None:
        """Map the files."""
        self._arrays = [np.load(self.folder / f"{name}.npy", mmap_mode="c") for name in ("features", "label")]

    def epoch(self) -> Iterator[Iterable[Tensor]]:
        """Slices."""
        for start in range(0, len(self._arrays[0]), BATCH_SIZE):
            yield [torch.from_numpy(np.asarray(array[start : start + BATCH_SIZE])) for array in self._arrays]
