"""An attribute of a value, whatever kind of row it is."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from zensols_like.errors import DatasetError

__all__ = ["attribute_of"]


def attribute_of(item: Any, name: str, key: str, where: str) -> Any:
    """The attribute of a value; of a mapping or a row of a table, such as a line of JSON, what it has under the name.

    Args:
        item: The value.
        name: The attribute.
        key: The key of the value, for the error.
        where: Who asks, for the error.

    Raises:
        DatasetError: There is no such attribute.

    Example:
        >>> attribute_of({"items": 3}, "items", "1", ""), attribute_of(3 + 4j, "imag", "2", "")
        (3, 4.0)
    """
    try:
        return item[name] if isinstance(item, Mapping) or _is_row(item) else getattr(item, name)
    except (AttributeError, KeyError):
        raise DatasetError(
            f"The {type(item).__name__} of key {key!r} has no attribute {name!r}.",
            where,
            "name an attribute that every value of the stash has",
        ) from None


def _is_row(item: Any) -> bool:
    """Whether it is a row of a table, where a column may have the name of something that each row has, as ``size``."""
    pandas = sys.modules.get("pandas")  # who has not imported it has no row
    return pandas is not None and isinstance(item, pandas.Series)
