"""How deep the values of a description are nested, found before any of them is made.

A file could nest tuples a million times, and Python hashes a tuple by recursion that nothing stops: as the key of a
dictionary such a tuple would end the process.
"""

from __future__ import annotations

import pickletools

__all__ = ["CLOSING", "MAX_NESTING", "nesting"]

MAX_NESTING = 1000
"""Levels that a record may have; Python's own limit of recursion keeps what is written below."""

_SILENT = frozenset({"PROTO", "FRAME", "STOP"})
_TAKEN = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3, "REDUCE": 2}
"""How many values an operation puts into one."""
_ADDED = {"APPEND": 1, "SETITEM": 2}
"""How many values an operation puts into the container below them."""
_MARKED = frozenset({"TUPLE", "FROZENSET"})
_MARKED_ADDED = frozenset({"APPENDS", "SETITEMS", "ADDITEMS"})

CLOSING = frozenset({*_TAKEN, *_ADDED, *_MARKED, *_MARKED_ADDED})
"""The operations that put values into others: there is at least one for each level."""


def nesting(description: bytes) -> int:
    """The levels of the value that a description makes, counted on the stack of a reader; not far beyond the limit.

    Raises:
        IndexError: An operation takes what is not there.
    """
    stack: list[int] = []
    marks: list[int] = []
    deepest = 0

    def close(begin: int, containers: int = 0) -> None:
        nonlocal deepest
        depth = 1 + max(stack[begin:], default=0)
        if containers:
            depth = max(depth, stack[begin - 1])
        stack[begin - containers :] = [depth]
        deepest = max(deepest, depth)

    for operation, _, _ in pickletools.genops(description):
        name = operation.name
        if name == "MARK":
            marks.append(len(stack))
        elif name in _TAKEN:
            close(len(stack) - _TAKEN[name])
        elif name in _ADDED:
            close(len(stack) - _ADDED[name], 1)
        elif name in _MARKED:
            close(marks.pop())
        elif name in _MARKED_ADDED:
            close(marks.pop(), 1)
        elif name == "STACK_GLOBAL":
            del stack[-1]
        elif name not in _SILENT:
            stack.append(0)
        if deepest > MAX_NESTING:
            break
    return deepest
