"""An end that is asked for, by Ctrl-C or SIGTERM: clean, and with a word about how to go on."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

__all__ = ["HELD", "TERMINATED", "Stop", "Terminated", "held_signals", "stoppable"]

TERMINATED = 128 + signal.SIGTERM
"""The exit code of a process that ended because it was asked to."""

HELD = frozenset({signal.SIGINT, signal.SIGTERM})
"""The signals by which a process is asked to end."""

logger = logging.getLogger(__name__)


class Terminated(SystemExit):
    """The process was asked to end by SIGTERM."""


class Stop:
    """Hears the signals by which a process is asked to end, and does not forget them.

    What a handler raises can get lost, where foreign code that is not Python swallows it.  So it is raised again by
    :meth:`check`, which stands where work is between two pieces.
    """

    def __init__(self) -> None:
        self._before: dict[int, Callable[[int, FrameType | None], object]] = {}
        self._lost: int | None = None
        self._late: int | None = None
        self._is_leaving = False

    def listen(self) -> None:
        """Hear the signals; a handler that somebody else has set is called as before."""
        for number in HELD:
            before = signal.getsignal(number)
            if before is signal.SIG_DFL and number == signal.SIGTERM:
                before = _terminate
            if callable(before):
                self._before[number] = before
                signal.signal(number, self._hear)

    def leave(self) -> None:
        """Hear no more; what is heard meanwhile is raised when all is as before."""
        self._is_leaving = True
        with ExitStack() as stack:  # each is put back, also when a signal comes to one that was
            for number, before in self._before.items():
                stack.callback(signal.signal, number, signal.SIG_DFL if before is _terminate else before)
        if self._late is not None:
            self._before[self._late](self._late, None)

    def check(self) -> None:
        """Raise what was raised for a signal, and got lost."""
        if self._lost is not None:
            self._hear(self._lost, None)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._is_leaving:
            self._late = number
            return
        self._lost = number
        self._before[number](number, frame)
        self._lost = None  # nothing was raised


@contextmanager
def stoppable(note: str) -> Iterator[Stop]:
    """Leave the ``with`` block with an exception when the process is asked to end.

    Ctrl-C raises ``KeyboardInterrupt`` as always, SIGTERM a ``SystemExit`` with code 143, where the system would end
    the process at once.  Only the main thread can see to that.

    Args:
        note: What to say about how to go on.
    """
    stop = Stop()
    if threading.current_thread() is threading.main_thread():
        stop.listen()
    try:
        try:
            yield stop
            stop.check()
        finally:
            stop.leave()
    except (KeyboardInterrupt, Terminated) as error:
        if note not in getattr(error, "__notes__", ()):  # blocks may be nested
            error.add_note(note)
            if isinstance(error, Terminated):
                logger.warning(note)  # an exit shows no notes
        raise


@contextmanager
def held_signals() -> Iterator[None]:
    """Let signals wait for the end of the ``with`` block: what their handlers raise while Python forks is lost."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _terminate(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as the system calls it
    raise Terminated(TERMINATED)
