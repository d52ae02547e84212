"""What can be wrong with a source."""

from __future__ import annotations

from zensols_like.errors import PersistableError

__all__ = ["SourceError", "SourceFileNotFoundError"]


class SourceError(PersistableError):
    """A source is not what it should be: a bad line, a key twice, a file that changed."""

    exit_code = 2


class SourceFileNotFoundError(SourceError):
    """The file or folder of a source is not there."""

    exit_code = 3
