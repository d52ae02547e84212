"""Whose code runs while batches are encoded."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from zensols_like.dataset import SplitKeyContainer
from zensols_like.persist import Stash

__all__ = ["has_foreign_code", "is_ours"]


def is_ours(code: Any) -> bool:
    """Whether a class or function is of this library.

    Example:
        >>> from zensols_like.source import ArrayStash
        >>> is_ours(ArrayStash), is_ours(print)
        (True, False)
    """
    return str(getattr(code, "__module__", None)).startswith("zensols_like.")


def has_foreign_code(source: Stash | SplitKeyContainer) -> bool:
    """Whether the class of a source, a function that it is given, or a source behind it is not of this library."""
    if not is_ours(type(source)) or not is_dataclass(source):
        return True
    parts = [getattr(source, one.name) for one in fields(source)]
    return any(
        has_foreign_code(part) if isinstance(part, Stash | SplitKeyContainer) else callable(part) and not is_ours(part)
        for part in parts
    )
