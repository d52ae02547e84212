"""How a value becomes bytes."""

from zensols_like.persist.formats.allowlist import register, registered
from zensols_like.persist.formats.base import Buffer, Format, Parts
from zensols_like.persist.formats.find import find_format

__all__ = ["Buffer", "Format", "Parts", "find_format", "register", "registered"]
