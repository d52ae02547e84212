"""Training runs that are stopped anywhere, saved, and go on with other workers and ranks."""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from zensols_like.loader import BatchLoader, BatchSchedule

WORLDS = (1, 2, 3, 4, 8)
WORKERS = (0, 1, 2, 4)


@dataclass(frozen=True)
class Run:
    """So many steps of so many ranks."""

    world: int
    workers: int
    prefetch: int
    steps: int

    @classmethod
    def draw(cls, chance: random.Random) -> Run:
        return cls(chance.choice(WORLDS), chance.choice(WORKERS), chance.randrange(6), chance.randint(1, 30))


Delivered = dict[int, list[tuple[int, Any]]]
"""By epoch the position and the batch of each step of each rank."""


def require_exact(make: Callable[[Run, int], BatchLoader[Any]], runs: Sequence[Run]) -> Delivered:
    """Run one after the other, each from the state that the one before saved at its end.

    Every epoch must have each batch once, in the order of the schedule, and all ranks the same state.

    Args:
        make: The loader of a rank in a run.
        runs: The runs.

    Returns:
        What was delivered, for further questions.
    """
    state: dict[str, Any] | None = None
    delivered: Delivered = {}
    for run in runs:
        loaders = [make(run, rank) for rank in range(run.world)]
        if state is not None:
            for loader in loaders:
                load_quietly(loader, state)
        states = run_ranks(loaders, run.steps, delivered)
        assert all(one == states[0] for one in states)
        assert len(json.dumps(states[0])) < 1024
        state = json.loads(json.dumps(states[-1]))
    assert state is not None
    require_order(delivered, state, loaders[0].schedule)
    return delivered


def run_ranks(loaders: Sequence[BatchLoader[Any]], steps: int, delivered: Delivered) -> list[dict[str, Any]]:
    """Let all ranks do so many steps, side by side as in training, and note who got what in which epoch."""
    loops = [iter(loader) for loader in loaders]
    for _ in range(steps):
        epoch = loaders[0].epoch
        for number, loader in enumerate(loaders):
            batch = next(loops[number], None)
            if batch is None:  # an epoch is over, for all ranks at once
                loops[number] = iter(loader)
                epoch = loader.epoch
                batch = next(loops[number])
            assert loader.last is not None
            if not loader.last.is_padding:
                delivered.setdefault(epoch, []).append((loader.last.position, batch))
    return [loader.state_dict() for loader in loaders]


def load_quietly(loader: BatchLoader[Any], state: dict[str, Any]) -> None:
    """Load a state; a warning is due where the number of ranks changed, and only there."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loader.load_state_dict(state)
    due = [f"has {loader.global_batch_size} data points, and had {state['global_batch_size']}"]
    said = [str(one.message) for one in caught]
    assert len(said) == (state["global_batch_size"] != loader.global_batch_size), said
    assert all(text in one for text, one in zip(due, said, strict=False)), said


def require_order(delivered: Delivered, state: dict[str, Any], golden: BatchSchedule) -> None:
    assert sorted(delivered) == list(range(max(delivered) + 1))
    for epoch, got in delivered.items():
        positions = [position for position, _ in got]
        is_whole = epoch < state["epoch"]
        assert positions == list(range(len(golden) if is_whole else min(state["position"], len(golden)))), epoch
        assert [batch.id for _, batch in got] == [golden.ref(epoch, p).batch_id for p in positions]
