"""Find the configurations that come with this package, in an installed wheel and in a checkout."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from zensols_like.config.hint import hint
from zensols_like.config.importer import import_module
from zensols_like.errors import ConfigurableFileNotFoundError, FactoryError

__all__ = ["package_path", "resource_path", "shipped_name"]

_PACKAGE = "zensols_like"
_FOLDER = "resources"


def resource_path(name: str, where: str | None = None) -> Path:
    """The path of a configuration that comes with this package.

    Args:
        name: Its name, with or without ``resources/`` in front.
        where: File, section and option that ask for it, for the error.

    Raises:
        ConfigurableFileNotFoundError: There is none of this name.

    Example:
        >>> resource_path("resources/torch.conf").name
        'torch.conf'
    """
    shipped = {path.name: path for path in _folder().glob("*.conf")}
    bare = name.removeprefix(f"{_FOLDER}/")
    if bare not in shipped:
        raise ConfigurableFileNotFoundError(
            f"No configuration {name!r} comes with {_PACKAGE}.",
            where or str(_folder()),
            f"{hint(bare, shipped, 'shipped')}; write 'path: …' for a file of your own",
        )
    return shipped[bare]


def shipped_name(path: Path) -> str | None:
    """The name of a configuration that comes with this package; None for any other file."""
    return path.name if path.parent == _folder() else None


def package_path(package: str, name: str, where: str | None = None) -> Path:
    """The path of a file that comes with any package.

    Args:
        package: The package that has it.
        name: The path of the file in it.
        where: File, section and option that ask for it, for the error.

    Raises:
        FactoryError: There is no such package, or it is a module.
        ConfigurableFileNotFoundError: The package has no such file.
    """
    if package == _PACKAGE:
        return resource_path(name, where)
    spec = import_module(package, where).__spec__
    if spec is None or not spec.submodule_search_locations:
        raise FactoryError(f"{package} is a module, not a package with files.", where, "name the package that has it")
    path = Path(str(resources.files(package).joinpath(name)))
    if not path.exists():
        raise ConfigurableFileNotFoundError(f"The package {package} has no file {name!r}.", where, f"put it at {path}")
    return path


def _folder() -> Path:
    """A wheel has the folder in the package; a checkout has it next to the package."""
    package = Path(__file__).parents[1]
    installed = package / _FOLDER
    return installed if installed.is_dir() else package.parent / _FOLDER
