"""Which row of a table goes to which split, at random and the same way every time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

import pandas as pd

from zensols_like.dataset import split_counts, stratified_counts

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
    totals = split_counts(len(frame), distribution)
    codes: list[int] = [0] * len(frame) if stratify is None else pd.factorize(frame[stratify])[0].tolist()
    sizes = dict(sorted(Counter(codes).items()))
    generator = random.Random(seed)  # noqa: S311 - a split is no secret
    pools: dict[int, list[str]] = {}
    for code, counts in stratified_counts(sizes, totals).items():
        pools[code] = [name for name, count in counts.items() for _ in range(count)]
        generator.shuffle(pools[code])
    return [pools[code].pop() for code in codes]
