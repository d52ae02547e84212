"""How much of a padded tensor is padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zensols_like.vectorize import (
    FeatureContext,
    MaskFeatureContext,
    MultiFeatureContext,
    NullFeatureContext,
    SparseTensorFeatureContext,
    TensorFeatureContext,
)

__all__ = ["Padding", "find_padding"]

_NOTHING = (0,)
"""The shape of a sequence without values."""


@dataclass(frozen=True)
class Padding:
    """Positions of padded sequences, and how many of them hold no value."""

    empty: int
    positions: int

    def __add__(self, other: Padding) -> Padding:
        return Padding(self.empty + other.empty, self.positions + other.positions)

    @property
    def share(self) -> float:
        """The part that is padding."""
        return self.empty / self.positions if self.positions else 0.0


def find_padding(context: FeatureContext | tuple[FeatureContext, ...], shape: Sequence[int] | None) -> Padding | None:
    """The padding of a tensor, counted by the lengths that are stored; what the padding looks like does not matter.

    The context of a mask holds the lengths of its sequences.  Sequences that were stored one by one, and decode to a
    tensor with one dimension more than each of them has, are padded to that.

    Args:
        context: What is stored.
        shape: That of the decoded tensor, with -1 for what is as long as the longest sequence; ``None`` if unknown.

    Returns:
        ``None`` where nothing is padded, or nobody can tell.

    Example:
        >>> find_padding(MaskFeatureContext("mask", (1, 4)), (2, 4))
        Padding(empty=3, positions=8)
    """
    if shape is None or len(shape) < 2:
        return None
    if isinstance(context, MaskFeatureContext):
        return _count(context.sequence_lengths, shape[1])
    if isinstance(context, MultiFeatureContext):
        parts = [_shape(part) for part in context.contexts]
        known = [part for part in parts if part is not None and part != _NOTHING]
        if None not in parts and known and all(_fits(part, shape) for part in known):
            return _count([part[0] for part in parts if part is not None], shape[1])
    return None


def _count(lengths: Sequence[int], width: int) -> Padding:
    wide = max(lengths, default=0) if width < 0 else width
    return Padding(sum(max(0, wide - length) for length in lengths), wide * len(lengths))


def _shape(context: FeatureContext) -> tuple[int, ...] | None:
    """The shape of a sequence; ``None`` where only its vectorizer knows."""
    if isinstance(context, NullFeatureContext):
        return _NOTHING
    if isinstance(context, TensorFeatureContext):
        return tuple(context.tensor.shape)
    return tuple(context.to_tensor().shape) if isinstance(context, SparseTensorFeatureContext) else None


def _fits(part: tuple[int, ...], whole: Sequence[int]) -> bool:
    """Whether a sequence can be a row of a tensor, once it is padded."""
    rest = zip(part[1:], whole[2:], strict=False)
    return 0 < len(part) == len(whole) - 1 and all(known in (-1, size) for size, known in rest)
