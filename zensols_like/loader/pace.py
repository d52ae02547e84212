"""Whether it pays to read ahead in other threads."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["WINDOW", "Pace"]

WINDOW = 64
"""How many batches are measured at a time."""
_LEAST_PATIENCE, _MOST_PATIENCE = 2, 128
"""How many windows pass before the other way is tried again, since one trial is no proof: longer each time that it
says the same."""
_CLEAR = 1.2
"""How many times as long the slower way takes where there is no doubt."""
_LONG_S = 250e-6
"""A load that takes this long is worth a thread wherever it can be hidden: several times what a hand-over costs."""
_LEAST_GAIN = 0.05
"""The part of the time of a batch that must be there to be saved."""
_LEAST_GAIN_S = 5e-6
"""The same in seconds: no hand-over costs less."""


class Pace:
    """Finds out whether a loop is quicker with threads that read ahead, by trying both.

    A thread hides the time of a load behind that of a step.  It costs too: waking it, and the interpreter, which only
    one thread can have.  What that comes to depends on the machine and on what the step does, so nobody reckons: the
    loop runs for a while either way, and keeps to the one in which a batch with its step takes less time.

    Example:
        >>> pace = Pace(workers=1)
        >>> for _ in range(8):
        ...     pace.saw([60e-6 if pace.pays else 30e-6] * WINDOW, step_s=20e-6, load_s=10e-6)
        >>> pace.pays
        False

    Args:
        workers: How many threads there are, at least one.
    """

    def __init__(self, workers: int) -> None:
        self._reads_side_by_side = workers > 1
        self.pays = True
        """Whether threads are wanted; they are at first."""
        self.is_paused = False
        """Whether the loop wants nobody to read ahead just now."""
        self.loads_are_short = False
        """Whether a thread that begins with several loads is done with them in a moment; not before that was seen."""
        self._is_settled = False
        self._costs: dict[bool, float] = {}
        self._patience = self._doublings = 0
        self._is_trial = False
        self._verdict: bool | None = None

    @property
    def wants_help(self) -> bool:
        """Whether threads are wanted just now."""
        return self.pays and not self.is_paused

    def saw(self, periods: Sequence[float], step_s: float, load_s: float) -> None:
        """Take notice of a window of batches.

        Args:
            periods: How long it took from each batch to the next.
            step_s: How long of this the loop worked, on average.
            load_s: How long a load took, on average, wherever it was done.
        """
        self.loads_are_short = load_s < _LONG_S
        if not self._is_settled:  # a change shows when what was read ahead before it is taken
            self._is_settled = True
            return
        self._costs[self.pays] = _cost_of(periods)
        hidden_s = load_s if self._reads_side_by_side else min(load_s, step_s)
        if hidden_s < max(_LEAST_GAIN_S, _LEAST_GAIN * (load_s + step_s)):
            self._change(to=False)
        elif load_s >= _LONG_S:
            self._change(to=True)
        elif self._is_trial and len(self._costs) == 2:
            self._decide(self._costs[True], self._costs[False])
        elif self._patience == 0:
            self._is_trial = True
            self._change(to=not self.pays)
        else:
            self._patience -= 1

    def _decide(self, helped_s: float, alone_s: float) -> None:
        """Keep to the quicker way, for long if there is no doubt."""
        self._is_trial = False
        pays = helped_s < alone_s
        if pays is not self._verdict:
            self._verdict, self._doublings = pays, 0
        self._doublings += 3 if max(helped_s, alone_s) > _CLEAR * min(helped_s, alone_s) else 1
        self._patience = min(_LEAST_PATIENCE * 2**self._doublings, _MOST_PATIENCE)
        self._change(to=pays)

    def _change(self, to: bool) -> None:
        if self.pays is not to:
            self.pays = to
            self._is_settled = False


def _cost_of(periods: Sequence[float]) -> float:
    """The mean of the quicker half of a window: other programs disturb one of them at most, as a rule.

    The longest periods cannot be left out instead, since a loop that waits for threads waits once for many batches; for
    the same reason a half has more batches than are read ahead of small ones.
    """
    half = len(periods) // 2
    return min(sum(periods[:half]) / half, sum(periods[half:]) / (len(periods) - half))
