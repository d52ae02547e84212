"""Packages that only some sources need."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from zensols_like.source.errors import SourceError

__all__ = ["import_extra"]


def import_extra(module: str, extra: str, where: str) -> Any:
    """Import a module of a package that is not always installed.

    Args:
        module: The module.
        extra: The extra of this package that installs it.
        where: Said in the error.

    Raises:
        SourceError: It is not installed; says how to.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise SourceError(
            f"{module} cannot be imported: {error}.", where, f"install it with: pip install 'zensols_like[{extra}]'"
        ) from error
