"""How many batches a complete store has, by its manifest alone: torch takes seconds to import, counting none."""

from __future__ import annotations

import json
from pathlib import Path

from zensols_like.books import KIND, MANIFEST, VERSION, Status, books_of, checksum_of

__all__ = ["count_complete"]


def count_complete(store: Path) -> int | None:
    """The number of batches of a store that is complete and whose manifest is whole.

    The manifest is read as `docs/formats/store.md` describes it.

    Args:
        store: The folder of the batches.

    Returns:
        ``None`` for everything else, which whoever knows stores can tell more about.
    """
    for books in books_of(store):
        try:
            manifest = json.loads((books / MANIFEST).read_bytes())
            is_known = (manifest["kind"], manifest["version"]) == (KIND, VERSION)
            is_whole = is_known and manifest["checksum"] == checksum_of(manifest)
            if is_whole and manifest["status"] == Status.COMPLETE.value:
                return int(manifest["plan"]["batches"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return None
