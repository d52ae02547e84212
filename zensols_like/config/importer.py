"""From the dotted name of a class to the class."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from zensols_like.config.hint import hint
from zensols_like.errors import APIError, FactoryError

__all__ = ["import_class", "import_module"]

_PACKAGE = "zensols_like"
_FORMER = "zensols"
"""The packages that configurations were written for which are brought here."""


def import_module(name: str, where: str | None = None) -> ModuleType:
    """Import a module by its name in a configuration.

    Args:
        name: The dotted name.
        where: File, section and option that name it, for the error.

    Raises:
        FactoryError: There is no such module, or importing it failed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise _failed(name, error, where) from error
        former, _, rest = name.partition(".")
        fix = (
            f"write {_PACKAGE}{rest and '.'}{rest}; docs/migrate-from-zensols.md says what is elsewhere"
            if former == _FORMER
            else "correct the name, or install the package that has it"
        )
        raise FactoryError(f"There is no module {error.name!r}.", where, fix) from error
    except APIError as error:
        error.add_note(f"while importing {name} for {where}")
        raise
    except Exception as error:
        raise _failed(name, error, where) from error


def import_class(name: str, where: str | None = None) -> type[Any]:
    """Import a class by its dotted name; a class inside a class is ``package.module.Outer.Inner``.

    Args:
        name: Module and class.
        where: File, section and option that name it, for the error.

    Raises:
        FactoryError: There is no such module or no such class in it, or importing it failed.

    Example:
        >>> import_class("pathlib.Path")
        <class 'pathlib.Path'>
    """
    module_name, _, class_name = name.rpartition(".")
    if not module_name or not all(part.isidentifier() for part in name.split(".")):
        raise FactoryError(f"{name!r} does not name a class.", where, "write it as package.module.Class")
    owner = _owner(module_name, where)
    found = _attribute(owner, class_name, where)
    if not isinstance(found, type):
        missing = f"{module_name} has no class {class_name!r}."
        classes = [key for key, value in vars(owner).items() if isinstance(value, type) and not key.startswith("_")]
        fix = hint(class_name, classes, f"classes of {module_name}")
        if module_name == "__main__" and not hasattr(owner, "__file__"):
            fix += "; a worker process has none of a notebook or of python -c: move it to a module, or use workers = 1"
        raise FactoryError(missing if found is None else f"{name} is not a class, but {found!r}.", where, fix)
    return found


def _owner(name: str, where: str | None) -> ModuleType | type[Any]:
    """The module of this name, or the class when the last part is not a module."""
    parent, _, last = name.rpartition(".")
    if parent and last[:1].isupper():
        outer = _attribute(_owner(parent, where), last, where)
        if isinstance(outer, type):
            return outer
    return import_module(name, where)


def _attribute(owner: ModuleType | type[Any], name: str, where: str | None) -> Any:
    """The attribute, or None; a module may import what it has only now."""
    try:
        return getattr(owner, name, None)
    except Exception as error:
        raise _failed(f"{owner.__name__}.{name}", error, where) from error


def _failed(name: str, error: Exception, where: str | None) -> FactoryError:
    return FactoryError(
        f"Importing {name} raised {type(error).__name__}: {error}", where, f"see what 'import {name}' needs"
    )
