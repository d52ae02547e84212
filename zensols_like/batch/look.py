"""What the tensors of batches look like while they are encoded, so that what does not fit together is told at once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor, dtype

from zensols_like.batch.codec import BoundField, StackedFeatureContext
from zensols_like.batch.interface import Contexts, EncodedRun, RunContexts
from zensols_like.batch.plan import Plan
from zensols_like.vectorize import TensorFeatureContext

__all__ = ["Look", "Looks"]

logger = logging.getLogger(__name__)


class Look(NamedTuple):
    """The tensor of an attribute in a batch."""

    position: int
    """Which batch of the plan it is."""
    points: int
    """How many data points the batch has."""
    shape: tuple[int, ...]


class _Kind(NamedTuple):
    """What is told of the tensor of an attribute, and once only."""

    has_row_each: bool
    """Whether its rows are as many as the data points."""
    data_type: dtype | None
    """``None`` where only its vectorizer knows that of the decoded tensor."""


@dataclass
class Looks:
    """The first batch of each kind of tensor that an attribute has; travels from a worker to its parent.

    Of contexts it knows what is told without decoding them.
    """

    found: dict[str, dict[_Kind, Look]] = field(default_factory=dict)
    """By attribute."""

    def see_run(self, run: EncodedRun, fields: Mapping[str, BoundField], plan: Plan) -> None:
        """Take notice of batches that were encoded; of those that were encoded together one tells of all."""
        positions = run.positions[:1] if isinstance(run.contexts, RunContexts) else run.positions
        for position, contexts in zip(positions, run.contexts, strict=False):
            self._see_contexts(position, plan.batch_size(position), contexts, fields)

    def _see_contexts(self, position: int, points: int, contexts: Contexts, fields: Mapping[str, BoundField]) -> None:
        for name, context in contexts.items():
            decoding = fields[name].vectorizer.decoding if name in fields else "custom"
            if decoding != "custom" and isinstance(context, (TensorFeatureContext, StackedFeatureContext)):
                tensor = context.tensor
                self._see(name, position, points, tensor, tensor.dtype if decoding == "identity" else None)

    def see_tensors(self, position: int, points: int, tensors: Mapping[str, Tensor | None]) -> None:
        """Take notice of the decoded tensors of a batch."""
        for name, tensor in tensors.items():
            if tensor is not None:
                self._see(name, position, points, tensor, tensor.dtype)

    def _see(self, name: str, position: int, points: int, tensor: Tensor, data_type: dtype | None) -> None:
        kind = (tensor.dim() > 0 and len(tensor) == points, data_type)
        found = self.found.setdefault(name, {})
        if kind not in found:
            found[_Kind(*kind)] = Look(position, points, tuple(tensor.shape))

    def add(self, others: Looks, fields: Mapping[str, BoundField]) -> None:
        """Take over what others saw; what is odd of an attribute is told when it is seen first.

        Args:
            others: What they saw.
            fields: The attributes, by which these are called.
        """
        for name, kinds in others.found.items():
            found = self.found.setdefault(name, {})
            for kind, look in kinds.items():
                if kind not in found:
                    _tell(fields[name], found, kind, look)
                    found[kind] = look


def _tell(bound: BoundField, known: Mapping[_Kind, Look], kind: _Kind, look: Look) -> None:
    """Warn of a tensor where it is the first odd one of its attribute."""
    if not kind.has_row_each and all(one.has_row_each for one in known):
        _warn_of_rows(bound, look)
    types = {one.data_type: seen.position for one, seen in known.items() if one.data_type is not None}
    if len(types) == 1 and kind.data_type is not None and kind.data_type not in types:
        _warn_of_types(bound, {**types, kind.data_type: look.position})


def _warn_of_rows(bound: BoundField, look: Look) -> None:
    logger.warning(
        "%s: batch %r has %d data points and a tensor of shape %s; unless that is meant, let the vectorizer give a row "
        "for each data point",
        *(bound, str(look.position), look.points, list(look.shape)),
    )


def _warn_of_types(bound: BoundField, types: Mapping[dtype, int]) -> None:
    (first, here), (other, there) = ((str(one).removeprefix("torch."), str(at)) for one, at in types.items())
    logger.warning(
        "%s: the tensor of batch %r is %s, that of batch %r is %s; let the vectorizer give all of them one data type",
        *(bound, here, first, there, other),
    )
