"""What a step of a training loop saw, against loaders that really ran."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from support.flowers import flower_stash

from zensols_like.batch import BatchStash
from zensols_like.errors import ConfigurationError
from zensols_like.inspect import NotFoundError, StashReader, StepPlace, open_store, report_step
from zensols_like.loader import ShardContext

WAYS: list[dict[str, Any]] = [
    {},
    {"shuffle": "batch"},
    {"shuffle": "batch", "seed": 7, "uneven": "drop"},
    {"shuffle": "batch", "uneven": "allow"},
    {"shuffle": "batch", "drop_last": True},
    {"shuffle": "batch", "steps_per_epoch": 3},
    {"split": "test", "seed": 3, "shuffle": "batch"},
]


def stash(folder: Path) -> BatchStash:
    return flower_stash(folder, n=45)  # 7 batches of train, the last of which is short


def run(owner: BatchStash, rank: int, world: int, split: str = "train", **options: Any) -> list[list[Any]]:
    """What a rank saw in each of three epochs."""
    loader = owner.loader(split, shard=ShardContext(world, rank), epochs=3, **options)
    return [[(batch, loader.last.is_padding) for batch in loader if loader.last is not None] for _ in loader.epochs]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("world", [1, 2, 3])
def test_every_step_of_every_rank_is_found(tmp_path: Path, way: dict[str, Any], world: int) -> None:
    owner = stash(tmp_path)
    for rank in range(world):
        for epoch, seen in enumerate(run(owner, rank, world, **way)):
            for step, (batch, is_padding) in enumerate(seen):
                place = StepPlace(epoch, step, rank, world, **way)
                report = report_step(StashReader(owner), place)
                assert (report.batch.id, report.batch.data_point_ids) == (batch.id, batch.data_point_ids)
                assert report.is_padding == is_padding
                assert report_step(open_store(tmp_path / "batch"), place).batch.id == batch.id
            with pytest.raises(NotFoundError, match=f"has no step {len(seen)}"):
                report_step(StashReader(owner), StepPlace(epoch, len(seen), rank, world, **way))


def test_the_values_are_those_that_the_step_saw(tmp_path: Path) -> None:
    owner = stash(tmp_path)
    batch, _ = run(owner, 1, 2, shuffle="batch", seed=5)[2][3]
    place = StepPlace(2, 3, 1, 2, shuffle="batch", seed=5)
    report = report_step(StashReader(owner), place, ["size"], rows=100)
    (size,) = report.batch.attributes
    assert torch.tensor(size.preview).reshape(-1).equal(batch["size"].reshape(-1))


def test_a_step_of_an_epoch_that_begins_in_the_middle_of_the_data_says_where(tmp_path: Path) -> None:
    owner = stash(tmp_path)
    owner.prime()
    report = report_step(StashReader(owner), StepPlace(2, 2, steps_per_epoch=3))
    assert (report.data_epoch, report.position, report.batch.id) == (1, 1, "1")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"split": "nope"}, NotFoundError, "no split 'nope'"),
        ({"step": 7}, NotFoundError, "Rank 0 of 1 has no step 7"),
        ({"step": -1}, NotFoundError, "no step -1"),
        ({"epoch": -1}, ConfigurationError, "epoch -1"),
        ({"rank": 2, "world": 2}, ConfigurationError, "no shard 2 of 2"),
        ({"rank": 8, "world": 9, "uneven": "allow"}, NotFoundError, "use fewer ranks"),
        ({"shuffle": "item"}, ConfigurationError, "order by item is not there yet"),
    ],
)
def test_a_step_that_cannot_be_is_refused(
    tmp_path: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    owner = stash(tmp_path)
    owner.prime()
    with pytest.raises(error, match=message):
        report_step(StashReader(owner), StepPlace(**options))


def test_a_split_without_batches_has_no_steps(tmp_path: Path) -> None:
    owner = flower_stash(tmp_path, keys={"train": ("0", "1"), "dev": ()})
    owner.prime()
    with pytest.raises(ConfigurationError, match="'dev' has no batches"):
        report_step(StashReader(owner), StepPlace(split="dev", drop_last=True))
