"""Text to objects: configurations, the values in them, and the objects that they describe."""

from zensols_like.config.dictable import Dictable, Settings
from zensols_like.config.dictionary import DictionaryConfig, EnvironmentConfig, StringConfig
from zensols_like.config.document import JsonConfig, YamlConfig
from zensols_like.config.factory import ImportConfigFactory
from zensols_like.config.imports import ImportIniConfig, load_config
from zensols_like.config.ini import ExtendedInterpolationConfig, ExtendedInterpolationEnvConfig, IniConfig
from zensols_like.config.interface import ConfigFactory, Writeback
from zensols_like.config.report import ConfigReport, OptionReport, report_config
from zensols_like.config.resources import resource_path
from zensols_like.config.secret import is_secret_name, masked_arguments, masked_text, without_secrets
from zensols_like.config.source import Configurable
from zensols_like.config.values import Serializer
from zensols_like.errors import ConfigurableError, ConfigurableFileNotFoundError, ConfigurationError, FactoryError
from zensols_like.protocols import Writable

__all__ = [
    "ConfigFactory",
    "ConfigReport",
    "Configurable",
    "ConfigurableError",
    "ConfigurableFileNotFoundError",
    "ConfigurationError",
    "Dictable",
    "DictionaryConfig",
    "EnvironmentConfig",
    "ExtendedInterpolationConfig",
    "ExtendedInterpolationEnvConfig",
    "FactoryError",
    "ImportConfigFactory",
    "ImportIniConfig",
    "IniConfig",
    "JsonConfig",
    "OptionReport",
    "Serializer",
    "Settings",
    "StringConfig",
    "Writable",
    "Writeback",
    "YamlConfig",
    "is_secret_name",
    "load_config",
    "masked_arguments",
    "masked_text",
    "report_config",
    "resource_path",
    "without_secrets",
]
