"""What every JSON document of the command line says of itself.

Imports nothing, so that printing a configuration need not wait for torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["SCHEMA_VERSION", "document"]

SCHEMA_VERSION = 1
"""A new one when a field goes away or means something else; fields may be added."""


def document(report: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A report as a document.

    Args:
        report: Of what kind it is.
        fields: What it says, as plain values.

    Example:
        >>> document("count", {"batches": 3})
        {'schema_version': 1, 'report': 'count', 'batches': 3}
    """
    return {"schema_version": SCHEMA_VERSION, "report": report, **fields}
