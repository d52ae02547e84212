"""An iterable of ready batches that is exact about where it is."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, Self

from zensols_like.errors import DeepLearnError, WorkerError
from zensols_like.loader.choices import device_of, schedule_of
from zensols_like.loader.crew import CallingThread, Crew, Threads
from zensols_like.loader.device import DeviceCopier
from zensols_like.loader.options import LoaderOptions
from zensols_like.loader.pace import Pace
from zensols_like.loader.pipeline import Pipeline
from zensols_like.loader.placing import Placer, plan_work
from zensols_like.loader.processes import Pool, Processes, start_processes
from zensols_like.loader.queue import Cache, ReadQueue
from zensols_like.loader.schedule import Cursor, Step, whole_number
from zensols_like.loader.shard import ShardContext
from zensols_like.loader.source import B, BatchSource
from zensols_like.loader.state import LoaderState
from zensols_like.loader.stats import DeliveryLog, LoaderStats

__all__ = ["BatchLoader"]


class BatchLoader(Generic[B]):
    """The batches of a split for a training loop, read ahead, on the device of the model.

    A ``for`` loop is an epoch.  One that is left early begins again where it began; to go on from the middle there are
    `state_dict` and `load_state_dict`, whose state is exact for any number of workers and ranks.

    Example::

        loader = stash.loader("train", shuffle="batch", seed=7, epochs=3)
        for epoch in loader.epochs:
            for batch in loader:
                loss = model(batch["tokens"])
                ...
            save({"model": model.state_dict(), "loader": loader.state_dict()})

    Args:
        source: The batches.
        options: What the user chose.
    """

    def __init__(self, source: BatchSource[B], options: LoaderOptions | None = None) -> None:
        self.source = source
        self.options = LoaderOptions() if options is None else options
        self.shard = ShardContext.detect() if self.options.shard is None else self.options.shard
        self.device = device_of(self.source, self.options)
        self.schedule = schedule_of(self.source, self.options, self.shard)
        self._stats = LoaderStats()
        self.last: Step | None = None
        """Which batch the loop got last, and whether it is padding."""
        self._cache: Cache[B] = {}
        self._pace = Pace(self.options.workers)
        self._log = DeliveryLog(self._stats, None if self.options.uses_processes else self._pace)
        self._crew: Crew[B] | None = None
        self._processes: Pool | None = None
        self._end_processes: Callable[[], Any] | None = None
        self._begin(Cursor())

    def __len__(self) -> int:
        """The steps of a whole epoch, for this rank."""
        return self.schedule.steps_of_epoch(self.shard)

    @property
    def stats(self) -> LoaderStats:
        """Where the time goes, up to now; ask again for what comes later."""
        self._log.settle()
        return self._stats

    @property
    def epoch(self) -> int:
        """The epoch that is going on, or comes next."""
        return self._at.epoch

    @property
    def steps_left(self) -> int:
        """The steps that this epoch still has, for this rank."""
        return self.schedule.steps_left(self._at, self.shard)

    @property
    def epochs(self) -> Iterator[int]:
        """The epochs from the current one to the last.

        Each turn goes on to the next epoch, also when the loop over batches was left early.
        """
        while not self._is_done:
            epoch = self.epoch
            yield epoch
            if self.epoch == epoch:
                self._begin(self.schedule.next_epoch(self._at))

    @property
    def _is_done(self) -> bool:
        return self.options.epochs is not None and self.epoch >= self.options.epochs

    @property
    def global_batch_size(self) -> int:
        """The data points of a step of all ranks together."""
        return self.source.batch_size * self.shard.num_shards

    # ---- the loop

    def __iter__(self) -> Iterator[B]:
        """Begin an epoch, or go on with it after `load_state_dict` or `seek`.

        Raises:
            ConfigurationError: This process has become another rank since the loader was made.
            DeepLearnError: All epochs are done.
            Exception: What reading a batch raises, when it is its turn; with ``on_error="skip"`` what reading the last
                one raised, where no batch of the epoch could be read.
        """
        if self.options.shard is None:
            self.shard.require_still(f"loader of {self.source.name}")
        got_some = self._at != self._start
        if self._at.epoch > self._start.epoch or (got_some and self.steps_left == 0):
            self._end()  # the last loop got all that it should, though it was not asked for more
        self._begin(self._start)
        if self._is_done:
            raise DeepLearnError(
                f"All {self.options.epochs} epochs are done.",
                f"loader of {self.source.name}",
                "loop over loader.epochs, ask for more epochs, or seek(0)",
            )
        return self._run()

    def _end(self) -> None:
        """Go on to the epoch after that of the last loop."""
        self._begin(self._at if self._at.epoch > self._start.epoch else self.schedule.next_epoch(self._at))

    def _begin(self, cursor: Cursor) -> None:
        self._start = self._at = cursor
        self._loop = object()

    def _run(self) -> Iterator[B]:
        self._begin(self._start)  # not before its first batch: Lightning sets the epoch of a loop that it has asked for
        loop = self._loop
        steps = self.schedule.walk(self._start, self.shard)
        queue = ReadQueue(steps, self.options, self._cache, self._pace, self.source.size_bytes)
        copier = None if self.device.type == "cpu" else DeviceCopier(self.device)
        crew = self._crew = self._start_crew(queue)
        placer = Placer(self.source, self.options, queue, copier, self._stats)
        start, skipped, gives_nothing = self._start, None, True
        try:
            for step, batch in Pipeline(self.options, queue, crew, placer, self._log).run():
                self._at = step.after
                if isinstance(batch, Exception):
                    skipped = batch
                    continue
                self.last, gives_nothing = step, False
                yield batch
                del batch  # a loop that let go of it frees its memory
                if self._loop is not loop:
                    raise DeepLearnError(
                        "Another loop began, or the loader was set to another place, while this loop was going on.",
                        f"loader of {self.source.name}",
                        "make a loader for each of the loops that go on at the same time",
                    )
        except WorkerError:
            self.close()
            raise
        finally:
            crew.close()
        self._end()
        if skipped is not None and gives_nothing and start.step == 0:
            skipped.add_note(f"all batches of epoch {start.epoch} were skipped, this one as the last")
            raise skipped

    def _start_crew(self, queue: ReadQueue[B]) -> Crew[B]:
        """Who reads for one loop; processes stay from loop to loop."""
        work = plan_work(self.source, self.options, self.device)
        queue.gives_views = not work.packs
        if not self.options.reads_ahead:
            return CallingThread(queue, work)
        if self.options.worker_type == "thread":
            return Threads(queue, work, self.options.workers, self._log)
        if self._processes is None:
            self._processes = start_processes(work, self.options.workers)
            self._end_processes = weakref.finalize(self, self._processes.shutdown, cancel_futures=True)
        return Processes(queue, self._processes)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let nobody read ahead meanwhile, as where the loop needs all processors for itself.

        Workers finish what they have begun, which takes as long as one batch or less than a millisecond.

        Example::

            for batch in loader:
                ...
                with loader.paused():
                    build_index()
        """
        before, self._pace.is_paused = self._pace.is_paused, True
        if self._crew is not None:
            self._crew.take_back()
        try:
            yield
        finally:
            self._pace.is_paused = before

    def close(self) -> None:
        """End worker processes and forget what is cached; a later loop begins with new ones."""
        if self._end_processes is not None:
            self._end_processes()
        self._crew = self._processes = self._end_processes = None
        self._cache.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    # ---- the state

    def state_dict(self) -> dict[str, Any]:
        """How far the loop is: plain values for a checkpoint.

        What counts is what the loop got, and not what was read ahead; the batch that it works on counts.  Ranks do the
        same steps, so that the state of the first one is that of all; it goes on with any number of ranks.
        """
        return self._state().to_dict()

    def _state(self) -> LoaderState:
        return LoaderState(
            self.source.name,
            self.source.digest,
            len(self.schedule),
            self.options.seed,
            self.options.shuffle,
            self.global_batch_size,
            self._at,
        )

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a state: the next loop gives what is left of its epoch.

        Warns when the data points of a step of all ranks together have changed.

        Raises:
            BatchError: It is the state of another store.
            ConfigurationError: It is the state of another order, or none at all.
        """
        saved, own = LoaderState.from_dict(state_dict), self._state()
        saved.require(own)
        if saved.global_batch_size != own.global_batch_size:
            warnings.warn(
                f"A step of {self.source.name} has {own.global_batch_size} data points, and had "
                f"{saved.global_batch_size} when the state was saved: the data go on exactly, the optimizer sees other "
                "steps.",
                stacklevel=2,
            )
        self._begin(self.schedule.settled(saved.cursor, self.shard.num_shards))

    def seek(self, epoch: int, step: int = 0) -> None:
        """Let the next loop begin at a step of an epoch; nothing is read to get there.

        Raises:
            ConfigurationError: There is no such step.
        """
        self._begin(self.schedule.seek(epoch, step, self.shard.num_shards))

    def set_epoch(self, epoch: int) -> None:
        """Let the next loop begin an epoch, if it is another one; epochs go on by themselves without it.

        Raises:
            ConfigurationError: There is no such epoch.
        """
        if whole_number("epoch", epoch) != self.epoch:
            self.seek(epoch)

    @property
    def sampler(self) -> Self:
        """The loader: before an epoch Lightning calls `set_epoch` of what it finds as the sampler of a data loader."""
        return self

    batch_sampler = sampler  # who has a sampler is asked for this one, too, and that for its batch_size

    @property
    def batch_size(self) -> int:
        """The data points of a step of this rank."""
        return self.source.batch_size

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} of {self.source.name}: {len(self)} steps, epoch {self.epoch}, "
            f"shard {self.shard.index} of {self.shard.num_shards}>"
        )
