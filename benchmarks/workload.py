"""What is stored and read: arrays of made-up numbers, the same on every machine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

__all__ = ["WORKLOADS", "Arrays", "Workload", "make_arrays", "read_arrays", "write_arrays"]

Arrays: TypeAlias = Mapping[str, np.ndarray[Any, Any]]
"""An array for each field, a row for each data point."""

_SEED = 20240607
_PIECE = 4_000
"""The data points that are made at once, so that large workloads need no large memory."""
_TOKENS = 50_000
_CLASSES = 10


@dataclass(frozen=True)
class Workload:
    """Data points of fixed shape, cut in batches of consecutive ones.

    Example:
        >>> WORKLOADS["W1"].batches, WORKLOADS["W1"].nbytes
        (782, 14400000)
    """

    name: str
    points: int
    batch_size: int
    fields: Mapping[str, tuple[str, tuple[int, ...]]]
    """Data type and shape of a data point, by name; ``y`` is the label."""

    @property
    def batches(self) -> int:
        """How many batches there are; the last one may be smaller."""
        return -(-self.points // self.batch_size)

    @property
    def point_bytes(self) -> int:
        """The bytes of a data point."""
        return sum(np.dtype(dtype).itemsize * math.prod(shape) for dtype, shape in self.fields.values())

    @property
    def nbytes(self) -> int:
        """The bytes of all tensors."""
        return self.points * self.point_bytes

    def scaled(self, factor: float) -> Workload:
        """The same with more or fewer data points; at least three batches, of which the last is a short one."""
        return replace(self, points=max(round(self.points * factor), 2 * self.batch_size + self.batch_size // 2))

    def rows(self, batch: int) -> slice:
        """The data points of a batch."""
        return slice(batch * self.batch_size, min((batch + 1) * self.batch_size, self.points))


WORKLOADS: Mapping[str, Workload] = {
    one.name: one
    for one in (
        Workload("W1", 200_000, 256, {"x": ("float32", (16,)), "y": ("int64", ())}),
        Workload("W2", 20_000, 64, {"ids": ("int64", (512,)), "mask": ("bool", (512,)), "y": ("int64", ())}),
        Workload("W3", 4_000, 32, {"x": ("float32", (3, 64, 64)), "y": ("int64", ())}),
    )
}
"""Rows of a table, sequences of tokens, and pictures."""


def make_arrays(workload: Workload, rows: slice) -> dict[str, np.ndarray[Any, Any]]:
    """Some data points, always the same for the same rows."""
    rng = np.random.default_rng([_SEED, rows.start])
    return {name: _numbers(rng, dtype, (rows.stop - rows.start, *shape)) for name, (dtype, shape) in _items(workload)}


def _items(workload: Workload) -> Sequence[tuple[str, tuple[str, tuple[int, ...]]]]:
    return tuple(workload.fields.items())


def _numbers(rng: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    if dtype == "float32":
        return rng.standard_normal(shape, dtype=np.float32)
    if dtype == "bool":  # a mask of what is there of each sequence
        return np.arange(shape[1])[None, :] < rng.integers(shape[1] // 8, shape[1] + 1, shape[0])[:, None]  # (n, s)
    return rng.integers(0, _CLASSES if len(shape) == 1 else _TOKENS, shape, dtype=np.int64)


def write_arrays(workload: Workload, folder: Path) -> Path:
    """The arrays of a workload as a folder of ``.npy`` files, unless it is there.

    Returns:
        The folder.
    """
    path = folder / f"{workload.name}-{workload.points}"
    if path.is_dir():
        return path
    making = folder / f"{path.name}.part"
    making.mkdir(parents=True, exist_ok=True)
    files = {
        name: np.lib.format.open_memmap(making / f"{name}.npy", "w+", dtype, (workload.points, *shape))
        for name, (dtype, shape) in workload.fields.items()
    }
    for start in range(0, workload.points, _PIECE):
        rows = slice(start, min(start + _PIECE, workload.points))
        for name, numbers in make_arrays(workload, rows).items():
            files[name][rows] = numbers
    for file in files.values():
        file.flush()
    return making.rename(path)


def read_arrays(folder: Path, in_memory: bool = True) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of a folder, read into memory or mapped."""
    mode = None if in_memory else "r"
    return {path.stem: np.load(path, mmap_mode=mode) for path in sorted(folder.glob("*.npy"))}
