"""Any object that pickles, for files that only you can write: reading one runs the code that it names."""

from __future__ import annotations

import pickle
from typing import Any

from zensols_like.persist.formats.base import Format, Parts

__all__ = ["FORMAT", "PickleFormat"]


class PickleFormat:
    """Protocol 5, with buffers out of band."""

    code = 2
    safe = False

    def encode(self, value: Any) -> Parts:
        """Pickle the value; arrays that support it leave their bytes out of band."""
        buffers: list[pickle.PickleBuffer] = []
        description = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
        return [description, *(buffer.raw() for buffer in buffers)]

    def decode(self, parts: Parts) -> Any:
        """Unpickle the value; only for trusted files."""
        return pickle.loads(parts[0], buffers=parts[1:])  # noqa: S301 (what `trusted` is for)


FORMAT: Format = PickleFormat()
