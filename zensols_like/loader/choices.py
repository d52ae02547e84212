"""What the choices of a user come to for the batches of one source."""

from __future__ import annotations

from typing import Any

import torch

from zensols_like.errors import ConfigurationError, DatasetError
from zensols_like.loader.options import LoaderOptions
from zensols_like.loader.schedule import BatchSchedule
from zensols_like.loader.shard import ShardContext
from zensols_like.loader.source import BatchSource

__all__ = ["device_of", "schedule_of"]


def device_of(source: BatchSource[Any], options: LoaderOptions) -> torch.device:
    """Where the tensors go.

    Raises:
        ConfigurationError: There is no such device here.
    """
    if options.device is None:
        return source.device
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigurationError(
            f"There is no device {str(device)!r} here.",
            "device of the loader",
            "leave it out, which takes the device of the stash's model_torch_config, or use 'cpu'",
        )
    return device


def schedule_of(source: BatchSource[Any], options: LoaderOptions, shard: ShardContext) -> BatchSchedule:
    """The order of the batches.

    Raises:
        ConfigurationError: The options leave no step, or do not go together.
        DatasetError: There are no batches.
    """
    ids = source.ids[:-1] if options.drop_last and source.is_last_short else source.ids
    if len(ids) == 0 and len(source.ids) > 0:
        raise ConfigurationError(
            "No batch is left: the only one has fewer data points than the others would have.",
            f"drop_last=True for {source.name}",
            "use drop_last=False, or smaller batches",
        )
    if len(ids) == 0:
        raise DatasetError("There are no batches.", source.name, "name a split that has some")
    schedule = BatchSchedule(
        ids, options.seed, options.shuffle, options.uneven, options.steps_per_epoch, options.epochs
    )
    if schedule.steps(ShardContext(shard.num_shards, 0)) == 0:
        raise ConfigurationError(
            f"No step is left: {len(ids)} batches for {shard.num_shards} ranks.",
            f"uneven='drop' for {source.name}",
            "use uneven='pad', fewer ranks, or smaller batches",
        )
    if options.on_error == "skip" and shard.num_shards > 1 and options.uneven != "allow":
        raise ConfigurationError(
            "A rank that skips a batch does fewer steps, and the others wait for it for ever.",
            "on_error of the loader",
            "use on_error='raise', or uneven='allow' with torch.distributed.algorithms.Join",
        )
    return schedule
