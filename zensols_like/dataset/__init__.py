"""Keys by split, stashes with a view of each split, and whether they are what they should be."""

from __future__ import annotations

from zensols_like.dataset.check import duplicates, label_counts, require_text, shared_keys
from zensols_like.dataset.content import content_digest
from zensols_like.dataset.fixed import FixedSplitKeyContainer
from zensols_like.dataset.fold import Fold, StratifiedCrossFoldSplitKeyContainer
from zensols_like.dataset.group import GroupStashSplitKeyContainer
from zensols_like.dataset.interface import SplitKeyContainer, SplitStashContainer
from zensols_like.dataset.keys import AbstractSplitKeyContainer, StashSplitKeyContainer
from zensols_like.dataset.leave import LeaveNOutSplitKeyContainer
from zensols_like.dataset.split import (
    DEFAULT_SPLITS,
    draw_splits,
    group_splits,
    split_by_hash,
    split_counts,
    stratified_counts,
)
from zensols_like.dataset.stash import DatasetSplitStash, SortedDatasetSplitStash
from zensols_like.dataset.stratified import StratifiedStashSplitKeyContainer
from zensols_like.errors import DatasetError

__all__ = [
    "DEFAULT_SPLITS",
    "AbstractSplitKeyContainer",
    "DatasetError",
    "DatasetSplitStash",
    "FixedSplitKeyContainer",
    "Fold",
    "GroupStashSplitKeyContainer",
    "LeaveNOutSplitKeyContainer",
    "SortedDatasetSplitStash",
    "SplitKeyContainer",
    "SplitStashContainer",
    "StashSplitKeyContainer",
    "StratifiedCrossFoldSplitKeyContainer",
    "StratifiedStashSplitKeyContainer",
    "content_digest",
    "draw_splits",
    "duplicates",
    "group_splits",
    "label_counts",
    "require_text",
    "shared_keys",
    "split_by_hash",
    "split_counts",
    "stratified_counts",
]
