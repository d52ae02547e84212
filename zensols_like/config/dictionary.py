"""Configurations that are in no file: in a dictionary, a string and the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from typing import Any

from zensols_like.config.assignment import split_assignment
from zensols_like.config.source import Configurable

__all__ = ["DictionaryConfig", "EnvironmentConfig", "StringConfig"]


class DictionaryConfig(Configurable):
    """A configuration in a dictionary of dictionaries.

    Args:
        config: Options by section and name.  A string is the text of the option; anything else is written as text.
        default_section: The section of methods that are given none.
        use_interpolation: Whether ``${…}`` refers to other options.

    Example:
        >>> DictionaryConfig({"model": {"sizes": [1, 2], "folder": "path: data"}})["model"].asdict()
        {'sizes': [1, 2], 'folder': PosixPath('data')}
    """

    def __init__(
        self,
        config: Mapping[str, Mapping[str, Any]],
        default_section: str = "default",
        use_interpolation: bool = False,
    ) -> None:
        super().__init__(default_section, use_interpolation)
        self._config = {
            section: {option: self._format(value, section, option) for option, value in options.items()}
            for section, options in config.items()
        }
        self.reload()

    def _fill(self) -> None:
        for section, options in self._config.items():
            self._put(self.source, section)
            for option, text in options.items():
                self._put(self.source, section, option, text)


class StringConfig(Configurable):
    """A configuration in a string such as ``section.option=value,section.other=value``.

    Args:
        config_str: The assignments.
        option_sep_regex: What stands between them.
        default_section: The section of methods that are given none.

    Example:
        >>> StringConfig("model.size=3, model.name=x").asdict()
        {'model': {'size': '3', 'name': 'x'}}
    """

    def __init__(
        self, config_str: str, option_sep_regex: str | re.Pattern[str] = r"\s*,\s*", default_section: str = "default"
    ) -> None:
        super().__init__(default_section)
        self.config_str = config_str
        self.option_sep_regex = option_sep_regex
        self.reload()

    def _fill(self) -> None:
        for assignment in re.split(self.option_sep_regex, self.config_str.strip()):
            section, option, text = split_assignment(assignment)
            self._put(self.source, section, option, text)


class EnvironmentConfig(Configurable):
    """The variables of the environment as the options of a section.

    Where a single one is needed, ``${env:NAME}`` does it: see :class:`.ExtendedInterpolationEnvConfig`.

    Args:
        section_name: The section.
        includes: The variables to take, where one that is not set is left out; all when not given.
        env: The environment; that of this process when not given.
        default_section: The section of methods that are given none.

    Example:
        >>> EnvironmentConfig("run", ["SEED", "HOST"], env={"SEED": "3", "SECRET": "x"}).asdict()
        {'run': {'SEED': '3'}}
    """

    def __init__(
        self,
        section_name: str = "env",
        includes: Collection[str] | None = None,
        env: Mapping[str, str] | None = None,
        default_section: str = "default",
    ) -> None:
        super().__init__(default_section)
        variables = os.environ if env is None else env
        self.section_name = section_name
        self._env = {name: text for name, text in variables.items() if includes is None or name in includes}
        self.reload()

    def _fill(self) -> None:
        self._put("environment", self.section_name)
        for name, text in self._env.items():
            self._put("environment", self.section_name, name, text)
