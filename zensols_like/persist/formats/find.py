"""Formats by name: a format is a module of this package that has a ``FORMAT``."""

from __future__ import annotations

import importlib
import pkgutil

from zensols_like.errors import PersistableError, UnsafeError
from zensols_like.persist.formats.base import Format

__all__ = ["find_format"]

_PACKAGE = "zensols_like.persist.formats"
_PARTS = ("allowlist", "base", "bounded", "find", "nesting", "tensors")
"""The modules of the package that are no formats."""


def find_format(name: str, trusted: bool = False) -> Format:
    """The format of this name.

    Args:
        name: ``record`` (verified, safe, zero-copy), ``pickle`` (any object, trusted files only), the name of a module
            that was added to ``zensols_like/persist/formats``, or a module of yours, as ``mypackage.myformat``.
        trusted: Whether reading may run code that a file names.

    Raises:
        PersistableError: There is no format of this name.
        UnsafeError: The format is not safe to read, and not declared as trusted.

    Example:
        >>> find_format("record").safe
        True
    """
    try:
        if name in _PARTS:
            raise ImportError(f"{name!r} is no format")
        module = importlib.import_module(name if "." in name else f"{_PACKAGE}.{name}")
        found: Format = module.FORMAT
    except (ImportError, AttributeError) as error:
        raise PersistableError(
            f"There is no storage format {name!r}.",
            None,
            f"use one of {_known()}, or name a module that has a FORMAT, as mypackage.myformat",
        ) from error
    if not found.safe and not trusted:
        raise UnsafeError(
            f"Reading format {name!r} runs whatever code a file names.",
            None,
            "set trusted = true where nobody else can write the files, or use format = record",
        )
    return found


def _known() -> list[str]:
    """The formats that come with the package or were added to it."""
    package = importlib.import_module(_PACKAGE)
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.name not in _PARTS)
