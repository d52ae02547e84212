"""Batches without a store; importable in worker processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from zensols_like.loader import BatchLoader, BatchSource, LoaderOptions, Tensors


@dataclass
class FakeBatch:
    id: str
    attributes: Tensors


@dataclass(frozen=True)
class Ids(Sequence[str]):
    numbers: range

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: Any) -> Any:
        found = self.numbers[index]
        return Ids(found) if isinstance(found, range) else str(found)


def load(batch_id: str) -> FakeBatch:
    number = int(batch_id)
    return FakeBatch(batch_id, {"x": torch.full((2, 3), float(number)), "y": torch.tensor([number]), "none": None})


def load_all_but_three(batch_id: str) -> FakeBatch:
    if batch_id == "3":
        raise ArithmeticError("cannot stand 3")
    return load(batch_id)


def holding(batch: FakeBatch, tensors: Tensors) -> FakeBatch:
    return FakeBatch(batch.id, tensors)


def attach(batch: FakeBatch) -> FakeBatch:
    return batch


def size_bytes(batch_id: str) -> int:
    return 10 * (1 + int(batch_id) % 10)


def fake_source(n: int, load: Callable[[str], FakeBatch] = load, **changes: Any) -> BatchSource[FakeBatch]:
    fields: dict[str, Any] = {"digest": f"batches 0 to {n}", "device": torch.device("cpu"), "size_bytes": size_bytes}
    return BatchSource(
        "train of fakes",
        ids=Ids(range(n)),
        load_many=partial(map, load),
        holding=holding,
        attach=attach,
        **fields | changes,
    )


def fake_loader(n: int, load: Callable[[str], FakeBatch] = load, **options: Any) -> BatchLoader[FakeBatch]:
    return BatchLoader(fake_source(n, load), LoaderOptions(**options))


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so; on a busy machine that may take its time."""
    limit = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < limit, "it never happened"
        time.sleep(0.001)


def ids(loader: BatchLoader[FakeBatch]) -> list[str]:
    return [batch.id for batch in loader]
