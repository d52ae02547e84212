"""What a batch can hold, one at a time; what it holds is its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from torch import Tensor

from zensols_like.batch.codec import ColumnSource
from zensols_like.batch.interface import Contexts

__all__ = ["Copied", "Deallocated", "Decoded", "Encoded", "Nascent", "Payload"]


@dataclass(frozen=True)
class Nascent:
    """Data points, before anything was done to them."""

    letter: ClassVar[str] = "n"
    source: ColumnSource


@dataclass(frozen=True)
class Encoded:
    """Contexts, as they are stored."""

    letter: ClassVar[str] = "e"
    contexts: Contexts


@dataclass(frozen=True)
class Decoded:
    """Tensors on the CPU."""

    letter: ClassVar[str] = "d"
    tensors: Mapping[str, Tensor | None]


@dataclass(frozen=True)
class Copied:
    """Tensors on the device of the model."""

    letter: ClassVar[str] = "t"
    tensors: Mapping[str, Tensor | None]


@dataclass(frozen=True)
class Deallocated:
    """Nothing any more."""

    letter: ClassVar[str] = "k"


Payload: TypeAlias = Nascent | Encoded | Decoded | Copied | Deallocated
