"""Keys by split, and stashes with a view of each split."""

from __future__ import annotations

from zensols_like.dataset.interface import SplitKeyContainer, SplitStashContainer
from zensols_like.dataset.keys import AbstractSplitKeyContainer, StashSplitKeyContainer
from zensols_like.dataset.split import split_counts, stratified_counts
from zensols_like.dataset.stash import DatasetSplitStash, SortedDatasetSplitStash
from zensols_like.dataset.stratified import StratifiedStashSplitKeyContainer
from zensols_like.errors import DatasetError

__all__ = [
    "AbstractSplitKeyContainer",
    "DatasetError",
    "DatasetSplitStash",
    "SortedDatasetSplitStash",
    "SplitKeyContainer",
    "SplitStashContainer",
    "StashSplitKeyContainer",
    "StratifiedStashSplitKeyContainer",
    "split_counts",
    "stratified_counts",
]
