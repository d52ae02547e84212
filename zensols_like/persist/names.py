"""Keys as file names: any string, reversible, never outside of its folder."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from urllib.parse import quote, unquote

from zensols_like.errors import PersistableError

__all__ = ["file_name", "group_name", "key_of", "no_text", "require_text"]

_SAFE = " !#$&'()+,-.=@[]^_`{}~"
_LIMIT = 200
"""Bytes of a file name that every file system takes, with room for a pattern and a temporary suffix."""
_DIGEST = "%-"
"""How the name of a key begins that is too long for a file name; `quote` never gives it."""
_EMPTY = "%"


def no_text(key: object) -> str:
    """What an error says of a key that is no string."""
    return f"{key!r} is no text, as keys are; try {str(key)!r}"


def require_text(key: object) -> None:
    """Refuse a key that is no string.

    Raises:
        PersistableError: It is none.
    """
    if not isinstance(key, str):
        raise PersistableError(no_text(key))


def file_name(key: str) -> str:
    """A file name for a key.

    Different keys have different names; letters, digits and most signs stay as they are.

    Raises:
        PersistableError: The key is no string.

    Example:
        >>> file_name("12"), file_name("../x"), file_name("a/b")
        ('12', '%2E.%2Fx', 'a%2Fb')
    """
    require_text(key)
    if key == "":
        return _EMPTY
    quoted = quote(key, safe=_SAFE, errors="surrogatepass")
    if quoted.startswith("."):
        quoted = f"%2E{quoted[1:]}"
    if len(quoted) > _LIMIT:
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
        return f"{_DIGEST}{digest}"
    return quoted


def key_of(name: str) -> str | None:
    """The key of a file name; ``None`` when the name is only a digest of a long key, which stands in the file.

    Example:
        >>> key_of(file_name("a/b"))
        'a/b'
    """
    if name == _EMPTY:
        return ""
    if name.startswith(_DIGEST):
        return None
    return unquote(name, errors="surrogatepass")


def group_name(attributes: Collection[str]) -> str:
    """A short name for a group of attributes, the same in whatever order they come.

    Example:
        >>> group_name({"mask", "tokens"})
        'mask-tokens'
        >>> len(group_name([f"attribute{i}" for i in range(1000)])) < 60
        True
    """
    ordered = sorted(attributes)
    name = file_name("-".join(ordered))
    if len(name) <= 40 and not name.startswith("%") and "-" not in "".join(ordered):
        return name
    digest = hashlib.blake2b("\0".join(ordered).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{name.lstrip('%-.')[:32]}~{digest}"
