"""Where the text of a configuration is: options in sections, which refer to each other."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from zensols_like.config.assignment import split_assignment
from zensols_like.config.dictable import Settings
from zensols_like.config.hint import hint
from zensols_like.config.interpolation import escape, interpolate
from zensols_like.config.values import Serializer
from zensols_like.errors import ConfigurableError
from zensols_like.protocols import Writable

__all__ = ["Configurable"]

T = TypeVar("T")

_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


class Configurable(Writable):
    """Options in sections; each option is a text.

    With interpolation, ``${option}`` stands for another option of the section, ``${section:option}`` for one of another
    section, and ``$$`` for ``$``.  It is looked up when the option is asked for, so that what is set later counts.

    A configuration is pickled as text, so that it travels to worker processes.  Each option remembers where it comes
    from, and errors say so.  A subclass calls :meth:`reload` at the end of its constructor.

    Args:
        default_section: The section of methods that are given none.
        use_interpolation: Whether ``${…}`` refers to other options.
    """

    def __init__(self, default_section: str = "default", use_interpolation: bool = False) -> None:
        self.default_section = default_section
        self.use_interpolation = use_interpolation
        self._texts: dict[str, dict[str, str]] = {}
        self._origins: dict[tuple[str, str | None], str] = {}
        self._overrides: list[tuple[str, str, str]] = []

    @abstractmethod
    def _fill(self) -> None:
        """Call :meth:`_put` for everything in the source."""

    def _put(self, origin: str, section: str, option: str | None = None, text: str = "") -> None:
        """Set an option, or make sure of a section; what was there before is overwritten."""
        options = self._texts.setdefault(section, {})
        self._origins.setdefault((section, None), origin)
        if option is not None:
            options[option] = text
            self._origins[section, option] = origin

    # reading

    @property
    def sections(self) -> tuple[str, ...]:
        """The names of the sections, in their order."""
        return tuple(self._texts)

    @property
    def options(self) -> dict[str, str]:
        """The options of the default section."""
        return self.get_options()

    def has_option(self, name: str, section: str | None = None) -> bool:
        """Whether there is this option."""
        return name in self._option_names(self._section(section))

    def get_option(self, name: str, section: str | None = None) -> str:
        """The text of an option.

        Raises:
            ConfigurableError: There is no such section or option, or it refers to one that is not there.
        """
        return self._resolve(self._section(section), name, ())

    def get_options(self, section: str | None = None, opt_keys: Iterable[str] | None = None) -> dict[str, str]:
        """The texts of the options of a section by name.

        Args:
            section: The section; the default section when not given.
            opt_keys: The options to take; all when not given.
        """
        name = self._section(section)
        self._require_section(name)
        return {key: self.get_option(key, name) for key in (self._option_names(name) if opt_keys is None else opt_keys)}

    def get_option_list(self, name: str, section: str | None = None, separator: str = ",") -> list[str]:
        """The parts of an option, with or without the directive ``list:``."""
        text = self.get_option(name, section).removeprefix("list:")
        return [part.strip() for part in text.split(separator)] if text.strip() else []

    def get_option_boolean(self, name: str, section: str | None = None) -> bool:
        """The option as a truth value: true, yes, on, 1 or false, no, off, 0 in any case."""
        text = self.get_option(name, section)
        if text.lower() in _BOOLEANS:
            return _BOOLEANS[text.lower()]
        raise ConfigurableError(f"{text!r} is no truth value.", self.where(section, name), f"use one of {[*_BOOLEANS]}")

    def get_option_int(self, name: str, section: str | None = None) -> int:
        """The option as a whole number."""
        return self._get_number(int, name, section)

    def get_option_float(self, name: str, section: str | None = None) -> float:
        """The option as a number."""
        return self._get_number(float, name, section)

    def get_option_path(self, name: str, section: str | None = None) -> Path:
        """The option as a path, with or without the directive ``path:``; the home folder is filled in for ``~``."""
        return Path(self.get_option(name, section).removeprefix("path:").strip()).expanduser()

    def get_option_object(self, name: str, section: str | None = None) -> Any:
        """The value of the option, see :class:`.Serializer`."""
        return Serializer().parse_object(self.get_option(name, section), self.where(section, name))

    def populate(self, obj: Any = None, section: str | None = None, parse_types: bool = True) -> Any:
        """Set the options of a section as attributes of an object.

        Args:
            obj: The object, or a dictionary; a new :class:`.Settings` when not given.
            section: The section; the default section when not given.
            parse_types: Whether the values are set, rather than their texts.

        Returns:
            The object.
        """
        target = Settings() if obj is None else obj
        for name, text in self.get_options(section).items():
            value = self.get_option_object(name, section) if parse_types else text
            if isinstance(target, dict):
                target[name] = value
            else:
                setattr(target, name, value)
        return target

    def __getitem__(self, section: str) -> Settings:
        return Settings(self.populate({}, section))

    def __contains__(self, section: object) -> bool:
        return section in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.source}>"

    def asdict(self) -> dict[str, dict[str, str]]:
        """The texts of all options by section and name."""
        return {section: self.written(section, False) for section in self.sections}

    def as_one_tier_dict(self) -> dict[str, str]:
        """The texts of all options by ``section:option``."""
        return {
            f"{section}:{name}": text for section, options in self.asdict().items() for name, text in options.items()
        }

    def lines(self) -> Iterator[tuple[int, str]]:
        """The lines of an INI file.

        It reads back as this configuration, but for what such a file cannot hold: how far the lines of a text are
        indented and those of them that begin with ``#`` or ``;``, and names with ``:`` or ``=``.
        """
        for section, options in self._texts.items():
            yield 0, f"[{section}]"
            for option, text in options.items():
                first, *rest = text.split("\n")
                yield 0, f"{option} = {first}"
                yield from ((1, line) for line in rest)
            yield 0, ""

    def written(self, section: str, use_interpolation: bool) -> dict[str, str]:
        """The options of a section as a configuration with or without interpolation has to write them."""
        self._require_section(section)
        texts = self._texts.get(section, {})
        if use_interpolation and not self.use_interpolation:
            return {name: escape(text) for name, text in texts.items()}
        return {name: text if use_interpolation else self.get_option(name, section) for name, text in texts.items()}

    # telling where an option comes from

    @property
    def source(self) -> str:
        """What errors call the whole configuration."""
        return type(self).__name__

    def origin(self, section: str, option: str | None = None) -> str:
        """The file that a section or an option comes from."""
        return self._origins.get((section, option)) or self._origins.get((section, None)) or self.source

    def where(self, section: str | None = None, option: str | None = None) -> str:
        """The file, the section and the option, for an error."""
        name = self._section(section)
        return f"{self.origin(name, option)} [{name}]{'' if option is None else f' {option}'}"

    # changing

    def reload(self) -> None:
        """Read the source again; overrides stay, and what :meth:`set_option` and :meth:`merge` changed is gone."""
        self._texts.clear()
        self._origins.clear()
        self._fill()
        for section, option, text in self._overrides:
            self._put("override", section, option, text)

    def set_option(self, name: str, value: Any, section: str | None = None) -> None:
        """Set an option; a section that is not there is made.

        Args:
            name: The option.
            value: Its text; anything else is written as :meth:`.Serializer.format_option` does.
            section: The section; the default section when not given.
        """
        target = self._section(section)
        self._put("set_option", target, name, self._format(value, target, name))

    def remove_section(self, section: str) -> None:
        """Remove a section with its options."""
        self._require_section(section)
        self._texts.pop(section, None)
        self._origins = {key: origin for key, origin in self._origins.items() if key[0] != section}

    def override(self, assignment: str) -> None:
        """Set an option of a section that is there, by ``section.option=value``.

        Raises:
            ConfigurableError: It is not written like this, or there is no such section.
        """
        section, option, text = split_assignment(assignment)
        self._require_section(section, f"override {assignment}")
        self._overrides.append((section, option, text))
        self._put("override", section, option, text)

    def merge(self, other: Configurable, sections: Iterable[str] | None = None) -> None:
        """Copy sections of another configuration here; they overwrite what is here.

        Args:
            other: The other configuration.
            sections: The sections; all when not given.
        """
        for section in other.sections if sections is None else sections:
            self._put(other.origin(section), section)
            for option, text in other.written(section, self.use_interpolation).items():
                self._put(other.origin(section, option), section, option, text)

    def copy_sections(self, to_populate: Configurable, sections: Iterable[str] | None = None) -> None:
        """Copy sections to another configuration, see :meth:`merge`."""
        to_populate.merge(self, sections)

    # inside

    def _section(self, section: str | None) -> str:
        return self.default_section if section is None else section

    def _option_names(self, section: str) -> Iterable[str]:
        return self._texts.get(section, {}).keys()

    def _require_section(self, section: str, where: str | None = None) -> None:
        if section not in self._texts:
            raise ConfigurableError(
                f"There is no section [{section}].", where or self.source, hint(section, self.sections, "sections")
            )

    def _resolve(self, section: str, option: str, chain: tuple[tuple[str, str], ...]) -> str:
        """The text of an option with what it refers to; the chain has the options that refer to it."""
        asked_by = self.where(*chain[-1]) if chain else None
        self._require_section(section, asked_by)
        if option not in self._texts[section]:
            raise ConfigurableError(
                f"There is no option {option!r} in section [{section}].",
                asked_by or self.where(section),
                hint(option, self._option_names(section), f"options of [{section}]"),
            )
        text = self._texts[section][option]
        if not self.use_interpolation:
            return text
        here = (section, option)
        if here in chain:
            circle = " -> ".join(f"{name}:{key}" for name, key in (*chain[chain.index(here) :], here))
            raise ConfigurableError(
                f"Options refer to each other in a circle: {circle}.", self.where(*here), "give one of them a value"
            )

        inner = (*chain, here)
        return interpolate(text, lambda other, name: self._resolve(other or section, name, inner), self.where(*here))

    def _format(self, value: Any, section: str, option: str) -> str:
        if isinstance(value, str):
            return value
        text = Serializer().format_option(value, self.where(section, option))
        return escape(text) if self.use_interpolation else text

    def _get_number(self, kind: Callable[[str], T], name: str, section: str | None) -> T:
        text = self.get_option(name, section)
        try:
            return kind(text)
        except ValueError as error:
            where = self.where(section, name)
            raise ConfigurableError(f"{text!r} is not a number.", where, "write digits, such as 12") from error
