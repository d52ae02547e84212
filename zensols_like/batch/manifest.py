"""What belongs in a store, what made it, and whether all of it is there; readable without any class of a user."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from zensols_like.batch.fingerprint import Fingerprint
from zensols_like.books import KIND, VERSION, Status, checksum_of
from zensols_like.errors import CorruptBatch

__all__ = ["CLEAR", "AttributeSpec", "Group", "Manifest", "Status", "freshen_with", "repair_with"]

CLEAR = "clear the store: zensols-like clear -c FILE; in Python: stash.clear()"
"""What to do about a store in which nothing is to be kept."""
_REDRAW = (
    "clear the store with its split keys, and encode again: zensols-like clear --all -c FILE; in Python: "
    "stash.clear_all()"
)
_RENEW = "encode again, which renews it: zensols-like encode -c FILE; in Python: stash.prime()"

_REPAIRED = 10
"""Batches that a call names."""
_NAMED = 5
"""Attributes that a line names, and groups."""


@dataclass(frozen=True)
class Group:
    """Attributes that lie together, and what made them."""

    key: str
    """The name of the group in the records."""
    attributes: tuple[str, ...]
    fingerprint: Fingerprint


@dataclass(frozen=True)
class AttributeSpec:
    """What the tensor of an attribute looks like."""

    feature_id: str
    vectorizer: str
    manager: str
    is_label: bool
    dtype: str | None = None
    """``None`` for labels that are missing."""
    shape: tuple[int, ...] | None = None
    """-1 for a dimension that changes from batch to batch."""


@dataclass(frozen=True)
class Manifest:
    """What belongs in a store and what made it.

    The plan and the index of what is committed lie beside it; see `BatchStore`.
    """

    container: str
    groups: tuple[Group, ...]
    plan: Mapping[str, Any]
    """Digest and counts of the plan."""
    splits: Mapping[str, Mapping[str, int]]
    """Batches and data points of each split."""
    label: str | None
    seed_context: Mapping[str, Any] | None
    """The random seed of the run that made the plan."""
    source: Mapping[str, str] = field(default_factory=dict)
    """Digests of the source, by level, and of its splits."""
    specs: Mapping[str, AttributeSpec] = field(default_factory=dict)
    """What the tensors look like; known when the store is complete."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    is_complete: bool = False
    generation: int = 0
    """How often the store was begun again over what was there."""
    index: Mapping[str, Any] = field(default_factory=dict)
    """Digest of the index; known when the store is complete."""

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The attributes that are labels."""
        return tuple(name for name, spec in self.specs.items() if spec.is_label)

    @property
    def edition(self) -> tuple[int, Any]:
        """What is another one whenever the store was begun again, or cleared and begun anew."""
        return self.generation, self.provenance.get("run")

    def differences(self, wanted: Sequence[Group]) -> list[str]:
        """What differs from the groups that are wanted, a line for each field."""
        old, new = (Fingerprint.of_all(group.fingerprint for group in some) for some in (self.groups, wanted))
        both = old.attributes & new.attributes
        lines = [str(difference) for difference in old.only(both).differences(new.only(both))]
        for what, names in (("gone", old.attributes - both), ("new", new.attributes - both)):
            if names:
                lines.append(f"attributes that are {what}: {_some(sorted(names))}")
        before, after = ({both.intersection(group.attributes) for group in some} for some in (self.groups, wanted))
        if before | {frozenset()} != after | {frozenset()}:
            lines.append(f"groups: {_groups_text(before - after)} -> {_groups_text(after - before)}")
        return sorted(lines)

    def to_json(self) -> bytes:
        """The manifest as text."""
        value = {
            "kind": KIND,
            "version": VERSION,
            "status": (Status.COMPLETE if self.is_complete else Status.PARTIAL).value,
            "container": self.container,
            "label": self.label,
            "groups": [
                {"key": group.key, "attributes": list(group.attributes), "fingerprint": dict(group.fingerprint.fields)}
                for group in self.groups
            ],
            "splits": {name: dict(counts) for name, counts in self.splits.items()},
            "attributes": {name: vars(spec) for name, spec in self.specs.items()},
            "plan": dict(self.plan),
            "index": dict(self.index),
            "seed_context": self.seed_context,
            "source": dict(self.source),
            "parents": [],
            "generation": self.generation,
            "provenance": dict(self.provenance),
        }
        return json.dumps({**value, "checksum": checksum_of(value)}, indent=2).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes, where: str) -> Manifest:
        """Read a manifest.

        Raises:
            CorruptBatch: It is damaged, or was written by a newer release.
        """
        try:
            value = json.loads(data)
            if value["kind"] != KIND or value["version"] != VERSION:
                raise CorruptBatch(
                    f"This is no manifest that this release reads: {value['kind']!r}, version {value['version']!r}.",
                    where,
                    "use the release that wrote it, or clear the store and encode again",
                )
            if value["checksum"] != checksum_of(value):
                raise ValueError("its checksum differs")
            return cls(
                value["container"],
                tuple(
                    Group(group["key"], tuple(group["attributes"]), Fingerprint(group["fingerprint"]))
                    for group in value["groups"]
                ),
                value["plan"],
                value["splits"],
                value["label"],
                value["seed_context"],
                value["source"],
                {
                    name: AttributeSpec(**{**spec, "shape": None if spec["shape"] is None else tuple(spec["shape"])})
                    for name, spec in value["attributes"].items()
                },
                value["provenance"],
                value["status"] == Status.COMPLETE.value,
                value["generation"],
                value["index"],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CorruptBatch(
                f"The manifest is damaged: {type(error).__name__}: {error}.",
                where,
                "restore the file from a copy, or clear the store and encode again",
            ) from error


def _some(names: Sequence[str]) -> str:
    """Names for people; of many a few and how many more there are."""
    rest = len(names) - _NAMED
    return ", ".join(map(repr, names[:_NAMED])) + (f" and {rest} more" if rest > 0 else "")


def _groups_text(groups: Iterable[Collection[str]]) -> str:
    """Groups of attributes for people; of many a few."""
    texts = sorted(f"({_some(sorted(group))})" for group in groups if group)
    rest = len(texts) - _NAMED
    return ", ".join(texts[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def freshen_with(differences: Iterable[str], stale: str) -> str:
    """What to do about a store that is stale.

    Args:
        differences: The lines that say why it is.
        stale: What the stash does with such a store: ``error``, ``rebuild`` or ``ignore``.

    Example:
        >>> freshen_with(["batch_size: 15 -> 10"], "rebuild")
        'take the change back, or encode again, which renews it: zensols-like encode -c FILE; in Python: stash.prime()'
    """
    if any(line.startswith("splits.") for line in differences):  # an encode refuses keys that are kept of others
        return f"take the change back, or {_REDRAW}"
    return (
        f"take the change back, or {_RENEW}"
        if stale == "rebuild"
        else f"take the change back, set stale = rebuild, or {CLEAR}"
    )


def repair_with(names: Sequence[str] = ()) -> str:
    """What to do about damaged batches: the command, and the call for a stash that was made in Python.

    Args:
        names: The IDs of the batches; none where it is the plan or the index that is damaged.

    Example:
        >>> repair_with(["3"])
        "run: zensols-like verify -c FILE --repair; in Python: stash.repair(['3'])"
    """
    some = [*map(repr, names[:_REPAIRED]), *(["…"] if len(names) > _REPAIRED else [])]
    return f"run: zensols-like verify -c FILE --repair; in Python: stash.repair([{', '.join(some)}])"
