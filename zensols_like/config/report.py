"""What a configuration comes to: each value, where it comes from and what it refers to, without secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zensols_like.config.interpolation import references
from zensols_like.config.resources import shipped_name
from zensols_like.config.secret import MASK, is_secret_name, masked_text
from zensols_like.config.source import Configurable
from zensols_like.protocols import Writable

__all__ = ["ConfigReport", "OptionReport", "report_config"]

_WIDTH = 72
"""Characters of the longest value that the sources stand behind in a column."""


@dataclass(frozen=True)
class OptionReport:
    """An option, and where it comes from."""

    name: str
    value: str
    """The text with what it refers to filled in; a secret is masked."""
    origin: str
    """The file, or ``override``, ``environment`` and the like."""
    references: tuple[str, ...]
    """The options that it refers to, as ``section:option``; ``env:NAME`` is a variable of the environment."""

    @property
    def note(self) -> str:
        """Where the value comes from, in words."""
        return f"{self.origin}, with {', '.join(self.references)}" if self.references else self.origin


@dataclass(frozen=True)
class ConfigReport(Writable):
    """The options of a configuration by section."""

    source: str
    sections: Mapping[str, tuple[OptionReport, ...]]

    def asdict(self) -> dict[str, Any]:
        """The report as data of JSON."""
        return {
            "source": self.source,
            "sections": {
                section: {
                    option.name: {
                        "value": option.value,
                        "origin": option.origin,
                        "references": list(option.references),
                    }
                    for option in options
                }
                for section, options in self.sections.items()
            },
        }

    def lines(self) -> Iterable[tuple[int, str]]:
        """Each section with its options, as ``name = value`` and where it comes from."""
        for section, options in self.sections.items():
            yield 0, f"[{section}]"
            assignments = [f"{option.name} = {option.value}".splitlines() for option in options]
            width = max((len(first) for first, *_ in assignments if len(first) <= _WIDTH), default=0)
            for option, (first, *rest) in zip(options, assignments, strict=True):
                yield 0, f"{first:<{width}}  # {option.note}"
                yield from ((1, line) for line in rest)
            yield 0, ""


def report_config(config: Configurable, sections: Iterable[str] | None = None) -> ConfigReport:
    """What a configuration comes to.

    Options whose names speak of a password, a key, a token and the like are masked, as are those that refer to them,
    and what looks like a password inside of a value.

    Args:
        config: The configuration.
        sections: The sections to report; all when not given.

    Raises:
        ConfigurableError: There is no such section, or an option refers to one that is not there.

    Example:
        >>> from zensols_like.config import DictionaryConfig
        >>> report_config(DictionaryConfig({"model": {"rate": 0.1, "api_key": "abc"}})).write()
        [model]
        rate = 0.1     # DictionaryConfig
        api_key = ***  # DictionaryConfig
        <BLANKLINE>
    """
    names = config.sections if sections is None else tuple(sections)
    return ConfigReport(config.source, {section: tuple(_options(config, section)) for section in names})


def _options(config: Configurable, section: str) -> Iterable[OptionReport]:
    for name, value in config.written(section, False).items():
        yield OptionReport(
            name,
            MASK if _is_secret(config, section, name) else masked_text(value),
            _short(config.origin(section, name)),
            tuple(f"{other}:{option}" for other, option in _references(config, section, name)),
        )


def _references(config: Configurable, section: str, option: str) -> list[tuple[str, str]]:
    """What an option refers to; nothing for one that is not written, such as a variable of the environment."""
    if not config.use_interpolation or section not in config:
        return []
    text = config.written(section, True).get(option, "")
    return [(other or section, name) for other, name in dict.fromkeys(references(text))]


def _is_secret(config: Configurable, section: str, option: str) -> bool:
    return is_secret_name(option) or any(_is_secret(config, *other) for other in _references(config, section, option))


def _short(origin: str) -> str:
    """A file that comes with this package by its name, one below the current folder without this folder."""
    path = Path(origin)
    if not path.is_absolute():
        return origin
    shipped = shipped_name(path)
    if shipped is not None:
        return f"resource: {shipped}"
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else origin
