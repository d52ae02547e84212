"""Nothing secret in a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zensols_like.config import DictionaryConfig, report_config

__all__ = ["masked"]


def masked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as the report of a configuration shows them: secrets are masked, by their names and inside of texts.

    Example:
        >>> masked({"torch": "2.13.0", "token": "abc", "seed": 3, "command": "train -o db.password=abc"})
        {'torch': '2.13.0', 'token': '***', 'seed': 3, 'command': 'train -o db.password=***'}
    """
    texts = {name: value if isinstance(value, str) else "" for name, value in options.items()}
    shown = {one.name: one.value for one in report_config(DictionaryConfig({"options": texts})).sections["options"]}
    return {name: shown[name] or value for name, value in options.items()}
