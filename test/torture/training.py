"""P6: training runs that are stopped anywhere go on exactly, with other workers and ranks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from support.flowers import flower_stash
from support.restarts import Run, require_exact
from torch import Tensor
from torture.cases import Bench, case

from zensols_like.batch import BatchShardStash
from zensols_like.loader import BatchLoader, ShardContext

GROUPS = ({"label"}, {"size", "leaves"}, {"noise"})


@case("P6", "runs of 1 to 8 ranks that go on with other workers and ranks", "sequences", short=5, goal=2000)
def training(bench: Bench, seed: int) -> int:
    shards = BatchShardStash(bench.folder / "batch", GROUPS) if seed % 2 else None
    stash = flower_stash(bench.folder, n=bench.random.randint(4, 120), delegate=shards)

    def make(run: Run, rank: int) -> BatchLoader[Any]:
        return stash.loader(
            "train",
            shuffle="batch",
            seed=seed,
            shard=ShardContext(run.world, rank),
            workers=run.workers,
            prefetch=run.prefetch,
            cache=bench.random.choice([None, None, "cpu"]),
        )

    delivered = require_exact(make, [Run.draw(bench.random) for _ in range(bench.random.randint(2, 6))])
    stored = {batch.id: batch.attributes for batch in stash.splits["train"].values()}
    for got in delivered.values():
        for _, batch in got:  # kept all the time, and as it was
            assert equal(batch.attributes, stored[batch.id]), f"batch {batch.id} changed"
    return 1


def equal(found: Mapping[str, Tensor | None], expected: Mapping[str, Tensor | None]) -> bool:
    return all(torch.equal(found[name], tensor) for name, tensor in expected.items() if tensor is not None)  # type: ignore[arg-type]
