"""From a table in a file to batches, through vectorizers: the interface, and the table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

__all__ = ["BATCH_SIZE", "CLASSES", "COLUMNS", "ROWS", "TableStore", "write_table"]

ROWS = 20_000
COLUMNS = tuple(f"c{number}" for number in range(10))
"""Of floats; beside them ``label``, one of `CLASSES`, and ``split``."""
CLASSES = ("a", "b", "c")
BATCH_SIZE = 200
_SEED = 20240607


class TableStore(ABC):
    """A library, or a way to use it, that makes batches of the rows of a table."""

    def __init__(self, csv: Path, folder: Path) -> None:
        self.csv = csv
        self.folder = folder

    @abstractmethod
    def encode(self, workers: int) -> None:
        """From the file to batches on the disk, in a folder that is empty."""

    def prepare(self) -> None:  # noqa: B027 (most have nothing)
        """What is in memory anyway before batches are loaded."""

    @abstractmethod
    def open(self) -> None:
        """Get ready to read, as a new process would."""

    @abstractmethod
    def epoch(self) -> Iterator[Iterable[Tensor]]:
        """The tensors of all batches."""


def write_table(rows: int, folder: Path) -> Path:
    """The table as a CSV file, unless it is there.

    Returns:
        The file.
    """
    path = folder / f"table-{rows}.csv"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(_SEED)
        frame = pd.DataFrame(rng.random((rows, len(COLUMNS))), columns=list(COLUMNS))
        frame["label"] = rng.choice(CLASSES, rows)
        frame["split"] = rng.choice(["train", "validation", "test"], rows, p=[0.8, 0.1, 0.1])
        frame.to_csv(path, index=False)
    return path
