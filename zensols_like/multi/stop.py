"""An end that is asked for, by Ctrl-C or SIGTERM: clean, and with a word about how to go on."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["HELD", "TERMINATED", "Terminated", "held_signals", "stoppable"]

TERMINATED = 128 + signal.SIGTERM
"""The exit code of a process that ended because it was asked to."""

HELD = frozenset({signal.SIGINT, signal.SIGTERM})
"""The signals by which a process is asked to end."""

logger = logging.getLogger(__name__)


class Terminated(SystemExit):
    """The process was asked to end by SIGTERM."""


@contextmanager
def stoppable(note: str) -> Iterator[None]:
    """Leave the ``with`` block with an exception when the process is asked to end.

    Ctrl-C raises ``KeyboardInterrupt`` as always, SIGTERM a ``SystemExit`` with code 143, where the system would end
    the process at once.  Only the main thread can see to that, and a handler that somebody else has set stays.

    Args:
        note: What to say about how to go on.
    """
    is_ours = (
        threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    )
    if is_ours:
        signal.signal(signal.SIGTERM, _end)
    try:
        yield
    except KeyboardInterrupt as error:
        error.add_note(note)
        raise
    except Terminated as error:
        error.add_note(note)
        logger.warning(note)  # an exit shows no notes
        raise
    finally:
        if is_ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def held_signals() -> Iterator[None]:
    """Let signals wait for the end of the ``with`` block: what their handlers raise while Python forks is lost."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as the system calls it
    raise Terminated(TERMINATED)
