"""What to say to someone who mistyped a name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["hint"]

_FEW = 24


def hint(name: str, known: Iterable[str], what: str) -> str:
    """How to fix a name that is not known: the closest known one, and all of them where they are few.

    Args:
        name: The name that is not known.
        known: The names that are.
        what: What they are names of, in the plural.

    Example:
        >>> hint("bach_size", ["name", "batch_size"], "options")
        "did you mean 'batch_size'? options: batch_size, name"
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    question = f"did you mean {close[0]!r}? " if close else ""
    shown = names if len(names) <= _FEW else [*names[:_FEW], "…"]
    return f"{question}{what}: {', '.join(shown) or 'none'}"
