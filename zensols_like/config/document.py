"""Configurations in YAML and JSON: a mapping of sections to mappings of options."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from zensols_like.config.file import FileConfig
from zensols_like.config.repeat import dict_without_repeats
from zensols_like.config.values import Serializer, parse_plain
from zensols_like.errors import ConfigurableError

__all__ = ["JsonConfig", "YamlConfig"]


class _DocumentConfig(FileConfig):
    """A configuration in a language that has numbers, lists and mappings of its own."""

    @abstractmethod
    def _read_document(self, text: str) -> Any:
        """What the text says; a ``ValueError`` when it says nothing."""

    def _parse(self, text: str, origin: str) -> None:
        try:
            document = self._read_document(text)
        except ValueError as error:
            raise ConfigurableError(
                f"The file is not a configuration: {' '.join(str(error).split())}",
                origin,
                "write sections, and options below each",
            ) from error
        for section, options in _mapping(document, origin, "sections").items():
            self._put(origin, section)
            for option, value in _mapping(options, f"{origin} [{section}]", "options").items():
                self._put(origin, section, option, _text(value, f"{origin} [{section}] {option}"))


class YamlConfig(_DocumentConfig):
    r"""A configuration in a YAML file, which means the same as one in an INI file.

    The top has the sections, each section its options.  Numbers, truth values, null, lists and mappings are what they
    are; a text is what it would be in an INI file, so that it may be a directive, and ``${…}`` in it, or in a list or
    mapping, refers to other options.  A quoted number stays a text.  Texts inside of lists and mappings are no
    directives: ``'instance: list: a, b'`` is how to write a list of objects.

    Only plain data is read, and less is taken for something else than YAML 1.1 does: ``no`` and a date are texts, and
    ``010`` is ten.  ``None``, ``True`` and ``False`` mean the same as in an INI file.

    Args:
        config_file: The file, see :class:`.FileConfig`.
        default_section: The section of methods that are given none.
        use_interpolation: Whether ``${…}`` refers to other options.

    Example:
        >>> import io
        >>> text = "model:\n  rate: 1e-3\n  sizes: [1, 2]\n  folder: 'path: data'\n  version: '1.0'"
        >>> YamlConfig(io.StringIO(text))["model"].asdict()
        {'rate': 0.001, 'sizes': [1, 2], 'folder': PosixPath('data'), 'version': '1.0'}
    """

    SUFFIXES: ClassVar[tuple[str, ...]] = (".yaml", ".yml")

    def _read_document(self, text: str) -> Any:
        from zensols_like.config.yaml_loader import read_yaml  # only who reads YAML waits for it

        return read_yaml(text)


class JsonConfig(_DocumentConfig):
    r"""A configuration in a JSON file, see :class:`YamlConfig`.

    Example:
        >>> import io
        >>> JsonConfig(io.StringIO('{"model": {"sizes": [1, 2], "folder": "path: data"}}'))["model"].asdict()
        {'sizes': [1, 2], 'folder': PosixPath('data')}
    """

    SUFFIXES: ClassVar[tuple[str, ...]] = (".json",)

    def _read_document(self, text: str) -> Any:
        return json.loads(text, object_pairs_hook=dict_without_repeats) if text.strip() else None


def _mapping(value: Any, where: str, what: str) -> Mapping[str, Any]:
    found = {} if value is None else value
    if not isinstance(found, Mapping):
        raise ConfigurableError(f"There are no {what}, but {value!r}.", where, f"write {what} with a name each")
    unnamed = [name for name in found if not isinstance(name, str)]
    if unnamed:
        raise ConfigurableError(f"{unnamed[0]!r} is no name of {what}.", where, "write it in quotes")
    return found


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        return Serializer().format_option(value, where)
    return value if isinstance(parse_plain(value), str) else f"str: {value}"
