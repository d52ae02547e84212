"""What is done for one batch before the loop gets it: read, decode, transform, pack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Generic, NamedTuple, TypeAlias

from torch import Tensor

from zensols_like.errors import BatchError
from zensols_like.loader.packed import Packed, pack, size_of
from zensols_like.loader.schedule import Step
from zensols_like.loader.source import B, Tensors
from zensols_like.torchconfig import derive_seed, seeded

__all__ = ["NO_TIMES", "LoadWork", "Loaded", "SeededTransform", "Times", "note_of"]


Times: TypeAlias = tuple[float, float, float, float]
"""Of reading, decoding, transform and packing."""
NO_TIMES: Times = (0.0, 0.0, 0.0, 0.0)


class Loaded(NamedTuple, Generic[B]):
    """A batch that was read, on its way to the loop.  Times are in seconds."""

    batch: B
    """The batch; where the tensors are packed it holds none itself."""
    tensors: Tensors | Packed
    times: Times
    nbytes: int
    """The bytes of the tensors."""


@dataclass(frozen=True)
class SeededTransform:
    """A transform whose random numbers depend on seed, epoch and batch only."""

    transform: Callable[[Tensors], Tensors]
    seed: int

    def __call__(self, tensors: Tensors, step: Step) -> Tensors:
        """The transformed tensors; the random generators are as before afterwards.

        Raises:
            BatchError: The transform gave no tensors by name.
        """
        with seeded(derive_seed(self.seed, "transform", step.data_epoch, step.ref.batch_id)):
            made = self.transform(tensors)
        if not isinstance(made, Mapping):
            raise BatchError(
                f"The transform gave a {type(made).__name__}.",
                "transform of the loader",
                "return the tensors by name: {**tensors, 'image': image}",
            )
        return made


@dataclass(frozen=True)
class LoadWork(Generic[B]):
    """The work of a worker; it is pickled for worker processes, and makes no call to CUDA."""

    load: Callable[[str], B]
    holding: Callable[[B, Tensors], B]
    transform: SeededTransform | None
    packs: bool

    def __call__(self, step: Step, out: Tensor | None = None) -> Loaded[B]:
        """Do it for the batch of a step.

        Args:
            step: The step.
            out: Memory to pack the tensors into, if they fit.

        Raises:
            Exception: Whatever reading, decoding or the transform raise, with a note that names the batch.
        """
        try:
            began = perf_counter()
            batch = self.load(step.ref.batch_id)
            read = perf_counter()
            tensors = batch.attributes
            decoded = transformed = perf_counter()
            if not self.packs:  # nor transforms
                times = (read - began, decoded - read, 0.0, 0.0)
                return Loaded(batch, tensors, times, size_of(tensors))
            if self.transform is not None:
                tensors = self.transform(tensors, step)
                transformed = perf_counter()
            packed = pack(tensors, out)
            hollow = self.holding(batch, {})
            copied = perf_counter()
            times = (read - began, decoded - read, transformed - decoded, copied - transformed)
            return Loaded(hollow, packed, times, size_of(tensors))
        except Exception as error:
            error.add_note(note_of(step))
            raise


def note_of(step: Step) -> str:
    """Which batch an error is about."""
    return f"while loading batch {step.ref.batch_id!r}, position {step.position} of epoch {step.data_epoch}"
