"""Suites of tests to subclass: what a stash, a vectorizer and a format must do.

They need pytest, so each is imported from its own module: ``from zensols_like.testing.stash import StashContract``.
"""

from __future__ import annotations

__all__: list[str] = []
