"""The elements of tensors in a few numbers that add up over batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from zensols_like.inspect.report import Range, Row, TensorStats

__all__ = ["Tally", "preview", "ranges"]


@dataclass(frozen=True)
class Tally:
    """What was counted in some tensors; the tally of several is the sum of theirs.

    Example:
        >>> both = Tally.of(torch.tensor([1.0, 0.0])) + Tally.of(torch.tensor([float("nan"), 2.0]))
        >>> stats = both.stats
        >>> stats.min, stats.max, stats.mean, stats.share_nan, stats.share_zero
        (0.0, 2.0, 1.0, 0.25, 0.25)
    """

    elements: int = 0
    finite: int = 0
    nan: int = 0
    zero: int = 0
    total: float = 0.0
    least: float | None = None
    most: float | None = None

    @classmethod
    def of(cls, tensor: Tensor) -> Self:
        """The tally of a tensor; a complex number counts as two."""
        numbers = torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor
        flat = numbers.detach().cpu().to_dense().reshape(-1)
        if not flat.dtype.is_floating_point:
            return cls._of_integers(flat.numpy())
        exact = flat.to(torch.float64)
        finite = exact[exact.isfinite()]
        return cls(
            len(exact),
            len(finite),
            int(exact.isnan().sum()),
            int((exact == 0).sum()),
            float(finite.sum()),
            float(finite.min()) if len(finite) > 0 else None,
            float(finite.max()) if len(finite) > 0 else None,
        )

    @classmethod
    def _of_integers(cls, numbers: np.ndarray[Any, Any]) -> Self:
        count = len(numbers)
        return cls(
            count,
            count,
            0,
            count - int(np.count_nonzero(numbers)),
            float(numbers.sum(dtype=np.float64)),
            int(numbers.min()) if count > 0 else None,
            int(numbers.max()) if count > 0 else None,
        )

    def __add__(self, other: Tally) -> Tally:
        least = [one for one in (self.least, other.least) if one is not None]
        most = [one for one in (self.most, other.most) if one is not None]
        return Tally(
            self.elements + other.elements,
            self.finite + other.finite,
            self.nan + other.nan,
            self.zero + other.zero,
            self.total + other.total,
            min(least, default=None),
            max(most, default=None),
        )

    @property
    def stats(self) -> TensorStats:
        """The tally for a report."""
        infinite = self.elements - self.finite - self.nan
        return TensorStats(
            self.elements,
            self.least,
            self.most,
            self.total / self.finite if self.finite else None,
            *(count / self.elements if self.elements else None for count in (self.nan, infinite, self.zero)),
        )


def preview(tensor: Tensor, rows: int, width: int) -> tuple[Row, ...]:
    """The first elements of the first rows of a tensor.

    Args:
        tensor: A tensor of any shape.
        rows: The number of rows.
        width: The number of elements of a row.

    Example:
        >>> preview(torch.arange(6).reshape(3, 2), rows=2, width=8)
        ((0, 1), (2, 3))
    """
    whole = tensor.detach().cpu().to_dense()
    first = whole[:rows] if whole.dim() > 0 else whole.reshape(1)
    return tuple(tuple(_number(item) for item in row.reshape(-1)[:width].tolist()) for row in first)


def _number(item: float | complex) -> float | str:
    return str(item) if isinstance(item, complex) else item


def ranges(shape: tuple[int, ...], others: tuple[Range, ...] | None = None) -> tuple[Range, ...]:
    """The least and the greatest size of each dimension.

    Args:
        shape: That of a tensor.
        others: Those of other tensors of the same attribute.

    Returns:
        Nothing where the tensors do not have the same number of dimensions.

    Example:
        >>> ranges((2, 4), ranges((3, 4)))
        ((2, 3), (4, 4))
    """
    known = tuple((size, size) for size in shape) if others is None else others
    if len(known) != len(shape):
        return ()
    return tuple((min(least, size), max(most, size)) for (least, most), size in zip(known, shape, strict=True))
