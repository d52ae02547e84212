"""What workers stored becomes committed, about once a second."""

from __future__ import annotations

import time
from collections.abc import Sequence

from zensols_like.batch.encoder import BatchEncoder
from zensols_like.batch.index import Commit
from zensols_like.batch.multi import EncodeObserver

__all__ = ["Committer"]

JOURNAL_S = 1.0
"""Seconds between two lines of the journal, each of which costs a wait for the disk."""


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
        self._due = time.monotonic() + JOURNAL_S

    def take(self, stored: Sequence[Commit]) -> None:
        """Take notice of what was stored, and commit if it is time to.

        Raises:
            EncodeError: Some batches of a split have labels and others have none.
        """
        self._stored += stored
        if time.monotonic() >= self._due:
            self.commit()
            self._encoder.require_labels_alike()

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
        except BaseException:
            self._encoder.store.commit(stored)  # they are durable, and need not be encoded again
            raise
        self._tell(stored)

    def _tell(self, stored: Sequence[Commit]) -> None:
        if self._observer is not None and stored:
            self._observer.committed(len({position for commit in stored for position in commit.positions}))
