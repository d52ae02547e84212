"""Splits that are said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from zensols_like.dataset.interface import SplitKeyContainer

__all__ = ["FixedSplitKeyContainer"]


@dataclass
class FixedSplitKeyContainer(SplitKeyContainer):
    """The keys of each split as they are given.

    Example:
        >>> FixedSplitKeyContainer({"train": ("a", "c"), "test": ("b",)}).counts_by_key
        {'train': 2, 'test': 1}
    """

    keys: Mapping[str, Sequence[str]] = field(metadata={"fingerprint": False})
    """By split; which batches they make is known by the plan of a store."""

    def _get_keys_by_split(self) -> Mapping[str, Sequence[str]]:
        return self.keys
