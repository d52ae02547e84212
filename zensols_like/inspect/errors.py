"""What looking for something raises when it is not there, or not as it should be."""

from __future__ import annotations

from zensols_like.errors import BatchError

__all__ = ["FailedCheckError", "NotFoundError"]


class NotFoundError(BatchError):
    """There is no such store, or no such batch or data point in it."""

    exit_code = 3


class FailedCheckError(BatchError):
    """Data breaks a rule, or the machine is not fit to encode."""

    exit_code = 9
