"""Splits that are said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_128

from zensols_like.dataset.interface import SplitKeyContainer
from zensols_like.persist import NumberedKeys, text_of

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
        """A digest of the keys in their order, the same whether they are kept as numbers or as text."""
        total = xxh3_128()
        for name, keys in self.keys.items():
            total.update(f"{name!r} {len(keys)} ".encode("utf-8", "surrogatepass"))
            for piece in _pieces(keys):
                total.update(np.ascontiguousarray(piece).data)
        return total.hexdigest()

    def _get_keys_by_split(self) -> Mapping[str, Sequence[str]]:
        return self.keys


def _pieces(keys: Sequence[str]) -> tuple[NDArray[Any], ...]:
    """Keys as numbers where all of them are; else as UTF-8 one after another, and the length of each."""
    if isinstance(keys, NumberedKeys):
        return (keys.numbers,)
    text, lengths = text_of([*map(str, keys)])
    numbered = NumberedKeys.from_bytes(text, lengths)
    return (text, lengths) if numbered is None else (numbered.numbers,)
