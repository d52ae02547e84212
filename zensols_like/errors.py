"""Every error that this package raises on purpose.

Each one says *what* is wrong, *where* (file and section, or key, batch and attribute) and how to *fix* it.

    APIError                                    1  the root: catch it to catch us
    ├── ConfigurationError                      2  the configuration does not say what it should
    │   ├── ConfigurableError                      a section or an option of a configuration
    │   │   └── ConfigurableFileNotFoundError   3  the file is not there
    │   └── FactoryError                           an object cannot be made from its section
    ├── PersistableError                        2  a value cannot be stored or read
    │   ├── MissingDataKeysError                   parts of a composite value are missing
    │   ├── UnsafeError                         7  storing or reading it would need code that is not allowed
    │   └── BusyError                           8  another process writes into the same store
    ├── DatasetError                            2  splits and their keys
    ├── DataframeError                          2  a table is not what the configuration says
    └── DeepLearnError                          1  vectorizing and batches
        ├── VectorizerError                     5  a value cannot be encoded or decoded
        ├── WorkerError                         5  a worker process died or could not start
        └── BatchError                          1  anything about a batch
            ├── MappingError                    2  attributes and vectorizers do not fit; also a ValueError
            ├── EncodeError                     5  a data point stopped the encode
            ├── MissingBatchError               5  planned, but not committed yet
            ├── StaleError                      6  encoded with another configuration
            └── CorruptBatch                    4  the bytes are not those that were committed

The number is the exit code of the command line, inherited where none is given.  Those of 1 and a `VectorizerError` end
with 2 where they say that objects cannot be made as configured; see `APIError.of_configuration`.
"""

from __future__ import annotations

from typing import Self

__all__ = [
    "APIError",
    "BatchError",
    "BusyError",
    "ConfigurableError",
    "ConfigurableFileNotFoundError",
    "ConfigurationError",
    "CorruptBatch",
    "DataframeError",
    "DatasetError",
    "DeepLearnError",
    "EncodeError",
    "FactoryError",
    "MappingError",
    "MissingBatchError",
    "MissingDataKeysError",
    "PersistableError",
    "StaleError",
    "UnsafeError",
    "VectorizerError",
    "WorkerError",
]


class APIError(Exception):
    """The root of the family.

    The arguments are positional, so that an error survives the way from a worker process to its parent.

    Args:
        what: The thing that is wrong, and its value.
        where: File and section, or key, batch and attribute.
        fix: What to do about it; lists the allowed values where there are few.

    Example:
        >>> print(APIError("No mapped attributes ['nope'].", "iris.conf [batch_stash]", "use some of ['label']"))
        No mapped attributes ['nope'].
          where: iris.conf [batch_stash]
          fix: use some of ['label']
    """

    exit_code: int = 1
    """What the command line exits with."""

    def __init__(self, what: str, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what, where, fix)
        self.what = what
        self.where = where
        self.fix = fix

    def of_configuration(self) -> Self:
        """This error, which says that objects cannot be made as the configuration says.

        Its exit code becomes 2, so that nobody tries again without a change; one that says more than that, as that of
        a damaged store or of an encode that stopped, stays.
        """
        if self.exit_code == APIError.exit_code or isinstance(self, VectorizerError):
            self.exit_code = ConfigurationError.exit_code
        return self

    def __str__(self) -> str:
        lines = [self.what]
        if self.where is not None:
            lines.append(f"  where: {self.where}")
        if self.fix is not None:
            lines.append(f"  fix: {self.fix}")
        return "\n".join(lines)


class ConfigurationError(APIError):
    """The configuration does not say what it should."""

    exit_code = 2


class ConfigurableError(ConfigurationError):
    """A section or an option of a configuration is missing or wrong."""


class ConfigurableFileNotFoundError(ConfigurableError):
    """A configuration file is not there."""

    exit_code = 3


class FactoryError(ConfigurationError):
    """An object cannot be made from its section."""


class PersistableError(APIError):
    """A value cannot be stored or read."""

    exit_code = 2


class MissingDataKeysError(PersistableError):
    """Parts of a composite value are missing.

    Args:
        keys: The names of the missing parts.
        where: The key and the store.
        fix: What to do about it.
    """

    def __init__(self, keys: tuple[str, ...], where: str | None = None, fix: str | None = None) -> None:
        super().__init__(f"Missing data keys {sorted(keys)}.", where, fix)
        self.args = (tuple(keys), where, fix)
        self.keys = tuple(keys)


class UnsafeError(PersistableError):
    """Storing or reading a value would need code that is not on the allow-list."""

    exit_code = 7


class BusyError(PersistableError):
    """Another process writes into the same store."""

    exit_code = 8


class DatasetError(APIError):
    """Splits and their keys do not fit."""

    exit_code = 2


class DataframeError(APIError):
    """A table is not what the configuration says."""

    exit_code = 2


class DeepLearnError(APIError):
    """The root of what can go wrong with vectorizers and batches."""


class VectorizerError(DeepLearnError):
    """A value cannot be encoded or decoded."""

    exit_code = 5


class WorkerError(DeepLearnError):
    """A worker process died, or could not start."""

    exit_code = 5


class BatchError(DeepLearnError):
    """Anything that is wrong with a batch."""


class MappingError(BatchError, ValueError):
    """Attributes, fields and vectorizers do not fit together."""

    exit_code = 2


class EncodeError(BatchError):
    """A data point stopped the encode; what was committed before stays."""

    exit_code = 5


class MissingBatchError(BatchError):
    """A batch is planned, but not committed yet."""

    exit_code = 5


class StaleError(BatchError):
    """A store was encoded with another configuration."""

    exit_code = 6


class CorruptBatch(BatchError):
    """The bytes of a record are not those that were committed."""

    exit_code = 4
