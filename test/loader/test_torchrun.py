"""Ranks that train the digits together, started by torchrun: equally many steps, and any number of them goes on."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
import torch
from support.torchrun import torchrun
from torch import distributed
from torch.distributed.algorithms import Join
from torch.nn.parallel import DistributedDataParallel

from zensols_like.batch import BatchStash

pytestmark = pytest.mark.process

EXAMPLE = Path(__file__).parents[2] / "examples/digits"
STEPS_OF_TWO_RANKS = 10  # 20 batches
KILLED_AT = 3


def load_example() -> ModuleType:
    sys.path.insert(0, str(EXAMPLE))
    spec = importlib.util.spec_from_file_location("train_many", EXAMPLE / "train_many.py")
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    return example


def train(folder: Path, killed_at: int) -> None:
    """What each rank runs: an epoch of the example; one rank kills itself in the middle."""
    distributed.init_process_group("gloo")
    example = load_example()
    stash = example.open_batches(folder)
    trace = folder / f"got-{distributed.get_world_size()}-{distributed.get_rank()}.jsonl"
    for number, step in enumerate(example.train(example.build_model(stash), stash, folder / "checkpoint.pt", epochs=1)):
        with trace.open("a") as file:
            file.write(json.dumps([step.position, step.ref.batch_id, step.is_padding]) + "\n")
        distributed.barrier()
        if number + 1 == killed_at and distributed.get_rank() == 1:
            os.kill(os.getpid(), 9)
    distributed.destroy_process_group()


def train_unevenly(folder: Path) -> None:
    """What each rank runs: an epoch in which some have a batch less, and join the others until these are done."""
    distributed.init_process_group("gloo")
    example = load_example()
    stash = example.open_batches(folder)
    model = DistributedDataParallel(example.build_model(stash))
    loader = stash.loader("train", shuffle="batch", seed=0, uneven="allow")
    trace = folder / f"got-{distributed.get_world_size()}-{distributed.get_rank()}.jsonl"
    with Join([model]), trace.open("w") as file:
        for batch in loader:
            model(batch["image"]).sum().backward()
            assert loader.last is not None
            file.write(json.dumps([loader.last.position, batch.id, loader.last.is_padding]) + "\n")
    distributed.destroy_process_group()


def run_ranks(folder: Path, ranks: int, killed_at: int = 0) -> None:
    """Let ranks train; one that is to be killed is."""
    done = torchrun(ranks, Path(__file__), folder, "train", killed_at)
    assert (done.returncode != 0) == (killed_at > 0), done.stderr


def got(folder: Path, ranks: int) -> list[list[tuple[int, str, bool]]]:
    return [
        [tuple(json.loads(line)) for line in (folder / f"got-{ranks}-{rank}.jsonl").read_text().splitlines()]
        for rank in range(ranks)
    ]


def own(ranks: list[list[tuple[int, str, bool]]]) -> list[tuple[int, str]]:
    """Position and batch of all steps, without padding, in the order of the epoch."""
    return sorted((position, batch_id) for rank in ranks for position, batch_id, is_padding in rank if not is_padding)


@pytest.fixture
def stash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BatchStash:
    monkeypatch.setattr(sys, "path", list(sys.path))
    stash: BatchStash = load_example().open_batches(tmp_path)
    stash.prime()
    return stash


@pytest.fixture
def expected(stash: BatchStash) -> list[tuple[int, str]]:
    """Position and batch of the epoch."""
    return list(enumerate(batch.id for batch in stash.loader("train", shuffle="batch", seed=0)))


def test_two_ranks_share_an_epoch_in_equally_many_steps(tmp_path: Path, expected: list[tuple[int, str]]) -> None:
    run_ranks(tmp_path, 2)
    ranks = got(tmp_path, 2)
    assert [len(rank) for rank in ranks] == [STEPS_OF_TWO_RANKS] * 2
    assert own(ranks) == expected


def test_three_ranks_go_on_where_one_of_two_was_killed(tmp_path: Path, expected: list[tuple[int, str]]) -> None:
    run_ranks(tmp_path, 2, killed_at=KILLED_AT)
    done = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["loader"]["position"]
    assert done == 2 * KILLED_AT
    run_ranks(tmp_path, 3)
    ranks = got(tmp_path, 3)
    assert len({len(rank) for rank in ranks}) == 1
    assert own(ranks) == expected[done:]
    before = [(position, batch_id) for position, batch_id in own(got(tmp_path, 2)) if position < done]
    assert Counter(before) + Counter(own(ranks)) == Counter(expected)


def test_ranks_that_have_a_batch_less_join_the_others(tmp_path: Path, expected: list[tuple[int, str]]) -> None:
    done = torchrun(3, Path(__file__), tmp_path, "train_unevenly")
    assert done.returncode == 0, done.stderr
    ranks = got(tmp_path, 3)
    assert [len(rank) for rank in ranks] == [7, 7, 6]
    assert own(ranks) == expected
    assert not any(is_padding for rank in ranks for _, _, is_padding in rank)


def test_the_example_trains_and_has_nothing_to_do_a_second_time(tmp_path: Path, stash: BatchStash) -> None:
    first, second = (torchrun(2, EXAMPLE / "train_many.py", tmp_path) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    lines = first.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [*(["epoch", str(n)] for n in range(1, 7)), ["test", "accuracy"]]
    assert float(lines[-1].split()[-1]) > 0.9
    assert second.stdout.splitlines() == lines[-1:]


if __name__ == "__main__":
    if sys.argv[2] == "train":
        train(Path(sys.argv[1]), int(sys.argv[3]))
    else:
        train_unevenly(Path(sys.argv[1]))
