"""Where the books of a store of batches lie, and how the manifest among them proves itself.

Imports next to nothing, so that counting the batches of a store need not wait for torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from xxhash import xxh3_128_hexdigest

__all__ = ["BOOKS", "KIND", "MANIFEST", "VERSION", "Status", "books_of", "checksum_of"]

BOOKS = ".store"
"""The name of their folder."""
MANIFEST = "manifest.json"
KIND = "zensols_like batch store"
VERSION = 1
"""What a manifest says of itself."""


class Status(Enum):
    """How much of a store is there."""

    ABSENT = "absent"
    PARTIAL = "partial"
    COMPLETE = "complete"
    STALE = "stale"


def books_of(place: Path) -> tuple[Path, Path]:
    """The two folders where the books of a folder of batches may be: in it, and beside it.

    Example:
        >>> [folder.as_posix() for folder in books_of(Path("target/batch"))]
        ['target/batch/.store', 'target/batch.store']
    """
    return place / BOOKS, place.parent / f"{place.name}{BOOKS}"


def checksum_of(manifest: Mapping[str, Any]) -> str:
    """The checksum of a manifest: of all of it but itself."""
    return xxh3_128_hexdigest(
        json.dumps({name: part for name, part in manifest.items() if name != "checksum"}).encode()
    )
