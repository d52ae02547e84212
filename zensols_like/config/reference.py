"""The directives that stand for what other sections describe."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

from zensols_like.config.constructor import Constructor, call
from zensols_like.config.dictable import Dictable
from zensols_like.config.directive import Directive, Handler
from zensols_like.config.hint import hint
from zensols_like.config.importer import import_class
from zensols_like.config.interface import ConfigFactory
from zensols_like.config.values import Serializer
from zensols_like.errors import APIError, FactoryError

__all__ = ["ReferringFactory"]

_SEVERAL = re.compile(r"(?:list|tuple|json)\s*:")


class ReferringFactory(ConfigFactory):
    """A factory for sections that refer to each other.

    ::

        text                                           value
        instance: other                                the object of section [other]
        instance({'param': {'size': 3}}): other        a new one, made with this argument
        instance({'share': 'evict'}): other            a new one
        instance({'share': 'deep'}): other             a new one, where what it refers to is new too
        instance: list: one, other                     their objects in a list; also tuple:
        instance: json: {"a": "one", "b": "other"}     their objects in a dictionary
        alias: other:size                              the value of an option of [other]
        asdict: other                                  the attributes of the object of [other] in a dictionary
        call({'param': {'method': 'm'}}): other        what the method m of the object of [other] gives
        call({'param': {'method': 'm', 'a': 1}}): …    the same, called with a = 1
        call({'param': {'attribute': 'size'}}): other  the attribute size of the object of [other]
        object: package.Class                          a new object that no section describes
        object({'param': {'size': 3}}): package.Class  the same, made with this argument
        dataclass(package.Class): other                a new object of the dataclass, with the options of [other]
    """

    _serializer: Serializer

    @abstractmethod
    def _build(self, found: type[Any], section: str) -> Any:
        """A new object of a class, with the options of a section as its arguments."""

    @abstractmethod
    def _option(self, section: str, option: str, where: str | None) -> Any:
        """The value of an option that is there."""

    def _directives(self) -> dict[str, Handler]:
        handlers: dict[str, Handler] = {
            "alias": self._alias,
            "asdict": self._asdict,
            "call": self._call,
            "dataclass": self._dataclass,
            "instance": self._instance,
            "object": self._object,
        }
        return {name: partial(_noted, handler) for name, handler in handlers.items()}

    def _instance(self, given: Directive) -> Any:
        share = str(given.options("param", "share").get("share", "default"))
        makers = {"default": self.instance, "evict": self.new_instance, "deep": self.new_deep_instance}
        if share not in makers:
            raise given.error(f"has no way {share!r} to share", hint(share, makers, "ways"))
        parameters = _parameters(given, "share")

        def make(names: Any) -> Any:
            if isinstance(names, list | tuple):
                return type(names)(make(name) for name in names)
            if isinstance(names, dict):
                return {key: make(name) for key, name in names.items()}
            self._require_section(str(names), given.where)
            return makers[share](str(names), **parameters)

        several = _SEVERAL.match(given.text)
        return make(self._serializer.parse_object(given.text, given.where) if several else given.text)

    def _alias(self, given: Directive) -> Any:
        section, colon, option = (part.strip() for part in given.text.partition(":"))
        if not (section and colon and option):
            raise given.error(f"names no option: {given.text}", "write alias: section:option")
        self._require_section(section, given.where)
        if not self.config.has_option(option, section):
            known = self.config.get_options(section)
            raise given.error(f"names no option of [{section}]: {option}", hint(option, known, "options"))
        return self._option(section, option, given.where)

    def _asdict(self, given: Directive) -> dict[str, Any]:
        made = self._object_of(given)
        if isinstance(made, Dictable):
            return made.asdict(recurse=False)
        if is_dataclass(made) and not isinstance(made, type):
            return {field.name: getattr(made, field.name) for field in fields(made)}
        raise given.error(
            f"cannot take a {type(made).__name__} apart", "name a section without class_name, or of a dataclass"
        )

    def _call(self, given: Directive) -> Any:
        parameters = _parameters(given)
        wanted = [name for name in ("method", "attribute") if name in parameters]
        if len(wanted) != 1:
            raise given.error("names no method or attribute", "write call({'param': {'method': 'name'}}): section")
        name = str(parameters.pop(wanted[0]))
        made = self._object_of(given)
        what = f"{type(made).__name__}.{name}"
        try:
            found = getattr(made, name)
        except AttributeError as error:
            public = [known for known in dir(made) if not known.startswith("_")]
            raise given.error(f"finds no {what}", hint(name, public, "attributes")) from error
        if wanted == ["method"]:
            return call(found, what, (), parameters, given.where, f"while calling {what} for {given.where}")
        if parameters:
            raise given.error(f"takes no {sorted(parameters)} with an attribute", "leave them out, or name a method")
        return found

    def _object(self, given: Directive) -> Any:
        found, parameters = import_class(given.text, given.where), _parameters(given)
        constructor = Constructor.of(found)
        constructor.require_known(parameters, lambda _: given.where)
        constructor.require_all(parameters, given.where, "write object({'param': {'name': value}}): package.Class")
        return call(found, found.__qualname__, (), parameters, given.where, f"while making {given.text}")

    def _dataclass(self, given: Directive) -> Any:
        if not isinstance(given.parameters, str):
            raise given.error("names no class", "write dataclass(package.Class): section")
        found = import_class(given.parameters, given.where)
        if not is_dataclass(found):
            raise given.error(f"names {given.parameters}, which is no dataclass", "use 'instance:' and class_name")
        self._require_section(given.text, given.where)
        return self._build(found, given.text)

    def _object_of(self, given: Directive) -> Any:
        self._require_section(given.text, given.where)
        return self.instance(given.text)

    def _require_section(self, section: str, where: str | None = None) -> None:
        if section not in self.config.sections:
            raise FactoryError(
                f"There is no section [{section}].",
                where or self.config.source,
                hint(section, self.config.sections, "sections"),
            )


def _noted(handler: Handler, given: Directive) -> Any:
    """What the directive stands for; errors of what it refers to say who needed it."""
    try:
        return handler(given)
    except APIError as error:
        if error.where != given.where:
            error.add_note(f"needed by {given.where}")
        raise


def _parameters(given: Directive, *others: str) -> dict[str, Any]:
    """The arguments in ``param``, in a directive that has other parameters too."""
    parameters = given.options("param", *others).get("param", {})
    if not isinstance(parameters, dict) or not all(isinstance(name, str) for name in parameters):
        raise given.error(f"has parameters {parameters!r}", "write {'param': {'name': value}}")
    return dict(parameters)
