"""A shard on its way to the disk."""

from __future__ import annotations

import os
from pathlib import Path

from zensols_like.failpoints import failpoint
from zensols_like.persist.atomic import make_folder, sync_file, sync_folder, write_all
from zensols_like.persist.formats import Buffer
from zensols_like.persist.frame import ALIGNMENT, padding
from zensols_like.persist.framing import Records
from zensols_like.persist.writeback import begin_writeback

__all__ = ["ShardWriter"]

_ZEROS = bytes(ALIGNMENT)
_MUCH = 1 << 20
"""Bytes that are written in one call, for which small records wait, and that the disk begins with at once."""


class ShardWriter:
    """A shard that this process appends to."""

    def __init__(self, root: Path, name: str) -> None:
        self.name = name
        self.path = path = root / name
        make_folder(path.parent)
        self.end = 0
        """Where the next record begins."""
        self.is_torn = False
        """Whether a write failed, so that nobody knows what lies at the end: nothing may follow it."""
        self._waiting: list[Buffer] = []
        self._written = 0
        self._begun = 0
        """What lies before is on its way to the disk."""
        self._durable = 0
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)

    def append(self, records: Records) -> None:
        """Take records, and write them unless they are so small that they may wait for others."""
        self._waiting += [*records.pieces, _ZEROS[: padding(records.length)]]
        self.end += len(records.keys) * records.stride
        if len(records.pieces) > 1 or self.end - self._written >= _MUCH:
            self.write()

    def write(self) -> None:
        """Hand what waits to the system."""
        if self._written == self.end:
            return
        self.is_torn = True
        failpoint("shard.write")
        pieces = [memoryview(piece).cast("B") for piece in self._waiting if len(piece) > 0]
        write_all(self._descriptor, self.path, pieces)
        self._waiting.clear()
        self._written = self.end
        self.is_torn = False  # last, since Ctrl-C may come between any two lines
        if self._written - self._begun >= _MUCH:
            begin_writeback(self._descriptor, self._begun, self._written)
            self._begun = self._written

    def forget(self) -> None:
        """Let go of what waits."""
        self._waiting.clear()
        self.end = self._written

    def flush(self) -> None:
        """Force what was written to the disk."""
        if self._durable < self._written:
            failpoint("shard.sync")
            sync_file(self._descriptor, self.path)
            if self._durable == 0:
                sync_folder(self.path.parent)
            self._durable = self._written

    def close(self) -> None:
        """Close the file, whose number may be that of another one after this."""
        os.close(self._descriptor)
