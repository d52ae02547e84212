"""What made the bytes of a group of attributes, so that a store can say that it is stale, and why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from zensols_like.batch.codec import BatchCodec

__all__ = ["Difference", "Fingerprint", "fingerprint_group"]

FORMAT_VERSION = 1
"""Of the records and of what stands beside them; another one makes a store stale."""


@dataclass(frozen=True)
class Difference:
    """A field that is not what it was."""

    field: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.field}: {json.dumps(self.old)} -> {json.dumps(self.new)}"


@dataclass(frozen=True)
class Fingerprint:
    """The fields that determine the bytes of a group, as plain JSON values."""

    fields: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """A digest of all fields."""
        text = json.dumps(self.fields, sort_keys=True, ensure_ascii=True, allow_nan=False)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def differences(self, new: Fingerprint) -> list[Difference]:
        """What differs in another one, field by field, with dotted names."""
        before, after = dict(_flat("", self.fields)), dict(_flat("", new.fields))
        return [
            Difference(name, before.get(name), after.get(name))
            for name in sorted({*before, *after})
            if before.get(name) != after.get(name)
        ]


def fingerprint_group(
    codec: BatchCodec, group: Iterable[str], classes: Mapping[str, Any], batch_size: int, batch_limit: int | None
) -> Fingerprint:
    """The fingerprint of a group of attributes.

    Args:
        codec: The mapping and the vectorizers.
        group: The attributes of the group.
        classes: The names and versions of the classes whose code makes the values.
        batch_size: The number of data points of a batch.
        batch_limit: The number of batches of a split, if it is limited.

    Raises:
        VectorizerError: A vectorizer cannot say what its parameters are.
    """
    fields: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "batch_size": batch_size,
        "batch_limit": batch_limit,
        **classes,
    }
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
    fields["attributes"] = attributes
    # through JSON and back, so that what is compared is what a manifest holds
    plain: dict[str, Any] = json.loads(json.dumps(fields, sort_keys=True))
    return Fingerprint(plain)


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings with dotted names."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else name, inner)
    else:
        yield prefix, value
