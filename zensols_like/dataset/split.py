"""How many keys go where: whole numbers that add up, and the same answer every time."""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections.abc import Hashable, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from numbers import Real
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from zensols_like.errors import DatasetError

__all__ = ["DEFAULT_SPLITS", "draw_splits", "group_splits", "split_by_hash", "split_counts", "stratified_counts"]

L = TypeVar("L", bound=Hashable)

DEFAULT_SPLITS: Mapping[str, float] = {"train": 0.8, "validation": 0.1, "test": 0.1}
"""The part of the rows by split, where nobody says otherwise."""
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
            f"{n} keys are too few for the splits {filled}.",
            "distribution",
            f"give at least {len(filled)} keys, or name fewer splits, as {{{filled[0]!r}: 1.0}}",
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
    if not isinstance(fractions, Mapping):
        raise DatasetError(
            f"The splits are a {type(fractions).__name__}.",
            "distribution",
            "give a fraction by name, as {'train': 1.0}",
        )
    strange = {name: value for name, value in fractions.items() if not isinstance(value, (Real, Decimal))}
    if strange:
        raise DatasetError(
            f"The fractions {strange} are no numbers.",
            "distribution",
            "write numbers, without quotation marks, as {'train': 0.8, 'test': 0.2}",
        )
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


def draw_splits(classes: NDArray[np.int64], fractions: Mapping[str, float], seed: int) -> NDArray[np.int64]:
    """The number of the split of each key, at random, where classes have in each split the share that they have in all.

    Args:
        classes: The number of the class of each key, from 0 on.
        fractions: The part of the keys by split; they add up to 1.
        seed: Another one draws otherwise; the same one draws the same in every release of numpy.

    Raises:
        DatasetError: The fractions are not parts of a whole, or there are fewer keys than splits to fill.

    Example:
        >>> kinds = np.array([0, 0, 1, 1, 0, 0])
        >>> splits = draw_splits(kinds, {"train": 0.5, "test": 0.5}, seed=0)
        >>> [np.bincount(splits[kinds == kind]).tolist() for kind in (0, 1)]
        [[2, 2], [1, 1]]
    """
    totals = split_counts(len(classes), fractions)
    if len(totals) == 1:
        return np.zeros(len(classes), dtype=np.int64)
    sizes = np.bincount(classes)
    rows = np.split(np.argsort(classes, kind="stable"), np.cumsum(sizes)[:-1])
    generator = np.random.RandomState(seed)
    splits = np.zeros(len(classes), dtype=np.int64)
    # what is left over of small classes goes first to the greatest split: not to that of the lowest numbers
    strata = {number: int(sizes[number]) for number in generator.permutation(len(sizes)).tolist()}
    for number, counts in stratified_counts(strata, totals).items():
        splits[generator.permutation(rows[number])] = np.repeat(np.arange(len(counts)), list(counts.values()))
    return splits


def group_splits(sizes: Mapping[L, int], totals: Mapping[str, int]) -> dict[L, str]:
    """Give each group to one split, so that the splits come close to their totals.

    The greatest group goes first, each to the split that misses the most.  A split with a total greater than 0 gets at
    least one group.

    Args:
        sizes: How many keys each group has.
        totals: How many keys each split should get, of as many keys in all.

    Raises:
        DatasetError: There are fewer groups than splits to fill.

    Example:
        >>> group_splits({"ann": 5, "bob": 2, "cid": 3}, {"train": 8, "test": 2})
        {'ann': 'train', 'cid': 'train', 'bob': 'test'}
    """
    missing = {name: total for name, total in totals.items() if total > 0}
    if len(sizes) < len(missing):
        raise DatasetError(
            f"{len(sizes)} groups are too few for the splits {[*missing]}.",
            "distribution",
            "give more groups, or set a fraction to 0",
        )
    members: dict[str, list[L]] = {name: [] for name in missing}
    for group in sorted(sizes, key=lambda group: -sizes[group]):  # stable: the first of equals
        name = max(missing, key=missing.__getitem__)
        members[name].append(group)
        missing[name] -= sizes[group]
    for groups in members.values():
        if not groups:
            groups.append(members[max(members, key=lambda other: len(members[other]))].pop())
    return {group: name for name, groups in members.items() for group in groups}


def split_by_hash(key: str, fractions: Mapping[str, float], seed: int = 0) -> str:
    """The split of a key that depends on nothing but the key, the fractions and the seed.

    Of many keys, each split gets about its fraction.

    Args:
        key: The key.
        fractions: The part of the keys by split; they add up to 1.
        seed: Another one deals otherwise.

    Example:
        >>> [split_by_hash(str(i), {"train": 0.5, "test": 0.5}) for i in range(4)]
        ['test', 'train', 'test', 'train']
    """
    digest = hashlib.blake2b(f"{seed}\0{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    exact = _exact_fractions(fractions)
    place = Fraction(int.from_bytes(digest, "big"), 2**64)
    return [*exact][bisect_right([*accumulate(exact.values())], place)]
