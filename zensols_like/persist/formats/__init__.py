"""How a value becomes bytes."""

from zensols_like.persist.formats.allowlist import on_replaced, register, registered
from zensols_like.persist.formats.base import Alike, Buffer, Format, Parts
from zensols_like.persist.formats.bounded import Bounded
from zensols_like.persist.formats.find import find_format

__all__ = ["Alike", "Bounded", "Buffer", "Format", "Parts", "find_format", "on_replaced", "register", "registered"]
