"""What must not be shown or stored: passwords, tokens and keys, by their names and inside of texts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

__all__ = ["MASK", "is_secret_name", "masked_arguments", "masked_text", "without_secrets"]

MASK = "***"
"""What stands for a secret."""

_WORD = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
_WORDS = frozenset({"auth", "credential", "credentials", "passphrase", "passwd", "password", "passwords", "pwd"})
_LAST_WORDS = frozenset({"apikey", "key", "keys", "secret", "secrets", "token", "tokens"})


def _assignment(words: str) -> re.Pattern[str]:
    """A word and what follows it in a text: ``token=abc``, ``'password': 'a b'``."""
    return re.compile(
        rf"""(?P<name>[\w-]*(?:{words})['"]?\s*[:=]\s*)(?:"[^"]*"|'[^']*'|[^'",;&}}\s]+)""", re.IGNORECASE
    )


_PASSWORD_IN_TEXT = _assignment("passw(?:or)?ds?|pwd|passphrase|credentials?")
_KEY_IN_TEXT = _assignment("secrets?|tokens?|api_?keys?|[_-]keys?")
_OPTION = re.compile(r"[\w.:-]+")
_IN_URL = re.compile(r"""(?P<name>://[^/@\s:]*:)[^\s'",]+(?=@)""")


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether the name of an option speaks of a secret.

    Example:
        >>> [name for name in ("dbPassword", "api_key", "key_path", "tokenizer") if is_secret_name(name)]
        ['dbPassword', 'api_key']
    """
    words = _words(name)
    return not _WORDS.isdisjoint(words) or not _LAST_WORDS.isdisjoint(words[-1:])


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.split(name) if word]


def masked_text(text: str) -> str:
    """A text without what looks like a secret in it.

    Example:
        >>> masked_text("postgresql://me:abc@host/data?token=def&x=1")
        'postgresql://me:***@host/data?token=***&x=1'
    """
    return _KEY_IN_TEXT.sub(_mask_value, _without_password(text))


def _without_password(text: str) -> str:
    return _PASSWORD_IN_TEXT.sub(_mask_value, _IN_URL.sub(rf"\g<name>{MASK}", text))


def _mask_value(found: re.Match[str]) -> str:
    value = found[0][len(found["name"]) :]
    quote = value[0] if value[0] in "'\"" else ""
    return f"{found['name']}{quote}{MASK}{quote}"


def masked_arguments(arguments: Iterable[str]) -> list[str]:
    """The arguments of a command without secrets: as ``--token abc``, ``section.token=abc``, or inside of a text.

    Example:
        >>> masked_arguments(["train", "--api-key", "abc", "db.password=d e f", "db.size=3"])
        ['train', '--api-key', '***', 'db.password=***', 'db.size=3']
    """
    shown: list[str] = []
    is_value = False  # of the option before
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        is_secret = _OPTION.fullmatch(name) is not None and is_secret_name(name.rpartition(".")[2])
        if is_value and not argument.startswith("-"):
            shown.append(MASK)
        elif is_secret and equals:
            shown.append(f"{name}={MASK}")
        else:
            shown.append(masked_text(argument))
        is_value = is_secret and not equals and argument.startswith("-")
    return shown


def without_secrets(value: Any, name: str = "") -> Any:
    """Plain JSON values without secrets, to be compared with others of the same place.

    A password says nothing of what is made with it, and is masked.  What is only called a key or a token may decide
    what is made: a short digest takes its place, by which a change is seen and nothing is told.

    Args:
        value: The values.
        name: What they are called.

    Example:
        >>> without_secrets({"size": 3, "password": "abc", "sort_key": "name", "url": "db://me:abc@host"})
        {'size': 3, 'password': '***', 'sort_key': '***4702bcb1', 'url': 'db://me:***@host'}
    """
    if isinstance(value, Mapping):
        return {key: without_secrets(item, key) for key, item in value.items()}
    if is_secret_name(name) and _has_text(value):
        return MASK + (_digest(value) if _WORDS.isdisjoint(_words(name)) else "")
    if isinstance(value, list):
        return [without_secrets(item, name) for item in value]
    return _compared(value) if isinstance(value, str) else value


def _compared(text: str) -> str:
    if ":" not in text and "=" not in text:
        return text  # as most are; no pattern finds anything in it
    text = _without_password(text)
    shown = masked_text(text)
    return text if shown == text else f"{shown} {MASK}{_digest(text)}"


def _has_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and any(map(_has_text, value)))


def _digest(value: Any) -> str:
    return hashlib.blake2b(json.dumps(value).encode(), digest_size=4).hexdigest()
