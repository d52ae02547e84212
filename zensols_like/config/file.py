"""Configurations in files: where the text of a configuration is read."""

from __future__ import annotations

import io
from abc import abstractmethod
from pathlib import Path
from typing import ClassVar, TextIO

from zensols_like.config.source import Configurable
from zensols_like.errors import ConfigurableError, ConfigurableFileNotFoundError

__all__ = ["FileConfig"]


class FileConfig(Configurable):
    """A configuration in a file.

    Args:
        config_file: The file; a folder is read as all its files of this kind in the order of their names, where later
            ones overwrite earlier ones.  An open file is read now, and a configuration copied.
        default_section: The section of methods that are given none.
        use_interpolation: Whether ``${…}`` refers to other options.
    """

    SUFFIXES: ClassVar[tuple[str, ...]] = ()
    """How the names of files of this kind end."""

    def __init__(
        self,
        config_file: Path | str | TextIO | Configurable | None = None,
        default_section: str = "default",
        use_interpolation: bool = False,
    ) -> None:
        super().__init__(default_section, use_interpolation)
        self._stream_text: str | None = None
        self.config_file: Path | Configurable | None = None
        if isinstance(config_file, Configurable):
            self.config_file = config_file
        elif isinstance(config_file, io.TextIOBase):
            self._stream_text = config_file.read()
        elif isinstance(config_file, Path | str):
            self.config_file = Path(config_file).expanduser()
        elif config_file is not None:
            raise ConfigurableError(
                f"A {type(config_file).__name__} is not a configuration.",
                None,
                "give a path, an open text file or another configuration",
            )
        self.reload()

    @property
    def source(self) -> str:
        """The path."""
        return str(self.config_file) if isinstance(self.config_file, Path) else super().source

    @abstractmethod
    def _parse(self, text: str, origin: str) -> None:
        """Call :meth:`_put` for everything in the text of a file."""

    def _fill(self) -> None:
        if self._stream_text is not None:
            self._parse(self._stream_text, self.source)
        elif isinstance(self.config_file, Configurable):
            self.merge(self.config_file)
        elif self.config_file is not None:
            for path in self._files(self.config_file):
                self._parse(_read(path), str(path))

    def _files(self, path: Path) -> list[Path]:
        if not path.is_dir():
            return [path]
        files = sorted(file for file in path.iterdir() if file.suffix in self.SUFFIXES)
        if not files:
            raise ConfigurableFileNotFoundError(
                "There is no configuration in the folder.", str(path), f"add a file *{self.SUFFIXES[0]}"
            )
        return files


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigurableFileNotFoundError(
            f"There is no configuration file {path.name!r}.", str(path.absolute()), "correct the path"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurableError(f"The file cannot be read: {error}", str(path), "make it readable UTF-8") from error
