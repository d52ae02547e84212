"""How often each label occurs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from torch import Tensor

from zensols_like.inspect.report import LabelReport
from zensols_like.inspect.stored import Column

__all__ = ["LabelCounts", "class_ids"]

MAX_CLASSES = 50
"""More different integers than this are numbers, not classes."""


class LabelCounts:
    """The classes of the label, counted by split, batch after batch."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[int]] = {}
        self._are_classes = True

    def add(self, split: str, column: Column | None) -> None:
        """Count the labels of a batch, if it has some."""
        if column is None or column.tensor is None:
            return
        ids = class_ids(column.tensor)
        if ids is None:
            self._are_classes = False
        else:
            self._counts.setdefault(split, Counter()).update(ids)

    def reports(self, names: Callable[[Sequence[int]], list[str]]) -> tuple[LabelReport, ...]:
        """The counts of each class; none where the label is no class.

        Args:
            names: Gives the names of classes.
        """
        ids = sorted(set().union(*self._counts.values()))
        if not self._are_classes or len(ids) > MAX_CLASSES:
            return ()
        return tuple(
            LabelReport(name, {split: counts[id] for split, counts in self._counts.items()})
            for id, name in zip(ids, names(ids), strict=True)
        )


def class_ids(tensor: Tensor) -> list[int] | None:
    """The class of each data point, of integers or one-hot rows; ``None`` where a tensor is neither.

    Example:
        >>> import torch
        >>> class_ids(torch.tensor([[0.0, 1.0], [1.0, 0.0]])), class_ids(torch.tensor([2, 0])), class_ids(torch.rand(3))
        ([1, 0], [2, 0], None)
    """
    if tensor.dim() == 2 and tensor.shape[1] > 1:
        marks = tensor != 0
        is_one_hot = bool((marks.sum(1) == 1).all()) and bool((tensor[marks] == 1).all())
        return marks.int().argmax(1).tolist() if is_one_hot else None
    is_column = tensor.dim() == 1 or (tensor.dim() == 2 and tensor.shape[1] == 1)
    if not is_column or tensor.is_floating_point() or tensor.is_complex():
        return None
    found: list[int] = tensor.reshape(-1).tolist()
    return found
