"""How many keys go where: whole numbers that add up, and the same answer every time."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from fractions import Fraction
from typing import TypeVar

from zensols_like.errors import DatasetError

__all__ = ["split_counts", "stratified_counts"]

L = TypeVar("L", bound=Hashable)

_TOLERANCE = 1e-6


def split_counts(n: int, fractions: Mapping[str, float]) -> dict[str, int]:
    """Cut ``n`` keys by fractions: each split its whole part, then one more to those that lost the most.

    A split with a fraction greater than 0 has at least one key, which the greatest split gives up if need be.

    Args:
        n: How many keys there are.
        fractions: The part of the keys by split; they add up to 1.

    Raises:
        DatasetError: The fractions are not parts of a whole, or there are fewer keys than splits to fill.

    Example:
        >>> split_counts(150, {"train": 0.8, "validate": 0.1, "test": 0.1})
        {'train': 120, 'validate': 15, 'test': 15}
        >>> split_counts(3, {"train": 0.8, "validate": 0.1, "test": 0.1})
        {'train': 1, 'validate': 1, 'test': 1}
    """
    exact = _exact_fractions(fractions)
    filled = [name for name, fraction in exact.items() if fraction > 0]
    if n < len(filled):
        raise DatasetError(
            f"{n} keys are too few for the splits {filled}.", "distribution", "give more keys, or set a fraction to 0"
        )
    quotas = {name: n * fraction for name, fraction in exact.items()}
    counts = {name: math.floor(quota) for name, quota in quotas.items()}
    by_remainder = sorted(quotas, key=lambda name: counts[name] - quotas[name])  # stable: the first of equals
    for name in by_remainder[: n - sum(counts.values())]:
        counts[name] += 1
    for name in filled:
        if counts[name] == 0:
            counts[max(counts, key=counts.__getitem__)] -= 1
            counts[name] = 1
    return counts


def _exact_fractions(fractions: Mapping[str, float]) -> dict[str, Fraction]:
    """The fractions as they are written in decimal, which add up to exactly 1."""
    wrong = {name: value for name, value in fractions.items() if not 0 <= value <= 1}
    total = math.fsum(fractions.values())
    if wrong or not abs(total - 1) <= _TOLERANCE:
        raise DatasetError(
            f"The fractions {dict(fractions)} are not parts of a whole: they add up to {total:g}.",
            "distribution",
            "give each split a fraction from 0 to 1; together they add up to 1",
        )
    exact = {name: Fraction(str(float(value))) for name, value in fractions.items()}
    whole = sum(exact.values())
    return {name: fraction / whole for name, fraction in exact.items()}


def stratified_counts(sizes: Mapping[L, int], totals: Mapping[str, int]) -> dict[L, dict[str, int]]:
    """Give each split its share of each stratum, so that both strata and splits come out whole.

    No share is further than one key from the exact one.

    Args:
        sizes: How many keys each stratum has.
        totals: How many keys each split gets, of as many keys in all.

    Source:
        The keys that are left over are a 0-1 matrix with given sums; giving those of a stratum to the splits that still
        miss the most is the construction of Gale and Ryser (1957).

    Example:
        >>> stratified_counts({"a": 7, "b": 3}, {"train": 8, "test": 2})
        {'a': {'train': 6, 'test': 1}, 'b': {'train': 2, 'test': 1}}
    """
    n = max(sum(totals.values()), 1)
    exact = {
        label: {name: Fraction(size * total, n) for name, total in totals.items()} for label, size in sizes.items()
    }
    counts = {label: {name: math.floor(share) for name, share in shares.items()} for label, shares in exact.items()}
    missing = {name: total - sum(row[name] for row in counts.values()) for name, total in totals.items()}
    for label, size in sizes.items():
        row, shares = counts[label], exact[label]
        by_need = sorted(totals, key=lambda name: (-missing[name], row[name] - shares[name]))
        for name in by_need[: size - sum(row.values())]:
            row[name] += 1
            missing[name] -= 1
    return counts
