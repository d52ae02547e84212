"""All cases of the battery."""

import torture.company
import torture.crashes
import torture.damage
import torture.limits
import torture.malice
import torture.power
import torture.training  # noqa: F401 - these add their cases
from torture.cases import CASES, Bench, Case

__all__ = ["CASES", "Bench", "Case"]
