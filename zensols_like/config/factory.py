"""From a section of a configuration to an object, made once."""

from __future__ import annotations

import importlib
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from typing import Any, Self

from zensols_like.config.constructor import Constructor, call
from zensols_like.config.dictable import Settings
from zensols_like.config.importer import import_class
from zensols_like.config.interpolation import has_reference
from zensols_like.config.reference import ReferringFactory
from zensols_like.config.source import Configurable
from zensols_like.config.values import Serializer
from zensols_like.errors import ConfigurableError, FactoryError
from zensols_like.protocols import Deallocatable

__all__ = ["ImportConfigFactory"]

_CLASS_NAME = "class_name"


class ImportConfigFactory(ReferringFactory):
    """Makes objects by importing the class that ``class_name`` of a section names; the other options are its arguments.

    A section is made once: who asks for it again gets the same object.  An object made with arguments of the caller is
    not kept, since nobody else expects it.  A section without ``class_name`` gives :class:`.Settings`.  Constructor
    arguments named ``name``, ``config`` and ``config_factory`` get the section's name, the configuration and the
    factory, when the section does not set them.  Besides the directives of :class:`.Serializer` there are those of
    :class:`.ReferringFactory`, such as ``instance: other`` for the object of another section.

    **A configuration is code, like a Makefile.**  ``class_name`` imports any module and calls any class in it, and
    ``eval:`` runs any expression.  Use configurations of people whose programs you would run.

    Args:
        config: The configuration.
        reload: Whether a class's module is imported anew each time, while it is being written in a notebook.
        shared: Whether a section is made once.
        reload_pattern: What the class names match whose modules are imported anew; all when not given.

    Example:
        >>> from zensols_like.config import DictionaryConfig
        >>> factory = ImportConfigFactory(DictionaryConfig({
        ...     "third": {"class_name": "fractions.Fraction", "numerator": 1, "denominator": 3},
        ...     "share": {"of": "instance: third"},
        ... }))
        >>> factory("share").of
        Fraction(1, 3)
        >>> factory("third", denominator=4), factory("third") is factory("third")
        (Fraction(1, 4), True)
    """

    def __init__(
        self,
        config: Configurable,
        reload: bool = False,
        shared: bool = True,
        reload_pattern: str | re.Pattern[str] | None = None,
    ) -> None:
        super().__init__(config)
        self.reload = reload
        self.shared = shared
        self.reload_pattern = reload_pattern
        self._start()

    def _start(self) -> None:
        self._instances: dict[str, Any] = {}
        self._making: tuple[str, ...] = ()
        self._lock = threading.RLock()
        self._serializer = Serializer(self._directives())

    # asking

    def instance(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """The object of a section; see :class:`ConfigFactory`.

        Raises:
            FactoryError: The object cannot be made.
            ConfigurableError: The section is not there, or a value of it is wrong.
        """
        if args or kwargs or not self.shared:
            return self.new_instance(name, *args, **kwargs)
        with self._lock:
            if name not in self._instances:
                self._instances[name] = self.new_instance(name)
            return self._instances[name]

    def new_instance(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """A new object of a section, which nobody else gets."""
        with self._lock, self._entered(name):
            return self._make(name, args, kwargs)

    def new_deep_instance(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """A new object of a section, where the objects that it refers to are new too."""
        factory = self.clone()
        factory._making = self._making  # noqa: SLF001 - a circle through both is one too
        return factory.new_instance(name, *args, **kwargs)

    def get_class(self, name: str) -> type[Any]:
        """The class of a section's object; :class:`.Settings` when it names none."""
        self._require_section(name)
        if not self.config.has_option(_CLASS_NAME, name):
            return Settings
        class_name = self.config.get_option(_CLASS_NAME, name)
        where = self.config.where(name, _CLASS_NAME)
        found = import_class(class_name, where)
        if self.reload and (self.reload_pattern is None or re.match(self.reload_pattern, class_name)):
            importlib.reload(sys.modules[found.__module__])
            found = import_class(f"{found.__module__}.{found.__qualname__}", where)
        return found

    def from_config_string(self, text: str) -> Any:
        """The value of a text written as that of an option, such as ``instance: section``."""
        return self._serializer.parse_object(text, repr(text))

    # forgetting

    def clear_instance(self, name: str) -> Any:
        """Forget the object of a section, so that it is made anew; returns it, or None when there was none."""
        return self._instances.pop(name, None)

    def clear(self) -> None:
        """Forget all objects."""
        self._instances.clear()

    def deallocate(self) -> None:
        """Let all objects go of what they hold, and forget them."""
        for made in self._instances.values():
            if isinstance(made, Deallocatable):
                made.deallocate()
        self.clear()

    def clone(self) -> Self:
        """A factory with the same configuration that has made nothing yet."""
        return copy(self)

    def __getstate__(self) -> dict[str, Any]:
        # what was made stays here: another process makes its own
        return {name: self.__dict__[name] for name in ("config", "reload", "shared", "reload_pattern")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    # making

    @contextmanager
    def _entered(self, name: str, where: str | None = None) -> Iterator[None]:
        outer = self._making
        if name in outer:
            circle = " -> ".join((*outer[outer.index(name) :], name))
            raise FactoryError(
                f"Sections refer to each other in a circle: {circle}.",
                where or self.config.where(name),
                "take one of these references away",
            )
        self._making = (*outer, name)
        try:
            yield
        finally:
            self._making = outer

    def _make(self, section: str, args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
        self._require_section(section)
        return self._build(self.get_class(section), section, args, given)

    def _build(
        self, found: type[Any], section: str, args: tuple[Any, ...] = (), given: Mapping[str, Any] | None = None
    ) -> Any:
        given = given or {}
        texts = self.config.get_options(section)
        texts.pop(_CLASS_NAME, None)
        if found is Settings:
            return Settings(self._values(section, texts, given))
        constructor = Constructor.of(found)
        constructor.require_known((*texts, *given), lambda name: self.config.where(section, name))
        by_position = constructor.positional(len(args))
        by_name = [name for name in constructor.names if name not in by_position]
        own = {name: text for name, text in texts.items() if name not in by_position and name not in given}
        constructor.require_directives(own, self.config.sections, lambda name: self.config.where(section, name))
        values = self._values(section, own, given)
        constructor.require_types({name: values[name] for name in own}, lambda name: self.config.where(section, name))
        known = {"name": section, "config": self.config, "config_factory": self}
        values = {name: value for name, value in known.items() if name in by_name} | values
        where = self.config.where(section)
        constructor.require_all(
            [*by_position, *values], where, f"set them in [{section}], one 'name = value' line each"
        )
        note = f"while making [{section}] of {self.config.origin(section)}"
        return call(found, found.__qualname__, args, values, where, note)

    def _values(self, section: str, texts: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the options, and those that were given in their place."""
        options = {name: self._value(section, name, text) for name, text in texts.items() if name not in given}
        return {**options, **given}

    def _value(self, section: str, option: str, text: str) -> Any:
        where = self.config.where(section, option)
        if not self.config.use_interpolation and has_reference(text):
            raise ConfigurableError(
                f"This configuration does not look up references such as that in {text!r}.",
                where,
                "read it with load_config(path), or IniConfig(path, use_interpolation=True)",
            )
        return self._serializer.parse_object(text, where)

    def _option(self, section: str, option: str, where: str | None) -> Any:
        with self._lock, self._entered(f"{section}:{option}", where):
            return self._value(section, option, self.config.get_option(option, section))
