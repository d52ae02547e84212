"""Keys by split, and stashes with a view of each split."""

from __future__ import annotations

from zensols_like.dataset.interface import SplitKeyContainer, SplitStashContainer
from zensols_like.errors import DatasetError

__all__ = ["DatasetError", "SplitKeyContainer", "SplitStashContainer"]
