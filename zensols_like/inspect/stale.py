"""Why a store is stale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zensols_like.inspect.mask import masked
from zensols_like.inspect.reader import StashReader
from zensols_like.inspect.report import Report

__all__ = ["StaleReport", "report_differences"]


@dataclass(frozen=True)
class StaleReport(Report):
    """What differs between a store and a configuration."""

    kind: ClassVar[str] = "why-stale"

    path: str
    status: str
    differences: tuple[str, ...]
    """A line for each field: its name, the old and the new value."""


def report_differences(reader: StashReader) -> StaleReport:
    """Compare a store with its configuration and its source, field by field.

    Raises:
        MissingBatchError: There is no store.
    """
    reader.store.require_manifest()
    lines = tuple(map(_masked_line, reader.stash.differences()))
    return StaleReport(reader.path, reader.status.value, lines)


def _masked_line(line: str) -> str:
    """A difference without the values of a field that is named like a secret.

    Example:
        >>> _masked_line('attributes.text.vectorizer.api_key: "abc" -> "def"'), _masked_line("batch_size: 1 -> 2")
        ('attributes.text.vectorizer.api_key: "***" -> "***"', 'batch_size: 1 -> 2')
    """
    name = line.partition(": ")[0]
    last = name.rpartition(".")[2]
    return line if masked({last: "x"})[last] == "x" else f'{name}: "***" -> "***"'
