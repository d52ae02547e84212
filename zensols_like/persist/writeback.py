"""Forcing a growing file to the disk while more of it is made."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

__all__ = ["Writeback"]

_STEP = 4 << 20
"""New bytes that are worth a thread."""


class Writeback:
    """Forces what was written of a file to the disk bit by bit, beside the one who writes it.

    The disk works while the next bytes are made, so that the last `flush` has little left to wait for.

    Args:
        descriptor: The file, open for writing.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._begun = 0
        self._thread: threading.Thread | None = None
        self._error: OSError | None = None

    def wrote(self, size: int) -> None:
        """Begin with what is new, if it is much and nothing is under way.

        Args:
            size: How many bytes the file has.
        """
        if size - self._begun >= _STEP and (self._thread is None or not self._thread.is_alive()):
            self._begun = size
            thread = threading.Thread(target=self._sync, name="zensols_like.writeback", daemon=True)
            with suppress(RuntimeError):  # there may be no more threads; then `flush` does all
                thread.start()
                self._thread = thread

    def flush(self) -> None:
        """Force all of it to the disk.

        Raises:
            OSError: The disk failed, now or before; the system tells a failure only once.
        """
        self.wait()
        if self._error is None:
            self._sync()
        if self._error is not None:
            raise self._error

    def wait(self) -> None:
        """Wait for what is under way."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _sync(self) -> None:
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            self._error = error
