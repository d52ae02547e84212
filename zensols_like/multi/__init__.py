"""Work to worker processes."""

from __future__ import annotations

from zensols_like.multi.child import end_with_parent, portable, use_one_thread
from zensols_like.multi.factory import MultiProcessFactoryStash, TorchMultiProcessFactoryStash
from zensols_like.multi.pool import ProcessPool, ThriftyPool, WorkerPool
from zensols_like.multi.recipe import ConfigRecipe, Recipe, SpoolRecipe, Worker, spooled
from zensols_like.multi.size import available_cpus, chunk_length, worker_count
from zensols_like.multi.start import (
    MAIN_GUARD,
    main_file,
    refuse_in_daemon,
    refuse_while_starting,
    refuse_without_file,
    run_fork_server,
    start_context,
)
from zensols_like.multi.stash import MultiProcessStash, TorchMultiProcessStash

__all__ = [
    "MAIN_GUARD",
    "ConfigRecipe",
    "MultiProcessFactoryStash",
    "MultiProcessStash",
    "ProcessPool",
    "Recipe",
    "SpoolRecipe",
    "ThriftyPool",
    "TorchMultiProcessFactoryStash",
    "TorchMultiProcessStash",
    "Worker",
    "WorkerPool",
    "available_cpus",
    "chunk_length",
    "end_with_parent",
    "main_file",
    "portable",
    "refuse_in_daemon",
    "refuse_while_starting",
    "refuse_without_file",
    "run_fork_server",
    "spooled",
    "start_context",
    "use_one_thread",
    "worker_count",
]
