"""YAML as plain data."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

__all__ = ["PlainLoader", "read_yaml"]


def read_yaml(text: str) -> Any:
    """What a YAML text says.

    Raises:
        ValueError: It is no YAML, or has other things than plain data.

    Example:
        >>> read_yaml("a: [1, 1e3, 010, yes, 2020-01-01, true, ~]")
        {'a': [1, 1000.0, 10, 'yes', '2020-01-01', True, None]}
    """
    try:
        return yaml.load(text, PlainLoader)  # noqa: S506 - a safe loader with fewer types
    except (yaml.YAMLError, RecursionError) as error:
        colon = "mapping values are not allowed" in str(error)
        quote = "; a value with ': ' in it is put in quotes, as 'instance: section'" if colon else ""
        raise ValueError(f"{error}{quote}") from error


class PlainLoader(yaml.SafeLoader):
    """Plain data only, where no mapping has a key twice."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - as in the base class, which has more of them

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A dictionary."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is there twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_number(self, node: yaml.ScalarNode) -> Any:
        """A whole or a decimal number."""
        return float(node.value) if set(".eE") & set(node.value) else int(node.value)

    def construct_literal(self, node: yaml.ScalarNode) -> Any:
        """A truth value or None."""
        return {"t": True, "f": False}.get(node.value[:1].lower())


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|None|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("number", r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
):
    PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)
PlainLoader.add_constructor("tag:yaml.org,2002:null", PlainLoader.construct_literal)
PlainLoader.add_constructor("tag:yaml.org,2002:bool", PlainLoader.construct_literal)
PlainLoader.add_constructor("tag:yaml.org,2002:number", PlainLoader.construct_number)
