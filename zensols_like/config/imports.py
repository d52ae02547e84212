"""Configurations that import others, so that an experiment is a small file over shared defaults."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from zensols_like.config.assignment import split_assignment
from zensols_like.config.constructor import Constructor
from zensols_like.config.dictionary import EnvironmentConfig, StringConfig
from zensols_like.config.document import JsonConfig, YamlConfig
from zensols_like.config.file import FileConfig
from zensols_like.config.hint import hint
from zensols_like.config.ini import ExtendedInterpolationEnvConfig, IniConfig
from zensols_like.config.source import Configurable
from zensols_like.config.values import Serializer
from zensols_like.errors import APIError, ConfigurableError

__all__ = ["ImportIniConfig", "load_config"]

_FILES: Mapping[str, type[FileConfig]] = {"ini": IniConfig, "json": JsonConfig, "yaml": YamlConfig}
_OTHERS: Mapping[str, type[Configurable]] = {"environment": EnvironmentConfig, "string": StringConfig}
_IMPORT = "import"
_FILE_OPTIONS = ("config_file", "config_files", "enabled", "references", "type")


def load_config(path: Path | str, overrides: Iterable[str] = ()) -> Configurable:
    """Read a configuration from a file, or from all ``*.conf`` files of a folder; the usual way in.

    ``.yaml``, ``.yml`` and ``.json`` files are read as such, others as INI files.  Options refer to each other by
    ``${section:option}`` and to the environment by ``${env:HOME}``.  What a section ``[import]`` names is read too, see
    :class:`ImportIniConfig`.

    Args:
        path: The file or folder.
        overrides: Options that win over those in the files, each as ``section.option=value``.

    Raises:
        ConfigurableFileNotFoundError: There is no such file.
        ConfigurableError: A file cannot be read, or there is no such section to override.
    """
    return ImportIniConfig(path, overrides=overrides)


class ImportIniConfig(ExtendedInterpolationEnvConfig):
    r"""A configuration with those that it imports below it: what it says itself wins.

    .. code-block:: ini

        [import]
        config_files = list: resource: default.conf, resource: torch.conf, shared/data.yaml
        sections = list: run

        [run]
        type = environment
        section_name = run
        includes = list: SEED

        [torch_config]
        use_gpu = True

    ``[import]`` names files (``config_file`` or ``config_files``), and sections that say what else to import.  Such a
    section has a ``type``:

    ===============  ===============================================================================================
    ``import``       ``config_file`` or ``config_files``, each read as its suffix says, with what it imports itself;
                     this is the type where none is given
    ``ini``          the same for INI files whatever their names; so are ``yaml`` and ``json``
    ``environment``  the arguments of :class:`.EnvironmentConfig`
    ``string``       the arguments of :class:`.StringConfig`
    ===============  ===============================================================================================

    ``references`` lists sections that the imported files refer to, and that must be there; with ``enabled = False`` a
    section imports nothing.  A relative path starts at the folder of the file that imports.

    Later imports win over earlier ones.  A file that is imported twice is read once, where it is named first.  Options
    are looked up when everything is read, so that a file may refer to sections of those that import it.  ``[import]``
    and the sections that it names are not part of the configuration.

    Args:
        config_file: The file, see :class:`.FileConfig`.
        default_section: The section of methods that are given none.
        env: The variables; those of this process when not given.
        env_sec: The name of the section that stands for them.
        remove_vars: Variables to leave out.
        config_section: The section that says what to import.
        overrides: Options that win over those in the files, each as ``section.option=value``; what is imported may
            depend on them.
    """

    def __init__(
        self,
        config_file: Path | str | TextIO | Configurable | None = None,
        default_section: str = "default",
        env: Mapping[str, str] | None = None,
        env_sec: str = "env",
        remove_vars: Iterable[str] = (),
        *,
        config_section: str = "import",
        overrides: Iterable[str] = (),
    ) -> None:
        self.config_section = config_section
        self._assignments = tuple(overrides)
        super().__init__(config_file, default_section, env, env_sec, remove_vars)
        for assignment in self._assignments:
            if split_assignment(assignment)[0] not in self._importing:
                self.override(assignment)

    def _fill(self) -> None:
        source: Any = io.StringIO(self._stream_text) if self._stream_text is not None else self.config_file
        path = self.config_file if isinstance(self.config_file, Path) else None
        root = _reader(path)(source, use_interpolation=True)
        for assignment in self._assignments:
            if split_assignment(assignment)[0] in root:
                root.override(assignment)
        importer = _Importer(self.config_section, self._view)
        for layer in importer.layers(root, _Place((), () if path is None else (path,))):
            self.merge(layer)
        self._importing = frozenset(importer.importing)

    def _view(self, layers: Iterable[Configurable]) -> Configurable:
        """Layers as they are seen while more are read."""
        view = ExtendedInterpolationEnvConfig(None, self.default_section, self._env, self.env_sec)
        for layer in layers:
            view.merge(layer)
        for assignment in self._assignments:
            if split_assignment(assignment)[0] in (*view.sections, self.env_sec):
                view.override(assignment)
        return view


@dataclass(frozen=True)
class _Place:
    """Where a configuration stands among those that import it."""

    above: tuple[Configurable, ...]
    """Those that import it, from the nearest one, without the sections that do so."""
    files: tuple[Path, ...]
    """Their files and its own one."""

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        if not self.files:
            return Path()
        return self.files[-1] if self.files[-1].is_dir() else self.files[-1].parent

    def below(self, config: Configurable, path: Path, where: str) -> _Place:
        """The place of a file that the configuration imports."""
        known = [file.resolve() for file in self.files]
        if path.resolve() in known:
            circle = " -> ".join(str(file) for file in (*self.files[known.index(path.resolve()) :], path))
            raise ConfigurableError(
                f"Configurations import each other in a circle: {circle}.", where, "take one of these imports away"
            )
        return _Place((config, *self.above), (*self.files, path))


@dataclass
class _Importer:
    """Reads what a configuration imports."""

    section: str
    view: Callable[[Iterable[Configurable]], Configurable]
    importing: set[str] = field(default_factory=set)
    """The sections that say what to import."""
    done: set[Path] = field(default_factory=set)

    def layers(self, config: Configurable, place: _Place) -> list[Configurable]:
        """What a configuration imports, then itself; what comes later wins."""
        if self.section not in config:
            return [config]
        names = [self.section, *_items("sections", self.section, self.view([config, *place.above]))]
        imports = IniConfig(use_interpolation=True)
        imports.merge(config, names)
        for name in names:
            config.remove_section(name)
        self.importing.update(names)
        below: list[Configurable] = []
        for name in names:
            below += self._imported(name, self.view([*below, config, *place.above, imports]), config, place)
        return [*below, config]

    def _imported(self, name: str, view: Configurable, config: Configurable, place: _Place) -> list[Configurable]:
        """What one section imports."""
        options = {key: view.get_option_object(key, name) for key in view.get_options(name) if key != "sections"}
        if not options or not options.pop("enabled", True):
            return []
        kind = options.pop("type", _IMPORT)
        if kind in _OTHERS:
            return [_other(_OTHERS[kind], options, name, view)]
        if kind not in (_IMPORT, *_FILES):
            raise ConfigurableError(
                f"There is no type {kind!r} of imports.",
                view.where(name, "type"),
                hint(str(kind), (_IMPORT, *_FILES, *_OTHERS), "types"),
            )
        for option in options:
            if option not in _FILE_OPTIONS:
                raise ConfigurableError(
                    f"An import of files has no option {option!r}.",
                    view.where(name, option),
                    hint(option, _FILE_OPTIONS, "options"),
                )
        for section in _items("references", name, view):
            if section not in view:
                raise ConfigurableError(
                    f"There is no section [{section}] for the imported files to refer to.",
                    view.where(name, "references"),
                    hint(section, view.sections, "sections"),
                )
        found = []
        for option in ("config_file", "config_files"):
            for item in _items(option, name, view):
                where = view.where(name, option)
                path = place.folder / Path(Serializer().parse_object(item, where)).expanduser()
                reader = _reader(path) if kind == _IMPORT else _FILES[kind]
                found += self._read(path, reader, place.below(config, path, where), where)
        return found

    def _read(self, path: Path, reader: type[FileConfig], place: _Place, where: str) -> list[Configurable]:
        if path.resolve() in self.done:
            return []
        self.done.add(path.resolve())
        try:
            return self.layers(reader(path, use_interpolation=True), place)
        except APIError as error:
            error.add_note(f"imported by {where}")
            raise


def _reader(path: Path | None) -> type[FileConfig]:
    suffix = "" if path is None else path.suffix.lower()
    return next((kind for kind in _FILES.values() if suffix in kind.SUFFIXES), IniConfig)


def _items(option: str, section: str, view: Configurable) -> list[str]:
    """The parts of an option, as texts; none where there is no such option."""
    if not view.has_option(option, section):
        return []
    value = view.get_option_object(option, section)
    if isinstance(value, str):
        return view.get_option_list(option, section)
    return [str(item) for item in (value if isinstance(value, list | tuple) else [value])]


def _other(kind: type[Configurable], options: Mapping[str, Any], section: str, view: Configurable) -> Configurable:
    constructor = Constructor.of(kind)
    constructor.require_known(options, lambda name: view.where(section, name))
    constructor.require_all(options, view.where(section), f"set them in [{section}]")
    return kind(**options)
