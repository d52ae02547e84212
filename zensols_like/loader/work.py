"""What is done for one batch before the loop gets it: read, decode, transform, pack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from time import perf_counter
from typing import Generic, NamedTuple, TypeAlias

from torch import Tensor

from zensols_like.errors import BatchError
from zensols_like.loader.packed import Packed, pack, size_of
from zensols_like.loader.schedule import Step
from zensols_like.loader.source import B, Tensors
from zensols_like.torchconfig import derive_seed, seeded

__all__ = ["NO_TIMES", "LoadWork", "Loaded", "Reads", "SeededTransform", "Times", "note_of"]


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


_loaded = partial(tuple.__new__, Loaded)
"""Makes one of its four fields for half of what naming them costs."""


@dataclass(frozen=True)
class SeededTransform:
    """A transform whose random numbers depend on seed, epoch and batch only."""

    transform: Callable[[Tensors], Tensors]
    seed: int

    def __call__(self, tensors: Tensors, step: Step) -> Tensors:
        """The transformed tensors; the random generators are as before afterwards.

        Raises:
            BatchError: The transform gave something else than tensors, or ``None``, by name.
        """
        with seeded(derive_seed(self.seed, "transform", step.data_epoch, step.ref.batch_id)):
            made = self.transform(tensors)
        if not isinstance(made, Mapping):
            raise _refuse(f"The transform gave a {type(made).__name__}.")
        for name, tensor in made.items():
            if tensor is not None and not isinstance(tensor, Tensor):
                raise _refuse(f"The transform gave a {type(tensor).__name__} as {name!r}.")
        return made


def _refuse(what: str) -> BatchError:
    return BatchError(
        what,
        "transform of the loader",
        "return the tensors by name, {**tensors, 'image': image}; torch.as_tensor makes one of an array or a number",
    )


@dataclass(frozen=True)
class LoadWork(Generic[B]):
    """The work of a worker; it is pickled for worker processes, and makes no call to CUDA."""

    load_many: Callable[[Sequence[str]], Iterable[B]]
    holding: Callable[[B, Tensors], B]
    transform: SeededTransform | None
    packs: bool

    def __call__(self, steps: Sequence[Step], out: Tensor | None = None) -> Iterator[Loaded[B]]:
        """Do it for the batch of each step, when it is its turn; after an error ask anew for the rest.

        Args:
            steps: The steps.
            out: Memory to pack the tensors of a batch into, if they fit.

        Raises:
            Exception: Whatever reading, decoding or the transform raise, with a note that names the batch.
        """
        return map(self._load, steps, repeat(self._batches(steps)), repeat(out))

    def _batches(self, steps: Sequence[Step]) -> Iterator[B]:
        ids = [step.ref.batch_id for step in steps]
        try:
            batches = self.load_many(ids)
        except Exception:
            if len(ids) == 1:
                raise
            # one of them is refused: which one shows when it is its turn
            batches = chain.from_iterable(map(self.load_many, zip(ids, strict=True)))
        yield from batches

    def _load(self, step: Step, batches: Iterator[B], out: Tensor | None) -> Loaded[B]:
        try:
            began = perf_counter()
            batch = next(batches, None)
            if batch is None:
                raise BatchError(
                    "There is no such batch.", "load_many of the source", "let it give one for each ID, in their order"
                )
            read = perf_counter()
            tensors = batch.attributes
            decoded = transformed = perf_counter()
            if not self.packs:  # nor transforms
                times = (read - began, decoded - read, 0.0, 0.0)
                return _loaded((batch, tensors, times, size_of(tensors)))
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


class Reads(Generic[B]):
    """What is found for the batches of steps, one after another, whatever happens to one of them.

    Args:
        work: What is done for a batch.
        steps: The steps.
        out: Memory to pack the tensors of a batch into, if they fit.
    """

    def __init__(self, work: LoadWork[B], steps: Sequence[Step], out: Tensor | None = None) -> None:
        self._work = work
        self._steps = steps
        self._out = out
        self._count = 0
        self._found = work(steps, out)

    def next(self) -> Loaded[B] | BaseException:
        """What is found for the next one: its batch, or why it cannot be read."""
        self._count += 1
        try:
            return next(self._found)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where the batch is taken
            self._found = self._work(self._steps[self._count :], self._out)
            return error


def note_of(step: Step) -> str:
    """Which batch an error is about."""
    return f"while loading batch {step.ref.batch_id!r}, position {step.position} of epoch {step.data_epoch}"
