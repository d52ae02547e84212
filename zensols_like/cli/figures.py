"""Numbers for people."""

from __future__ import annotations

import math

__all__ = ["age_text", "count_text", "duration_text", "number_text", "share_text", "size_text"]


_AGES = (("d", 86400), ("h", 3600), ("min", 60))


def age_text(seconds: float) -> str:
    """How long ago something was, roughly.

    Example:
        >>> age_text(5), age_text(300), age_text(7200), age_text(3 * 86400)
        ('5 s', '5 min', '2 h', '3 d')
    """
    for unit, length in _AGES:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"


def count_text(number: int, noun: str) -> str:
    """A number of things.

    Example:
        >>> count_text(1, "batch"), count_text(2, "batch"), count_text(0, "data point")
        ('1 batch', '2 batches', '0 data points')
    """
    plural = "batches" if noun == "batch" else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def duration_text(seconds: float) -> str:
    """A short time.

    Example:
        >>> duration_text(0.0000042), duration_text(0.0123), duration_text(3)
        ('4.2 us', '12.3 ms', '3.0 s')
    """
    for unit, length in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds * 1e6:.1f} us"


def number_text(value: float | str | None) -> str:
    """A number in a few digits.

    Example:
        >>> number_text(5.099999904632568), number_text(12345), number_text(True), number_text(None)
        ('5.1', '12345', 'True', '')
    """
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def share_text(value: float | None) -> str:
    """A part of a whole.

    Example:
        >>> share_text(0.0), share_text(0.00001), share_text(2 / 3), share_text(None)
        ('0%', '<0.1%', '66.7%', '')
    """
    if value is None:
        return ""
    if value == 0:
        return "0%"
    return "<0.1%" if value < 0.001 else f"{value:.1%}"


def size_text(size_bytes: int) -> str:
    """Bytes for people.

    Example:
        >>> size_text(512), size_text(11510), size_text(3 << 30)
        ('512 B', '11.2 KiB', '3.0 GiB')
    """
    if size_bytes < 1024:
        return f"{size_bytes} B"
    power = min(int(math.log2(size_bytes) // 10), 4)
    return f"{size_bytes / 1024**power:.1f} {'KMGT'[power - 1]}iB"
