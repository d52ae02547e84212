"""Names that may be there once only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

__all__ = ["dict_without_repeats"]


def dict_without_repeats(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A dictionary of pairs.

    Raises:
        ValueError: A name is there twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        (name, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"{name!r} is there twice")
    return found
