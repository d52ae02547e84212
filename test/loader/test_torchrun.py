"""Ranks that train together, started by torchrun: they do equally many steps, and any number of them goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.flowers import flower_stash

from zensols_like.batch import BatchStash

pytestmark = pytest.mark.process

STEPS_OF_TWO_RANKS = 8
DATA_POINTS = 100  # 15 batches of 4 in train


def train(folder: Path, end_at: int) -> None:
    """What each rank runs: an epoch from the last state, which the first rank saves after every step."""
    import torch
    from torch import distributed

    distributed.init_process_group("gloo")
    loader = flower_stash(folder, n=DATA_POINTS).loader("train", shuffle="batch", seed=3)
    checkpoint = folder / "state.json"
    if checkpoint.exists():
        loader.load_state_dict(json.loads(checkpoint.read_text()))
    weight = torch.zeros(1, requires_grad=True)
    for step, batch in enumerate(loader):
        if step == end_at and distributed.get_rank() == 1:
            os.kill(os.getpid(), 9)
        loss = (weight * batch["size"]).sum()
        loss.backward()
        distributed.all_reduce(weight.grad)  # hangs where ranks do different numbers of steps
        assert loader.last is not None
        with (folder / f"got-{distributed.get_world_size()}-{distributed.get_rank()}.jsonl").open("a") as file:
            file.write(json.dumps([loader.last.position, batch.id, loader.last.is_padding]) + "\n")
        distributed.barrier()
        if distributed.get_rank() == 0:
            checkpoint.with_suffix(".new").write_text(json.dumps(loader.state_dict()))
            checkpoint.with_suffix(".new").rename(checkpoint)
        distributed.barrier()
    distributed.destroy_process_group()


def torchrun(folder: Path, ranks: int, end_at: int = -1) -> int:
    command = [sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    return subprocess.run(
        [*command, str(ranks), __file__, str(folder), str(end_at)],
        env=environment,
        timeout=120,
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ).returncode


def got(folder: Path, ranks: int) -> list[list[tuple[int, str, bool]]]:
    return [
        [tuple(json.loads(line)) for line in (folder / f"got-{ranks}-{rank}.jsonl").read_text().splitlines()]
        for rank in range(ranks)
    ]


def order(stash: BatchStash) -> list[str]:
    """The IDs of the first epoch."""
    return [batch.id for batch in stash.loader("train", shuffle="batch", seed=3)]


def test_two_ranks_share_an_epoch_in_equally_many_steps(tmp_path: Path) -> None:
    expected = order(flower_stash(tmp_path, n=DATA_POINTS))
    assert torchrun(tmp_path, 2) == 0
    ranks = got(tmp_path, 2)
    assert [len(rank) for rank in ranks] == [STEPS_OF_TWO_RANKS] * 2
    own = sorted((position, batch_id) for rank in ranks for position, batch_id, is_padding in rank if not is_padding)
    assert own == list(enumerate(expected))
    assert json.loads((tmp_path / "state.json").read_text())["epoch"] == 1


def test_three_ranks_go_on_where_one_of_two_was_killed(tmp_path: Path) -> None:
    expected = order(flower_stash(tmp_path, n=DATA_POINTS))
    assert torchrun(tmp_path, 2, end_at=3) != 0
    done = json.loads((tmp_path / "state.json").read_text())["position"]
    assert done == 6
    assert torchrun(tmp_path, 3) == 0
    rest = [
        (position, batch_id) for rank in got(tmp_path, 3) for position, batch_id, is_padding in rank if not is_padding
    ]
    assert sorted(rest) == list(enumerate(expected))[done:]
    before = [batch_id for rank in got(tmp_path, 2) for position, batch_id, _ in rank if position < done]
    assert Counter(before) + Counter(batch_id for _, batch_id in rest) == Counter(expected)


if __name__ == "__main__":
    train(Path(sys.argv[1]), int(sys.argv[2]))
