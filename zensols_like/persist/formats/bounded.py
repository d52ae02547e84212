"""What is remembered for the sake of speed, and never takes much memory."""

from __future__ import annotations

from typing import TypeVar

__all__ = ["Bounded"]

K = TypeVar("K")
V = TypeVar("V")


class Bounded(dict[K, V]):
    """A dictionary that forgets everything when it would hold too much.

    Example:
        >>> kept = Bounded(most_bytes=10)
        >>> kept.keep("a", 1, size=6)
        >>> kept.keep("b", 2, size=6)
        >>> kept
        {'b': 2}
    """

    def __init__(self, most: int = 1 << 12, most_bytes: int = 1 << 24) -> None:
        super().__init__()
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0

    def keep(self, key: K, value: V, size: int) -> None:
        """Remember a value.

        Args:
            key: Its key.
            value: The value.
            size: About how many bytes both of them take.
        """
        if len(self) >= self._most or self._bytes + size > self._most_bytes:
            self.clear()
        self._bytes += size
        self[key] = value

    def clear(self) -> None:
        """Forget everything."""
        super().clear()
        self._bytes = 0
