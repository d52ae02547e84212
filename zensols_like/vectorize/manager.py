"""Vectorizers by name, and managers of them by name."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self, TypeVar, overload

from torch import Tensor

from zensols_like.config import ConfigFactory
from zensols_like.errors import VectorizerError
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize.vectorizer import ConfigurableVectorization, EncodableFeatureVectorizer

__all__ = ["FeatureVectorizerManager", "FeatureVectorizerManagerSet"]

V = TypeVar("V")
D = TypeVar("D")


@dataclass
class _Named(ConfigurableVectorization, Mapping[str, V]):
    """A mapping whose members are made from their sections when first used, and whose ``[]`` explains a wrong name."""

    @cached_property
    def _members(self) -> dict[str, V]:
        raise NotImplementedError

    def __getitem__(self, name: str) -> V:
        found = self.get(name)
        if found is None:
            close = difflib.get_close_matches(name, self, 3)
            raise VectorizerError(
                f"No {name!r} in {type(self).__name__} {self.name!r}.",
                self.name,
                f"use {' or '.join(map(repr, close))}" if close else f"use one of {sorted(self)}",
            ).of_configuration()
        return found

    @overload
    def get(self, name: str, /) -> V | None: ...

    @overload
    def get(self, name: str, /, default: V | D) -> V | D: ...

    def get(self, name: str, /, default: Any = None) -> Any:
        """The member of a name, or the default."""
        return self._members.get(name, default)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


@dataclass
class FeatureVectorizerManager(_Named[EncodableFeatureVectorizer]):
    """Vectorizers by feature ID, which share a torch configuration.

    Iteration is in the order of feature IDs.

    Example:
        >>> from zensols_like.vectorize import NominalEncodedEncodableFeatureVectorizer
        >>> flower = NominalEncodedEncodableFeatureVectorizer.of("flower", categories=["rose", "iris"])
        >>> manager = FeatureVectorizerManager.of("plants", TorchConfig(use_gpu=False), [flower])
        >>> manager["flower"].transform(["rose", "iris", "rose"])
        tensor([1, 0, 1])

    Configuration::

        [iris_vectorizer_manager]
        class_name = zensols_like.vectorize.FeatureVectorizerManager
        torch_config = instance: torch_config
        configured_vectorizers = set: iris_label_vectorizer, iris_series_vectorizer
    """

    torch_config: TorchConfig
    """The data type of the tensors."""

    configured_vectorizers: Collection[str | EncodableFeatureVectorizer]
    """The sections of the vectorizers, or vectorizers made in Python."""

    vectorizer_manager_set: FeatureVectorizerManagerSet | None = field(
        default=None, init=False, repr=False, compare=False
    )
    """The set that this manager belongs to, if any."""

    @classmethod
    def of(cls, name: str, torch_config: TorchConfig, vectorizers: Iterable[EncodableFeatureVectorizer]) -> Self:
        """A manager of vectorizers made in Python, without a configuration."""
        return cls(name, None, torch_config, tuple(vectorizers))

    @property
    def feature_ids(self) -> frozenset[str]:
        """The names of the vectorizers."""
        return frozenset(self)

    def get(self, name: str, /, default: Any = None) -> Any:
        """The vectorizer of a feature ID, or the default.

        Args:
            name: A feature ID, or ``manager.feature_id`` to look into another manager of the same set.
            default: Given when there is no such vectorizer.
        """
        manager_name, dot, feature_id = name.partition(".")
        if dot and name not in self._members and self.vectorizer_manager_set is not None:
            other = self.vectorizer_manager_set.get(manager_name)
            return default if other is None else other.get(feature_id, default)
        return super().get(name, default)

    def transform(self, data: Any) -> tuple[tuple[Tensor | None, EncodableFeatureVectorizer], ...]:
        """The tensor of a value from each vectorizer, with the vectorizer."""
        return tuple((vectorizer.transform(data), vectorizer) for vectorizer in self.values())

    def lines(self) -> Iterable[tuple[int, str]]:
        """The vectorizers."""
        yield 0, f"{self.name}:"
        for vectorizer in self.values():
            for depth, line in vectorizer.lines():
                yield depth + 1, line

    @cached_property
    def _members(self) -> dict[str, EncodableFeatureVectorizer]:
        made: dict[str, EncodableFeatureVectorizer] = {}
        for given in _listed(self.configured_vectorizers, "configured_vectorizers", self):
            vectorizer = self._make(given) if isinstance(given, str) else given
            if not isinstance(vectorizer, EncodableFeatureVectorizer):
                raise VectorizerError(
                    f"{given!r} is no vectorizer but a {type(vectorizer).__name__}.",
                    f"configured_vectorizers of manager {self.name!r}",
                    "name sections of EncodableFeatureVectorizers",
                ).of_configuration()
            if vectorizer.feature_id in made:
                raise VectorizerError(
                    f"Two vectorizers have the feature_id {vectorizer.feature_id!r}.",
                    f"configured_vectorizers of manager {self.name!r}: "
                    f"{made[vectorizer.feature_id].name!r} and {vectorizer.name!r}",
                    "give each its own feature_id",
                ).of_configuration()
            self._adopt(vectorizer)
            made[vectorizer.feature_id] = vectorizer
        return dict(sorted(made.items()))

    def _make(self, section: str) -> Any:
        return _factory(self).instance(section, manager=self)

    def _adopt(self, vectorizer: EncodableFeatureVectorizer) -> None:
        if vectorizer.manager is not None and vectorizer.manager is not self:
            raise VectorizerError(
                f"The vectorizer {vectorizer.feature_id!r} belongs to manager {vectorizer.manager.name!r} already.",
                f"manager {self.name!r}",
                "make a vectorizer for each manager",
            ).of_configuration()
        vectorizer.manager = self


@dataclass
class FeatureVectorizerManagerSet(_Named[FeatureVectorizerManager]):
    """Vectorizer managers by name.

    Configuration::

        [vectorizer_manager_set]
        class_name = zensols_like.vectorize.FeatureVectorizerManagerSet
        names = list: iris_vectorizer_manager
    """

    names: Collection[str | FeatureVectorizerManager]
    """The sections of the managers, or managers made in Python."""

    @classmethod
    def of(cls, name: str, managers: Iterable[FeatureVectorizerManager]) -> Self:
        """A set of managers made in Python, without a configuration."""
        return cls(name, None, tuple(managers))

    @property
    def feature_ids(self) -> frozenset[str]:
        """The names of the vectorizers of all managers."""
        return frozenset(feature_id for manager in self.values() for feature_id in manager)

    def get_vectorizer_names(self) -> tuple[str, ...]:
        """The names of the vectorizers of all managers, sorted."""
        return tuple(sorted(self.feature_ids))

    def get_vectorizer(self, name: str) -> EncodableFeatureVectorizer:
        """The vectorizer of a feature ID, in whichever manager it is.

        Raises:
            VectorizerError: There is none, or there are several.
        """
        found = {manager.name: manager[name] for manager in self.values() if name in manager.feature_ids}
        if len(found) == 1:
            return next(iter(found.values()))
        many = f"Several managers have a vectorizer {name!r}: {list(found)}."
        raise VectorizerError(
            many if found else f"No manager has a vectorizer {name!r}.",
            f"manager set {self.name!r}",
            "ask the manager" if found else f"use one of {list(self.get_vectorizer_names())}",
        )

    def lines(self) -> Iterable[tuple[int, str]]:
        """The managers and their vectorizers."""
        for manager in self.values():
            yield from manager.lines()

    @cached_property
    def _members(self) -> dict[str, FeatureVectorizerManager]:
        made: dict[str, FeatureVectorizerManager] = {}
        names = _listed(self.names, "names", self)
        ordered = sorted(names, key=str) if isinstance(names, (set, frozenset)) else names
        for given in ordered:
            manager = _factory(self).instance(given) if isinstance(given, str) else given
            if not isinstance(manager, FeatureVectorizerManager):
                raise VectorizerError(
                    f"{given!r} is no vectorizer manager but a {type(manager).__name__}.",
                    f"names of manager set {self.name!r}",
                    "name sections of FeatureVectorizerManagers",
                ).of_configuration()
            if "." in manager.name or manager.name in made:
                raise VectorizerError(
                    f"{manager.name!r} cannot be the name of a vectorizer manager here.",
                    f"names of manager set {self.name!r}",
                    "give each manager a name of its own, without a dot, which stands between manager and feature ID",
                ).of_configuration()
            manager.vectorizer_manager_set = self
            made[manager.name] = manager
        return made


def _listed(names: Collection[V], option: str, owner: ConfigurableVectorization) -> Collection[V]:
    """What an option names, which is a list also where it is one section."""
    if isinstance(names, str):
        raise VectorizerError(
            f"The {option} {names!r} are one text, not a list of sections.",
            f"{type(owner).__name__} {owner.name!r}",
            f"write '{option} = list: {names}'",
        ).of_configuration()
    return names


def _factory(owner: ConfigurableVectorization) -> ConfigFactory:
    if owner.config_factory is None:
        raise VectorizerError(
            f"{owner.name!r} names sections, but there is no configuration.",
            f"{type(owner).__name__} {owner.name!r}",
            f"give objects instead of names, as with {type(owner).__name__}.of(...)",
        ).of_configuration()
    return owner.config_factory
