"""How batches come into their store: planned, encoded by workers, committed."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from zensols_like.batch.committer import Committer, Stored, noted_on
from zensols_like.batch.domain import Batch
from zensols_like.batch.encoder import BatchEncoder, write_plan
from zensols_like.batch.foreign import find_foreign
from zensols_like.batch.interface import Contexts, DataPointIDSet, EncodedBatch, EncodedRun
from zensols_like.batch.look import Looks
from zensols_like.batch.manifest import CLEAR
from zensols_like.batch.multi import EncodeObserver, Turn, require_encoder
from zensols_like.batch.plan import joined
from zensols_like.batch.planned import PlannedStash
from zensols_like.errors import StaleError, WorkerError
from zensols_like.persist import MemoryFolder
from zensols_like.torchconfig import TorchConfig

__all__ = ["PrimingStash"]

logger = logging.getLogger(__name__)


class PrimingStash(PlannedStash):
    """Encodes batches once, in `prime`; all that `BatchStash` has but for reading them.

    The parent plans and keeps the books; workers get positions of batches, and give receipts.
    """

    observer: EncodeObserver | None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.priming = False
        self._turn = Turn(f"[{self.name}]")
        self._ready_for: object = None
        self._committer: Committer | None = None

    # ---- encode

    @property
    def _ready(self) -> bool:
        """Whether the store was found usable since it was opened, by this stash itself."""
        return self._ready_for is self.store.opening

    @property
    def _keeps_parts(self) -> bool:
        """The manifest tells which batches are there."""
        return True

    def prime(self) -> None:
        """Encode the batches that are not committed yet; goes on where an earlier call was stopped.

        Raises:
            StaleError: What is there was encoded with another configuration, or the splits changed.
            EncodeError: A data point cannot be encoded; what was committed stays.
            MissingBatchError: The store is not complete and cannot be written from here.
        """
        if self._ready:
            return
        with self._turn:
            if not self._ready and not self._is_usable():
                require_encoder(self.store)
                with self._priming(), self.store.folder.lock():
                    self.deallocate()  # another writer may have gone on while this one waited
                    if not self._is_usable():
                        self._encode()
            vars(self).pop("_reader", None)  # a view may have one of before
            self._ready_for = None if self.is_child else self.store.opening

    def _is_usable(self) -> bool:
        """Whether the store needs no encode.

        Raises:
            StaleError: It was encoded from something else, and is not to be encoded again.
        """
        self._require_container()
        if self.is_child:
            self.require_fresh()  # a worker that sees another configuration than its parent must not write
            return True
        if self.stale == "rebuild":
            return self.store.is_complete and not self.differences()
        if self.store.is_begun_only:
            return False  # there is nothing that could be stale
        if self.stale == "error" or not self.store.is_complete:
            self.require_fresh()
        return self.store.is_complete

    @contextmanager
    def _priming(self) -> Iterator[None]:
        self.priming = True
        try:
            with self._stoppable():
                yield
        finally:
            self.priming = False

    @property
    def _encoder(self) -> BatchEncoder:
        return BatchEncoder(self.codec, self._contexts, self.store, self._groups)

    def _encode(self) -> None:
        plan = self._plan_anew()
        if self.store.is_begun_only:
            logger.info("nothing is committed of what was begun in %s, so that it begins anew", self.store.location)
        if self.differences():
            self._encoder.begin_again(plan, self.split_stash_container)
        else:
            self._encoder.begin(plan, TorchConfig.get_random_seed_context(), self.split_stash_container)
        if self.data_point_id_sets_path is not None:
            write_plan(self.data_point_id_sets_path, self.batch_data_point_sets)
        self.codec.prime()  # before there are workers, who then find what it makes for all
        missing = self._create_data()
        logger.info("encoding %d of %d batches into %s", len(missing), len(plan), self.store.location)
        committer = self._committer = Committer(self._encoder, self.observer)
        if self.observer is not None:
            self.observer.started(len(plan), len(plan) - len(missing))
        try:
            try:
                self._spawn_work(missing)
            except BaseException as error:
                with noted_on(error, "what was stored last is not kept"):
                    self._contexts.close()
                    committer.commit()
                raise
            self._contexts.close()
            committer.finish()
        except BaseException as error:
            self._tell_kept(error, len(plan))
            raise
        finally:
            self._committer = None
            if self.observer is not None:
                self.observer.finished()
        logger.info("encoded all %d batches into %s", len(plan), self.store.location)

    def _tell_kept(self, error: BaseException, total: int) -> None:
        """Add to an error that ended an encode how many batches are committed, which nobody encodes again."""
        kept = total - len(self.store.index.missing())
        if kept > 0:
            error.add_note(
                f"{kept} of {total} batches are kept; if you change code that made them, give its class another "
                "version, or clear the store"
            )

    def _done(self, result: Stored) -> None:
        """In the parent: take notice of what a worker stored."""
        if self._committer is not None:
            self._committer.take(result)

    def _refuse_memory(self) -> None:
        super()._refuse_memory()
        if isinstance(self.store.folder, MemoryFolder):
            raise WorkerError(
                f"The books of a {type(self.delegate).__name__} are in memory, where workers do not find them.",
                f"[{self.name}] data_point_id_sets_path",
                "set data_point_id_sets_path, beside which the books lie then, or workers = 1",
            )

    def repair(self, names: Iterable[str]) -> None:
        """Encode batches again whose records are damaged; the others stay.  A damaged plan or index is written again.

        Args:
            names: The IDs of the batches; may be none.

        Raises:
            StaleError: The store was encoded from something else than there is now.
            BatchError: A batch is not planned.
        """
        self.require_fresh()
        require_encoder(self.store)
        wanted = list(names)
        with self._turn, self._priming(), self.store.folder.lock():
            self.deallocate()
            plan = self._plan_anew()
            if not self.store.mend_plan(plan):
                raise StaleError("The splits changed since the batches were planned.", self.store.location, CLEAR)
            self.store.prove_index()
            damaged = set(map(self._position, wanted))
            damaged |= {position for position in self.store.index.missing() if self.store.is_complete}
            if not damaged:
                self.store.mend_index()
                return
            # first the batches, then the books: when one of them fails, the store is as it was
            self.codec.prime()
            encoder, sets = self._encoder, self.batch_data_point_sets
            again = (
                EncodedRun([position], [_contexts_of(made)])
                for position in sorted(damaged)
                for _, made in self._process([sets[position]])
            )
            commits = encoder.put_all(again, again=True)
            self._contexts.close()
            encoder.begin_again(plan, self.split_stash_container, commits)
            if not self.store.index.missing():
                encoder.finish()

    def _runs_foreign_code(self) -> bool:
        classes = (type(self), self.batch_type, self.data_point_type)
        vectorizers = (self.codec.mapping, self.vectorizer_manager_set, *self.codec.all_vectorizers())
        foreign = find_foreign((*classes, *vectorizers, self.split_stash_container, self.delegate))
        if foreign is not None:
            logger.info("encoding in processes, which guard this one, since %s is not of this library", foreign)
        return foreign is not None

    # ---- in a worker

    def _process(self, chunk: Sequence[DataPointIDSet]) -> Iterable[tuple[str, Batch | EncodedBatch]]:
        """In a worker: make the batches of sets of IDs; a subclass may yield them encoded.

        Args:
            chunk: The sets of IDs, a batch each.
        """
        ids = [one.data_point_ids for one in chunk]
        runs = self._row_reader.runs([*map(len, ids)], lambda cut: joined(ids[cut]))
        for one, source in zip(chunk, chain.from_iterable(run.parts() for run in runs), strict=True):
            yield one.batch_id, self.create_batch(source, one.split_name, one.batch_id)

    def _work(self, chunk: Sequence[int]) -> Stored:
        """In a worker: encode and store the batches at these positions.

        Returns:
            What was stored, which the parent writes into the journal.
        """
        self.codec.prime()
        encoder, looks = self._encoder, Looks()
        done = 0

        def encoded() -> Iterator[EncodedRun]:
            nonlocal done
            for run in self._encoded(chunk):
                yield run
                looks.see_run(run, self.codec.fields, self.store.plan)
                done += len(run.positions)

        try:
            commits = encoder.put_all(encoded())
        except Exception as error:
            position = chunk[min(done, len(chunk) - 1)]
            split = self.store.plan.split_of(position)
            error.add_note(f"while encoding batch {str(position)!r} of split {split!r}")
            raise
        if self.is_child:  # the parent flushes before it journals
            self._contexts.flush()
        return Stored(commits, looks)

    def _encoded(self, chunk: Sequence[int]) -> Iterator[EncodedRun]:
        """The batches at some positions, encoded; those of a run together where they can be."""
        encoder = self._encoder
        if not self._has_own_batches:
            yield from chain.from_iterable(map(self._encoded_alike, encoder.cut_alike(chunk)))
            return
        sets = self.batch_data_point_sets
        for batch_id, made in self._process([sets[position] for position in chunk]):
            position = self._position(batch_id)
            yield EncodedRun([position], [_contexts_of(made, encoder.missing_attributes(position))])

    def _encoded_alike(self, positions: Sequence[int]) -> Iterator[EncodedRun]:
        """The same of batches that lack the same groups."""
        plan, missing, at = self.store.plan, self._encoder.missing_attributes(positions[0]), 0
        fields = self.codec.fields_of(missing).values()
        for run in self._row_reader.runs(plan.sizes(positions), lambda cut: plan.ids_of(positions[cut])):
            some, contexts = positions[at : at + run.count], run.contexts(fields)
            at += run.count
            if contexts is not None:
                yield EncodedRun(some, contexts)
                continue
            for position, source in zip(some, run.parts(), strict=True):
                made = self.create_batch(source, plan.split_of(position), str(position))
                yield EncodedRun([position], [_contexts_of(made, missing)])

    @property
    def _has_own_batches(self) -> bool:
        """Whether somebody has a say in how batches are made or encoded, so that an object is made for each."""
        own, batch = type(self), self.batch_type
        is_ours = all(getattr(own, name) is getattr(PrimingStash, name) for name in ("_process", "create_batch"))
        return not is_ours or batch.encode is not Batch.encode or getattr(batch, "__post_init__", None) is not None


def _contexts_of(made: Batch | EncodedBatch, attributes: Collection[str] | None = None) -> Contexts:
    """What to store of a batch."""
    return (made.encode(attributes) if isinstance(made, Batch) else made).contexts
