"""Which of several processes that train together this one is."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass

from torch import distributed

from zensols_like.errors import ConfigurationError

__all__ = ["ShardContext"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShardContext:
    """One of several processes (ranks) that share the batches.

    Example:
        >>> ShardContext(4, 1)
        ShardContext(num_shards=4, index=1, source='explicit')
    """

    num_shards: int = 1
    """How many there are."""
    index: int = 0
    """Which one this is, from 0."""
    source: str = "explicit"
    """Who said so."""

    def __post_init__(self) -> None:
        numbers = (self.num_shards, self.index)
        if any(isinstance(n, bool) or not isinstance(n, int) for n in numbers) or not 0 <= self.index < self.num_shards:
            raise ConfigurationError(
                f"There is no shard {self.index!r} of {self.num_shards!r}.",
                self.source,
                "use a number of shards of at least 1, and an index from 0 up to it",
            )

    @classmethod
    def detect(cls, environment: Mapping[str, str] | None = None) -> ShardContext:
        """Find out which process this is.

        Asked are, in this order: ``torch.distributed`` when it is initialized; ``RANK`` and ``WORLD_SIZE``, as
        ``torchrun`` sets them; ``SLURM_PROCID`` and ``SLURM_NTASKS`` inside of a step (``srun``).  Without any of them
        the process is alone.  Who knows better gives the loader a context of its own.

        Args:
            environment: The environment variables; those of this process when not given.

        Raises:
            ConfigurationError: They contradict each other.

        Example:
            >>> ShardContext.detect({"RANK": "1", "WORLD_SIZE": "2"})
            ShardContext(num_shards=2, index=1, source='RANK and WORLD_SIZE')
        """
        variables = os.environ if environment is None else environment
        found = _of_torch(variables) or _of_launcher(variables) or _of_slurm(variables) or cls(1, 0, "single")
        logger.info("shard %d of %d, says %s", found.index, found.num_shards, found.source)
        return found

    def require_still(self, where: str) -> None:
        """Refuse to go on as a rank that this process is not any more.

        Args:
            where: What an error says about who was told this rank.

        Raises:
            ConfigurationError: Another one is detected now.
        """
        found = self.detect()
        if (found.num_shards, found.index) != (self.num_shards, self.index):
            raise ConfigurationError(
                f"It was made for shard {self.index} of {self.num_shards} ({self.source}), and this process is shard "
                f"{found.index} of {found.num_shards} now ({found.source}).",
                where,
                "make the loader after init_process_group, with Lightning in train_dataloader(); or give it "
                "shard=ShardContext(num_shards, index)",
            )


def _of_torch(variables: Mapping[str, str]) -> ShardContext | None:
    if not (distributed.is_available() and distributed.is_initialized()):
        return None
    found = ShardContext(distributed.get_world_size(), distributed.get_rank(), "torch.distributed")
    if "RANK" in variables and "WORLD_SIZE" in variables:
        told = _of_launcher(variables)
        if told is not None and (told.num_shards, told.index) != (found.num_shards, found.index):
            raise ConfigurationError(
                f"torch.distributed says rank {found.index} of {found.num_shards}, and RANK and WORLD_SIZE say "
                f"{told.index} of {told.num_shards}.",
                "environment",
                "unset RANK and WORLD_SIZE, or give the loader shard=ShardContext(num_shards, index)",
            )
    return found


def _of_launcher(variables: Mapping[str, str]) -> ShardContext | None:
    given = [name for name in ("RANK", "WORLD_SIZE") if name in variables]
    if len(given) == 1:
        raise ConfigurationError(
            f"{given[0]} is set, and only one of RANK and WORLD_SIZE.",
            "environment",
            "start with torchrun, which sets both; make the loader after init_process_group; unset it; or give the "
            "loader shard=ShardContext(num_shards, index)",
        )
    if not given:
        return None
    return ShardContext(_number(variables, "WORLD_SIZE"), _number(variables, "RANK"), "RANK and WORLD_SIZE")


def _of_slurm(variables: Mapping[str, str]) -> ShardContext | None:
    if not {"SLURM_STEP_ID", "SLURM_PROCID", "SLURM_NTASKS"} <= variables.keys():
        return None  # a job outside of a step is one process, whatever it was granted
    tasks = _number(variables, "SLURM_NTASKS")
    if "SLURM_STEP_NUM_TASKS" in variables and _number(variables, "SLURM_STEP_NUM_TASKS") != tasks:
        raise ConfigurationError(
            f"SLURM_NTASKS is {tasks}, and SLURM_STEP_NUM_TASKS is {variables['SLURM_STEP_NUM_TASKS']}.",
            "environment",
            "start all ranks as the tasks of one step (srun), or give the loader shard=ShardContext(num_shards, index)",
        )
    return ShardContext(tasks, _number(variables, "SLURM_PROCID"), "SLURM_PROCID and SLURM_NTASKS")


def _number(variables: Mapping[str, str], name: str) -> int:
    text = variables[name]
    if not (text.isascii() and text.isdigit()):
        raise ConfigurationError(f"{name} is {text!r}.", "environment", "use a whole number of at least 0")
    return int(text)
