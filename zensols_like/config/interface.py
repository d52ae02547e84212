"""What makes objects of sections, and objects that know it."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any

from zensols_like.config.source import Configurable
from zensols_like.protocols import Deallocatable

__all__ = ["ConfigFactory", "Writeback"]


class ConfigFactory(Deallocatable):
    """Makes the object that a section of a configuration describes.

    Args:
        config: The configuration.
    """

    def __init__(self, config: Configurable) -> None:
        self.config = config

    @abstractmethod
    def instance(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """The object of a section.

        Args:
            name: The section.
            args: Arguments of the constructor, before those of the section.
            kwargs: Arguments of the constructor, in place of those of the section.
        """

    @abstractmethod
    def new_instance(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """A new object of a section, which nobody else gets."""

    @abstractmethod
    def new_deep_instance(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """A new object of a section, where the objects that it refers to are new too."""

    @abstractmethod
    def get_class(self, name: str) -> type[Any]:
        """The class of a section's object."""

    def __call__(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """The object of a section, see :meth:`instance`."""
        return self.instance(name, *args, **kwargs)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.config!r}>"


@dataclass
class Writeback:
    """An object that knows its section and who made it.  Setting an attribute changes the object only."""

    name: str
    """The section."""
    config_factory: ConfigFactory = field(repr=False, compare=False)
    """What made this object, and makes others."""
