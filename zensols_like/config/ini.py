"""Configurations in INI files."""

from __future__ import annotations

import configparser
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, TextIO

from zensols_like.config.assignment import split_assignment
from zensols_like.config.file import FileConfig
from zensols_like.config.source import Configurable
from zensols_like.errors import ConfigurableError

__all__ = ["ExtendedInterpolationConfig", "ExtendedInterpolationEnvConfig", "IniConfig"]


class IniConfig(FileConfig):
    r"""A configuration in an INI file: ``[section]`` lines, and ``option = text`` lines below.

    Lines that begin with ``#`` or ``;`` are comments.  A text goes on over indented lines.  Names keep their case, and
    no section passes its options on to others.

    Args:
        config_file: The file; a folder is read as all its ``*.conf`` files in the order of their names, where later
            ones overwrite earlier ones.  An open file is read now, and a configuration copied.
        default_section: The section of methods that are given none.
        use_interpolation: Whether ``${…}`` refers to other options.

    Example:
        >>> import io
        >>> config = IniConfig(io.StringIO("[default]\nsize = 3"))
        >>> config.get_option("size"), config["default"].size
        ('3', 3)
    """

    SUFFIXES: ClassVar[tuple[str, ...]] = (".conf",)

    def _parse(self, text: str, origin: str) -> None:
        # no name can be written for the section with the defaults, so that it is not one
        parser = configparser.RawConfigParser(default_section="")
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        try:
            parser.read_string(text, origin)
        except configparser.Error as error:
            message = " ".join(str(error).split())
            raise ConfigurableError(
                f"The file is not a configuration: {message}", origin, "write [section] lines and option = text lines"
            ) from error
        for section in parser.sections():
            self._put(origin, section)
            for option, value in parser.items(section):
                self._put(origin, section, option, value)


class ExtendedInterpolationConfig(IniConfig):
    r"""A configuration in an INI file with ``${option}`` and ``${section:option}``.

    Args:
        config_file: The file, see :class:`IniConfig`.
        default_section: The section of methods that are given none.

    Example:
        >>> import io
        >>> config = ExtendedInterpolationConfig(io.StringIO("[a]\nroot = /tmp\n[b]\nfile = ${a:root}/x"))
        >>> config.get_option("file", "b")
        '/tmp/x'
    """

    def __init__(
        self, config_file: Path | str | TextIO | Configurable | None = None, default_section: str = "default"
    ) -> None:
        super().__init__(config_file, default_section, use_interpolation=True)


class ExtendedInterpolationEnvConfig(ExtendedInterpolationConfig):
    r"""A configuration in an INI file with ``${section:option}`` and the environment as ``${env:HOME}``.

    The environment is not among the sections, so that it is not written or reported.  A section of this name in the
    file has the defaults of variables that are not set.  The variables that the configuration refers to travel with it
    to worker processes.

    Args:
        config_file: The file, see :class:`IniConfig`.
        default_section: The section of methods that are given none.
        env: The variables; those of this process when not given.
        env_sec: The name of the section that stands for them.
        remove_vars: Variables to leave out.

    Example:
        >>> import io
        >>> config = ExtendedInterpolationEnvConfig(io.StringIO("[a]\nfile = ${env:DATA}/x"), env={"DATA": "/data"})
        >>> config.get_option("file", "a")
        '/data/x'
    """

    def __init__(
        self,
        config_file: Path | str | TextIO | Configurable | None = None,
        default_section: str = "default",
        env: Mapping[str, str] | None = None,
        env_sec: str = "env",
        remove_vars: Iterable[str] = (),
    ) -> None:
        self.env_sec = env_sec
        self._removed = frozenset(remove_vars)
        self._env_given = env is not None
        self._env = _without(os.environ if env is None else env, self._removed)
        super().__init__(config_file, default_section)

    def override(self, assignment: str) -> None:
        """Set an option or a variable, by ``section.option=value``; see :meth:`.Configurable.override`."""
        section, option, text = split_assignment(assignment)
        if section == self.env_sec:
            self._env[option] = text
        else:
            super().override(assignment)

    def _option_names(self, section: str) -> Iterable[str]:
        names = super()._option_names(section)
        return [*dict.fromkeys([*names, *self._env])] if section == self.env_sec else names

    def _require_section(self, section: str, where: str | None = None) -> None:
        if section != self.env_sec:
            super()._require_section(section, where)

    def _resolve(self, section: str, option: str, chain: tuple[tuple[str, str], ...]) -> str:
        if section == self.env_sec and option in self._env:
            return self._env[option]
        if section == self.env_sec and option not in self._texts.get(section, {}):
            raise ConfigurableError(
                f"The environment variable {option!r} is not set.",
                self.where(*chain[-1]) if chain else self.where(section),
                f"set it, or give it a default in a section [{self.env_sec}]",
            )
        return super()._resolve(section, option, chain)

    def __getstate__(self) -> dict[str, Any]:
        if self._env_given:
            return self.__dict__
        # the secrets of an environment do not travel, unless the configuration names them
        texts = "\n".join(text for options in self._texts.values() for text in options.values())
        used = {name: value for name, value in self._env.items() if f"${{{self.env_sec}:{name}}}" in texts}
        return {**self.__dict__, "_env": used}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if not self._env_given:
            self._env = _without(os.environ, self._removed) | self._env


def _without(env: Mapping[str, str], removed: Collection[str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name not in removed}
