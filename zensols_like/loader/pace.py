"""Whether it pays to read ahead in other threads."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["WINDOW", "Pace"]

WINDOW = 32
"""How many batches are measured at a time."""
_DISTURBED = 4
"""How many of them are left out, those that took longest."""
_FIRST_PATIENCE, _PATIENCE = 4, 64
"""How many windows pass before the other way is tried again: twice as many each time, since one trial is no proof."""
_LONG_S = 1e-3
"""A load that takes this long is worth a thread, whatever the thread costs."""
_LEAST_GAIN = 0.15
"""The part of the time of a batch that must be there to be saved, for a trial."""


class Pace:
    """Finds out whether a loop is quicker with threads that read ahead, by trying both.

    A thread hides the time of a load behind that of a step.  It costs too: waking it, and the interpreter, which only
    one thread can have.  What that comes to depends on the machine and on what the step does, so nobody reckons: the
    loop runs for a while either way, and keeps to the one in which a batch with its step takes less time.

    Example:
        >>> pace = Pace(workers=1)
        >>> for _ in range(8):
        ...     pace.saw([60e-6 if pace.pays else 30e-6] * WINDOW, step_s=20e-6)
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
        self.load_s = 0.0
        """How long a load takes, about."""
        self._is_settled = False
        self._costs: dict[bool, float] = {}
        self._patience = self._trials = 0

    @property
    def wants_help(self) -> bool:
        """Whether threads are wanted just now."""
        return self.pays and not self.is_paused

    def loaded(self, load_s: float) -> None:
        """Take notice of how long a load took in a thread."""
        self.load_s += (load_s - self.load_s) / 8

    def saw(self, periods: Sequence[float], step_s: float) -> None:
        """Take notice of a window of batches.

        Args:
            periods: How long it took from each batch to the next.
            step_s: How long of this the loop worked, on average.
        """
        if not self._is_settled:  # a change shows when what was read ahead before it is taken
            self._is_settled = True
            return
        usual = sorted(periods)[:-_DISTURBED]
        self._costs[self.pays] = cost_s = sum(usual) / len(usual)
        if not self.pays:
            self.load_s = max(0.0, cost_s - step_s)
        if self.load_s >= _LONG_S:
            self._change(to=True)
        elif len(self._costs) < 2 or self._patience == 0:
            self._trials += 1
            self._patience = min(_FIRST_PATIENCE * 2**self._trials, _PATIENCE)
            if self.pays or self._could_pay(step_s):
                self._change(to=not self.pays)
        else:
            self._patience -= 1
            self._change(to=self._costs[True] < self._costs[False])

    def _could_pay(self, step_s: float) -> bool:
        """Whether there is anything to hide a load behind."""
        hidden_s = self.load_s if self._reads_side_by_side else min(self.load_s, step_s)
        return hidden_s > _LEAST_GAIN * self._costs[False]

    def _change(self, to: bool) -> None:
        if self.pays is not to:
            self.pays = to
            self._is_settled = False
