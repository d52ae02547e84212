"""References from one option to another, and the text that they stand for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from zensols_like.errors import ConfigurableError

__all__ = ["escape", "has_reference", "interpolate", "references"]

_REFERENCE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?:(?P<section>[^:{}]+):)?(?P<option>[^:{}]+)\})?")
_STRING = re.compile(r"str:\s*")
_ESCAPED = re.compile(r"\\.", re.DOTALL)


def interpolate(text: str, look_up: Callable[[str | None, str], str], where: str) -> str:
    r"""The text with each reference replaced by what it stands for.

    What is put into a string of JSON is escaped, and a leading ``str:`` is left out in the middle of a text.

    Args:
        text: What an option says.
        look_up: Gives the text of an option by its section, None for the section of the text, and its name.
        where: File, section and option, for errors.

    Raises:
        ConfigurableError: A dollar stands alone.

    Example:
        >>> interpolate("path: ${root}/v${version}", lambda _, name: {"root": "/x", "version": "str: 1.0"}[name], "")
        'path: /x/v1.0'
        >>> interpolate('json: ["${quote}"]', lambda *_: 'say "hello"', "")
        'json: ["say \\"hello\\""]'
    """

    def substitute(match: re.Match[str]) -> str:
        if match["dollar"]:
            return "$"
        if match["option"] is None:
            raise ConfigurableError(
                f"A '$' stands alone in {text!r}.", where, "write ${option}, ${section:option} or $$"
            )
        found = look_up(match["section"], match["option"])
        before = text[: match.start()]
        if before:
            found = _STRING.sub("", found, count=1) if _STRING.match(found) else found
        return json.dumps(found)[1:-1] if _is_in_json_string(before) else found

    return _REFERENCE.sub(substitute, text)


def references(text: str) -> Iterator[tuple[str | None, str]]:
    """What a text refers to: section, None for its own one, and option.

    Example:
        >>> list(references("${a:b}/$${c}/${d}"))
        [('a', 'b'), (None, 'd')]
    """
    return ((match["section"], match["option"]) for match in _REFERENCE.finditer(text) if match["option"] is not None)


def has_reference(text: str) -> bool:
    """Whether a text refers to another option."""
    return next(references(text), None) is not None


def escape(text: str) -> str:
    """The text that stands for this one where references are looked up."""
    return text.replace("$", "$$")


def _is_in_json_string(before: str) -> bool:
    return before.startswith("json:") and _ESCAPED.sub("", before).count('"') % 2 == 1
