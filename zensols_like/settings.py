"""What a model is built from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from zensols_like.config import ConfigFactory
from zensols_like.config.importer import import_class
from zensols_like.torchconfig import TorchConfig

__all__ = ["NetworkSettings"]


@dataclass
class NetworkSettings(ABC):
    """The settings of a network, which name its module.

    Example:
        >>> @dataclass
        ... class LineSettings(NetworkSettings):
        ...     width: int
        ...
        ...     def get_module_class_name(self):
        ...         return "types.SimpleNamespace"
        >>> LineSettings("line", None, TorchConfig(use_gpu=False), width=3).get_module_class_name()
        'types.SimpleNamespace'
    """

    name: str
    """The name of the section."""

    config_factory: ConfigFactory | None = field(repr=False, compare=False)
    """What made it; ``None`` when made in Python."""

    torch_config: TorchConfig
    """Where the module lies and its data type."""

    @abstractmethod
    def get_module_class_name(self) -> str:
        """The full name of the module's class, as ``package.module.ClassName``."""

    def create_module(self, *args: Any, **kwargs: Any) -> Any:
        """A new module.

        Args:
            args: Given to the class after these settings.
            kwargs: Given to the class.

        Returns:
            What the class makes of its first argument, these settings, and the others.
        """
        where = f"get_module_class_name of {type(self).__name__} {self.name!r}"
        return import_class(self.get_module_class_name(), where)(self, *args, **kwargs)
