"""Text to objects: configurations, the values in them, and the objects that they describe."""

from zensols_like.config.dictable import Dictable, Settings
from zensols_like.config.factory import ConfigFactory, ImportConfigFactory, Writeback
from zensols_like.config.ini import (
    DictionaryConfig,
    ExtendedInterpolationConfig,
    ExtendedInterpolationEnvConfig,
    IniConfig,
    StringConfig,
    load_config,
)
from zensols_like.config.resources import resource_path
from zensols_like.config.source import Configurable
from zensols_like.config.values import Serializer
from zensols_like.errors import ConfigurableError, ConfigurableFileNotFoundError, ConfigurationError, FactoryError
from zensols_like.protocols import Writable

__all__ = [
    "ConfigFactory",
    "Configurable",
    "ConfigurableError",
    "ConfigurableFileNotFoundError",
    "ConfigurationError",
    "Dictable",
    "DictionaryConfig",
    "ExtendedInterpolationConfig",
    "ExtendedInterpolationEnvConfig",
    "FactoryError",
    "ImportConfigFactory",
    "IniConfig",
    "Serializer",
    "Settings",
    "StringConfig",
    "Writable",
    "Writeback",
    "load_config",
    "resource_path",
]
