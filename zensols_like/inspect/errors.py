"""What looking for something raises when it is not there."""

from __future__ import annotations

from zensols_like.errors import BatchError

__all__ = ["NotFoundError"]


class NotFoundError(BatchError):
    """There is no such store, or no such batch in it."""

    exit_code = 3
