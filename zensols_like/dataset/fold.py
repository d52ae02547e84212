"""Splits for cross validation: folds, of which each one is the test of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from zensols_like.dataset.stratified import StratifiedStashSplitKeyContainer
from zensols_like.errors import DatasetError

__all__ = ["Fold", "StratifiedCrossFoldSplitKeyContainer"]


class Fold(NamedTuple):
    """The splits of one run of a cross validation."""

    train: tuple[str, ...]
    """Those to train with."""
    test: str
    """The one to test with."""


@dataclass
class StratifiedCrossFoldSplitKeyContainer(StratifiedStashSplitKeyContainer):
    """The keys of a stash in folds of the same size, where every label has the same share of each fold.

    Each fold is a split, so that a key is in one split only and its batch is encoded once.  A run of the cross
    validation tests with one of them and trains with the others:

    .. code-block:: python

        for fold in container.folds:
            train = UnionStash([stash.splits[name] for name in fold.train])
            test = stash.splits[fold.test]

    Folds without labels are splits of :class:`.StashSplitKeyContainer` with the same fraction for each.
    """

    FOLD_FORMAT: ClassVar[str] = "fold-{fold_ix}"
    """The name of a fold."""

    distribution: Mapping[str, float] = field(default_factory=dict)
    """The same fraction for each fold; it is not to be set."""

    n_folds: int = 10
    """How many folds there are."""

    def __post_init__(self) -> None:
        if self.n_folds < 2:
            raise DatasetError(
                f"{self.n_folds} folds cannot be tested with one and trained with others.",
                f"{type(self).__name__} n_folds",
                "give 2 or more",
            )
        fractions = {self.FOLD_FORMAT.format(fold_ix=index): 1 / self.n_folds for index in range(self.n_folds)}
        if self.distribution not in ({}, fractions):
            raise DatasetError(
                f"The distribution {dict(self.distribution)} is not that of {self.n_folds} folds.",
                f"{type(self).__name__} distribution",
                "leave it out: folds are of the same size",
            )
        self.distribution = fractions
        super().__post_init__()

    @property
    def folds(self) -> Sequence[Fold]:
        """The runs of the cross validation, in the order of the folds that they test with."""
        names = tuple(self.distribution)
        return [Fold(tuple(other for other in names if other != name), name) for name in names]
