"""Values as JSON, to be read with any tool."""

from __future__ import annotations

import json
from typing import Any

from zensols_like.errors import PersistableError
from zensols_like.persist.formats import Format, Parts

__all__ = ["FORMAT", "JsonTextFormat"]


class JsonTextFormat:
    """The text of a value, and no buffers beside it."""

    code = 1001  # stands in the header of every record: never use it for another format
    safe = True  # reading runs no code that a file names

    def encode(self, value: Any) -> Parts:
        """The text; refuses what would not come back equal, as tuples and NaN."""
        text = json.dumps(value, default=repr)
        if json.loads(text) != value:
            raise PersistableError(
                f"JSON cannot hold {value!r}.", None, "store lists, texts and numbers, or use record"
            )
        return [text.encode()]

    def decode(self, parts: Parts) -> Any:
        """The value of the text."""
        return json.loads(bytes(parts[0]))


FORMAT: Format = JsonTextFormat()
