"""What follows from the times of a training loop, by the names of what was measured."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CACHED", "hidden_part", "reached_from_cache", "reached_part"]

CACHED = "loader, cache='cpu'"


def hidden_part(found: Mapping[str, float]) -> float:
    """The part of a load that is hidden behind a step as long."""
    shown = found["plain loop with steps"] - found["steps"]
    return 1 - (found["loader with steps"] - found["steps"]) / shown


def reached_part(found: Mapping[str, float]) -> float:
    """The part of the rate of the slower of pinned copy and host read that the loader reaches."""
    return max(found["pinned copy"], found["read, verify, pack"]) / found["loader"]


def reached_from_cache(found: Mapping[str, float]) -> float:
    """The part of the rate of the pinned copy that the loader reaches with its cache on the host."""
    return found["pinned copy"] / found[CACHED]
