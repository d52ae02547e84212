"""Which row of a table goes to which split, at random and the same way every time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from zensols_like.dataset import draw_splits

__all__ = ["random_splits"]


def random_splits(
    frame: pd.DataFrame, distribution: Mapping[str, float], seed: int, stratify: str | None = None
) -> list[str]:
    """The split of each row.

    Args:
        frame: The table.
        distribution: The part of the rows that each split gets; the parts add up to 1.
        seed: Another one splits otherwise.
        stratify: A column whose values have in each split the share that they have in the table.

    Example:
        >>> frame = pd.DataFrame({"kind": ["x", "x", "y", "y"]})
        >>> splits = random_splits(frame, {"train": 0.5, "test": 0.5}, seed=0, stratify="kind")
        >>> sorted(zip(frame["kind"], splits))
        [('x', 'test'), ('x', 'train'), ('y', 'test'), ('y', 'train')]
    """
    codes = np.zeros(len(frame), np.int64) if stratify is None else _codes(frame[stratify])
    names = np.array(list(distribution), dtype=object)
    chosen: list[str] = names[draw_splits(codes, distribution, seed)].tolist()
    return chosen


def _codes(column: pd.Series) -> NDArray[np.int64]:
    """The number of the class of each row; what is missing is a class, too."""
    return pd.factorize(column, use_na_sentinel=False)[0].astype(np.int64)
