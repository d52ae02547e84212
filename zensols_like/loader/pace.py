"""Whether it pays to read ahead in other threads."""

from __future__ import annotations

__all__ = ["Pace"]

_HAND_OVER_S = 30e-6
"""What it costs at least to wake a thread that reads and to take what it has read."""


class Pace:
    """What the last steps say about the next one.

    A thread hides the time of a load behind that of a step, and several threads read side by side.  Where neither
    saves as much time as a hand-over between threads costs, the loop is faster alone.  Two steps in a row must say the
    same, so that one that was disturbed changes nothing.

    Example:
        >>> pace = Pace(workers=1)
        >>> for _ in range(2):
        ...     pace.saw(load_s=60e-6, step_s=1e-6)
        >>> pace.pays
        False
        >>> for _ in range(2):
        ...     pace.saw(load_s=60e-6, step_s=5e-3)
        >>> pace.pays
        True

    Args:
        workers: How many threads there are, at least one.
    """

    def __init__(self, workers: int) -> None:
        self._reads_side_by_side = workers > 1
        self._paid = True
        self.pays = True
        """Whether threads are worth it; they are until it is seen that they cost more than they save."""
        self.is_paused = False
        """Whether the loop wants nobody to read ahead just now."""

    def saw(self, load_s: float, step_s: float) -> None:
        """Take notice of a step.

        Args:
            load_s: How long it took to load its batch.
            step_s: How long the loop worked before it asked for it.
        """
        pays = load_s >= _HAND_OVER_S and (self._reads_side_by_side or step_s >= _HAND_OVER_S)
        if pays == self._paid:
            self.pays = pays
        self._paid = pays
