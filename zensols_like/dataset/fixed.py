"""Splits that are said."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zensols_like.dataset.interface import SplitKeyContainer
from zensols_like.persist import NumberedKeys

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

    def split_digest(self) -> str:
        """A digest of the keys in their order."""
        total = hashlib.blake2b(digest_size=16)
        for name, keys in self.keys.items():
            total.update(f"{name!r} {len(keys)} ".encode("utf-8", "surrogatepass"))
            text, lengths = keys.to_bytes() if isinstance(keys, NumberedKeys) else _joined(keys)
            total.update(lengths.data)
            total.update(text.data)
        return total.hexdigest()

    def _get_keys_by_split(self) -> Mapping[str, Sequence[str]]:
        return self.keys


def _joined(keys: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All texts one after another, and the length of each, like `NumberedKeys.to_bytes`."""
    texts = list(map(str, keys))
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    return np.frombuffer("".join(texts).encode("utf-8", "surrogatepass"), dtype=np.uint8), lengths
