from __future__ import annotations

import pytest
from torch import distributed

from zensols_like.errors import ConfigurationError
from zensols_like.loader import ShardContext

SLURM = {"SLURM_JOB_ID": "1", "SLURM_PROCID": "2", "SLURM_NTASKS": "3"}


def found(environment: dict[str, str]) -> tuple[int, int, str]:
    shard = ShardContext.detect(environment)
    return shard.num_shards, shard.index, shard.source


@pytest.fixture
def initialized(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(distributed, "get_world_size", lambda: 4)
    monkeypatch.setattr(distributed, "get_rank", lambda: 3)


def test_a_process_without_signs_is_alone() -> None:
    assert found({}) == (1, 0, "single")


def test_torchrun_is_seen() -> None:
    assert found({"RANK": "1", "WORLD_SIZE": "2", **SLURM}) == (2, 1, "RANK and WORLD_SIZE")


def test_a_step_of_slurm_is_seen() -> None:
    assert found({**SLURM, "SLURM_STEP_ID": "0"}) == (3, 2, "SLURM_PROCID and SLURM_NTASKS")


def test_a_job_of_slurm_outside_of_a_step_is_alone() -> None:
    assert found(SLURM) == (1, 0, "single")


@pytest.mark.usefixtures("initialized")
def test_what_torch_says_goes_first() -> None:
    assert found({**SLURM, "SLURM_STEP_ID": "0"}) == (4, 3, "torch.distributed")
    assert found({"RANK": "3", "WORLD_SIZE": "4"}) == (4, 3, "torch.distributed")
    assert found({"WORLD_SIZE": "4"}) == (4, 3, "torch.distributed")


@pytest.mark.usefixtures("initialized")
def test_torch_and_the_environment_must_agree() -> None:
    with pytest.raises(ConfigurationError, match="says rank 3 of 4, and RANK and WORLD_SIZE say 0 of 4"):
        ShardContext.detect({"RANK": "0", "WORLD_SIZE": "4"})


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"RANK": "0"}, "RANK is set, and only one"),
        ({"WORLD_SIZE": "2"}, "WORLD_SIZE is set, and only one"),
        ({"RANK": "2", "WORLD_SIZE": "2"}, "no shard 2 of 2"),
        ({"RANK": "first", "WORLD_SIZE": "2"}, "RANK is 'first'"),
        ({**SLURM, "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "1"}, "SLURM_STEP_NUM_TASKS is 1"),
    ],
)
def test_contradictions_are_refused(environment: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ShardContext.detect(environment)


@pytest.mark.parametrize(("num_shards", "index"), [(0, 0), (2, 2), (2, -1), (True, 0), (2.0, 0)])
def test_shards_that_cannot_be_are_refused(num_shards: int, index: int) -> None:
    with pytest.raises(ConfigurationError, match="no shard"):
        ShardContext(num_shards, index)
