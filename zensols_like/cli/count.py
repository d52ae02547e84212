"""How many batches a complete store has, by its manifest alone: torch takes seconds to import, counting none."""

from __future__ import annotations

import json
from pathlib import Path

from xxhash import xxh3_128_hexdigest

__all__ = ["count_complete"]

_KIND = ("zensols_like batch store", 1)


def count_complete(store: Path) -> int | None:
    """The number of batches of a store that is complete and whose manifest is whole.

    The manifest is read as `docs/formats/store.md` describes it.

    Args:
        store: The folder of the batches.

    Returns:
        ``None`` for everything else, which whoever knows stores can tell more about.
    """
    for books in (store / ".store", store.parent / f"{store.name}.store"):
        try:
            manifest = json.loads((books / "manifest.json").read_bytes())
            checksum = manifest.pop("checksum")
            is_whole = checksum == xxh3_128_hexdigest(json.dumps(manifest).encode())
            if is_whole and (manifest["kind"], manifest["version"]) == _KIND and manifest["status"] == "complete":
                return int(manifest["plan"]["batches"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return None
