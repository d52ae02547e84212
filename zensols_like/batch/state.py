"""What a batch can hold, one at a time; what it holds is its state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from torch import Tensor

from zensols_like.batch.columns import ColumnSource
from zensols_like.batch.interface import Contexts

__all__ = ["LETTERS", "Copied", "Deallocated", "Decoded", "Encoded", "Nascent", "Payload"]


class Nascent(NamedTuple):
    """Data points, before anything was done to them."""

    source: ColumnSource


class Encoded(NamedTuple):
    """Contexts, as they are stored."""

    contexts: Contexts


class Decoded(NamedTuple):
    """Tensors on the CPU."""

    tensors: Mapping[str, Tensor | None]


class Copied(NamedTuple):
    """Tensors on the device of the model."""

    tensors: Mapping[str, Tensor | None]


class Deallocated(NamedTuple):
    """Nothing any more."""


Payload: TypeAlias = Nascent | Encoded | Decoded | Copied | Deallocated
LETTERS: Mapping[type[Payload], str] = {Nascent: "n", Encoded: "e", Decoded: "d", Copied: "t", Deallocated: "k"}
"""The documented letter of each state."""
