"""What made the bytes of a group of attributes, so that a store can say that it is stale, and why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, MethodType
from typing import Any, Literal, Protocol, runtime_checkable

from zensols_like.batch.codec import BatchCodec
from zensols_like.config import without_secrets
from zensols_like.dataset import SplitKeyContainer
from zensols_like.persist import DelegateStash, Stash, UnionStash
from zensols_like.source.digest import digest_parts
from zensols_like.vectorize.fingerprint import canonical, qualified_name

__all__ = ["Difference", "DigestedSource", "Fingerprint", "describe_splits", "find_digested", "fingerprint_group"]

FORMAT_VERSION = 1
"""Of the records and of what stands beside them; another one makes a store stale."""
_FUNCTIONS = (FunctionType, BuiltinFunctionType, MethodType, MethodDescriptorType)
_FORMER = frozenset(("database", "label_col", "maxsize", "memory_bytes", "stratified_write", "trusted", "verify"))
"""Options that change no value, and that the first stores of version 1 hold nevertheless."""
_LONG = 1000
"""Letters of a parameter that a manifest still holds as it is."""


@dataclass(frozen=True)
class Difference:
    """A field that is not what it was."""

    field: str
    old: Any
    new: Any

    def __str__(self) -> str:
        old, new = (json.dumps(value, ensure_ascii=False) for value in (self.old, self.new))
        return f"{self.field}: {old} -> {new}"


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """The fields that determine the bytes of a group, as plain JSON values."""

    fields: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """A digest of all fields."""
        text = json.dumps(self.fields, sort_keys=True, ensure_ascii=True, allow_nan=False)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fingerprint) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @classmethod
    def of_all(cls, groups: Iterable[Fingerprint]) -> Fingerprint:
        """That of all attributes of some groups, which have the rest in common."""
        attributes: dict[str, Any] = {}
        common: dict[str, Any] = {}
        for group in groups:
            attributes |= group.fields["attributes"]
            common |= group.fields
        return cls({**common, "attributes": attributes})

    @property
    def attributes(self) -> frozenset[str]:
        """The names of the attributes."""
        return frozenset(self.fields["attributes"])

    def only(self, names: Collection[str]) -> Fingerprint:
        """The same of some attributes."""
        some = {name: made for name, made in self.fields["attributes"].items() if name in names}
        return Fingerprint({**self.fields, "attributes": some})

    def differences(self, new: Fingerprint) -> list[Difference]:
        """What differs in another one, field by field, with dotted names."""
        before, after = dict(_flat("", self.fields)), dict(_flat("", new.fields))
        return [
            Difference(name, before.get(name), after.get(name))
            for name in sorted({*before, *after})
            if _text(before.get(name)) != _text(after.get(name))  # 1, 1.0 and true are equal in Python
            and not _is_former(name, after)
        ]


def fingerprint_group(codec: BatchCodec, group: Iterable[str], common: Mapping[str, Any]) -> Fingerprint:
    """The fingerprint of a group of attributes.

    Args:
        codec: The mapping and the vectorizers.
        group: The attributes of the group.
        common: What makes the batches of all groups: sizes, classes, splits; plain values.

    Raises:
        VectorizerError: A vectorizer cannot say what its parameters are.
    """
    attributes: dict[str, Any] = {}
    for name in group:
        bound = codec.fields[name]
        attributes[name] = {
            "accessor": bound.field.attribute_accessor,
            "feature_id": bound.field.feature_id,
            "is_agg": bound.field.is_agg,
            "is_label": bound.is_label,
            "vectorizer": bound.vectorizer.fingerprint(),
        }
    made_of = {"format_version": FORMAT_VERSION, **common, "attributes": attributes}
    # through JSON and back, so that what is compared is what a manifest holds
    plain: dict[str, Any] = json.loads(json.dumps(made_of, sort_keys=True))
    return Fingerprint(without_secrets(plain))


@runtime_checkable
class DigestedSource(Protocol):
    """A source that can say whether it is still the same."""

    def source_digest(self, level: Literal["stat", "keys", "content"]) -> str:
        """A digest of what a glance shows (sizes and times; empty where it tells nothing), of the keys, or of all."""


@dataclass(frozen=True)
class _United:
    """Several sources as one."""

    sources: Sequence[DigestedSource]

    def source_digest(self, level: Literal["stat", "keys", "content"]) -> str:
        """A digest of theirs; empty where one of them tells nothing."""
        digests = [source.source_digest(level) for source in self.sources]
        return digest_parts(digests) if all(digests) else ""


def find_digested(source: Any) -> DigestedSource | None:
    """The source itself or what it stands in front of, if that can say whether it is still the same."""
    while not isinstance(source, DigestedSource):
        if isinstance(source, UnionStash):
            found = [one for one in map(find_digested, source.stashes) if one is not None]
            return _United(found) if found else None
        if not isinstance(source, DelegateStash):
            return None
        source = source.delegate
    return source


def describe_splits(source: Any) -> dict[str, Any]:
    """How a source is made, split and ordered, by the parameters of what it is made of: plain values and functions.

    Places and names are left out, and so is the data itself, which has a digest of its own.
    """
    described: dict[str, Any] = {}
    if isinstance(source, SplitKeyContainer):
        described["class"] = canonical(type(source))
    if not is_dataclass(source):
        return described
    for one in fields(source):
        if one.init and not one.name.startswith("_") and one.metadata.get("fingerprint", True) and one.name != "name":
            described |= _described(one.name, getattr(source, one.name), one.default)
    return described


def _described(name: str, value: Any, default: Any) -> dict[str, Any]:
    """An option by its name; nothing for a place, for what cannot be described, or for a function that is the default.

    A function is known by its name, as a class is.
    """
    if isinstance(value, Stash | SplitKeyContainer):
        return {name: describe_splits(value)}
    if isinstance(value, list | tuple) and any(isinstance(part, Stash) for part in value):
        return {name: [describe_splits(part) for part in value]}
    if isinstance(value, _FUNCTIONS):
        return {} if value is default else {name: qualified_name(value)}
    if isinstance(value, PurePath):
        return {}
    try:
        plain = canonical(value)
    except TypeError:
        return {}
    text = json.dumps(plain, sort_keys=True)
    if len(text) > _LONG:
        plain = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return {name: plain}


def _is_former(name: str, fields: Mapping[str, Any]) -> bool:
    """Whether a field is an option of a source that is not described any more."""
    first, _, option = name.rpartition(".")
    return first.startswith("splits") and option in _FORMER and name not in fields


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings with dotted names."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else name, inner)
    else:
        yield prefix, value
