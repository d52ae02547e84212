"""What workers stored becomes committed, about once a second."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from zensols_like.batch.encoder import BatchEncoder
from zensols_like.batch.index import Commit
from zensols_like.batch.look import Looks
from zensols_like.batch.multi import EncodeObserver

__all__ = ["Committer", "Stored", "noted_on"]

JOURNAL_S = 1.0
"""Seconds between two lines of the journal, each of which costs a wait for the disk."""


@contextmanager
def noted_on(error: BaseException, what: str) -> Iterator[None]:
    """What fails within becomes a note on an earlier error, which is the one to look at first.

    Args:
        error: The earlier error.
        what: Said before what failed.
    """
    try:
        yield
    except Exception as second:  # noqa: BLE001 (the first error is raised, whatever this one is)
        error.add_note(f"{what}: {type(second).__name__}: {second}")


class Stored(NamedTuple):
    """What a worker has to tell of a piece of its work."""

    commits: list[Commit]
    """What it stored."""
    looks: Looks
    """What the tensors look like."""


class Committer:
    """Takes notice of what workers stored, and commits it about once a second.

    Args:
        encoder: Knows where batches and books lie.
        observer: Who is told, if anybody.
    """

    def __init__(self, encoder: BatchEncoder, observer: EncodeObserver | None) -> None:
        self._encoder = encoder
        self._observer = observer
        self._stored: list[Commit] = []
        self._looks = Looks()
        self._is_tried = False
        self._due = time.monotonic() + JOURNAL_S

    def take(self, stored: Stored) -> None:
        """Take notice of what was stored, and commit if it is time to.

        The first batch is decoded, so that what does not decode is known before all of it is encoded.

        Raises:
            EncodeError: The first batch does not decode, and is not committed; or some batches of a split have labels
                and others have none.
        """
        if not self._is_tried and stored.commits:
            self._try(stored.commits)
        self._looks.add(stored.looks, self._encoder.codec.fields)
        self._stored += stored.commits
        if time.monotonic() >= self._due:
            self.commit()
            self._encoder.require_labels_alike()

    def _try(self, stored: Sequence[Commit]) -> None:
        encoder, position, looks = self._encoder, stored[0].positions[0], Looks()
        looks.see_tensors(position, encoder.store.plan.batch_size(position), encoder.decode_stored(position, stored))
        self._looks.add(looks, encoder.codec.fields)
        self._is_tried = True

    def commit(self) -> None:
        """Commit what was stored."""
        stored, self._stored = self._stored, []
        if stored:
            self._encoder.contexts.flush()
            self._encoder.store.commit(stored)
            self._tell(stored)
        self._due = time.monotonic() + JOURNAL_S

    def finish(self) -> None:
        """Commit what was stored last with the store as a whole, for which the journal needs no lines.

        Raises:
            EncodeError: Some batches of a split have labels and others have none.
            MissingBatchError: Something is not stored.
        """
        stored, self._stored = self._stored, []
        self._encoder.contexts.flush()
        try:
            self._encoder.finish(stored)
        except BaseException as error:
            with noted_on(error, "what was stored last is not kept"):
                self._encoder.store.commit(stored)  # they are durable, and need not be encoded again
            raise
        self._tell(stored)

    def _tell(self, stored: Sequence[Commit]) -> None:
        if self._observer is not None and stored:
            self._observer.committed(len({position for commit in stored for position in commit.positions}))
