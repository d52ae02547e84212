"""What a manifest says of a store that is to be made: groups, attributes, where it comes from; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch

from zensols_like.batch.codec import BatchCodec, BoundField
from zensols_like.batch.contexts import ContextStore
from zensols_like.batch.fingerprint import describe_splits, find_digested, fingerprint_group
from zensols_like.batch.interface import Contexts
from zensols_like.batch.manifest import AttributeSpec, Group, Manifest
from zensols_like.batch.plan import Plan
from zensols_like.batch.provenance import begin_provenance
from zensols_like.batch.reader import ContextReader
from zensols_like.batch.store import BatchStore
from zensols_like.dataset import SplitKeyContainer
from zensols_like.errors import APIError, BatchError, EncodeError
from zensols_like.vectorize import canonical

__all__ = [
    "are_split_otherwise",
    "decode_stored",
    "describe_attributes",
    "describe_batches",
    "describe_groups",
    "describe_source",
    "describe_store",
    "has_changed",
]

_SPLITS = "splits"
"""The name of the digest of the splits, beside those of the levels."""
_UNDECODABLE = (
    "mend how the vectorizer decodes, then encode again; where it encoded something wrong, mend that, give its class "
    "another version, and clear the store or set stale = rebuild"
)
"""What to do where a batch does not decode."""
_LEVELS: tuple[Literal["stat", "content"], ...] = ("stat", "content")
"""Cheap before exact."""


def describe_groups(codec: BatchCodec, contexts: ContextStore, common: Mapping[str, Any]) -> tuple[Group, ...]:
    """The groups of attributes and what makes them.

    Args:
        codec: The mapping and the vectorizers.
        contexts: Where the groups lie.
        common: What makes the batches of all groups, see `describe_batches`.

    Raises:
        PersistableError: An attribute belongs to no group.
        VectorizerError: A vectorizer cannot say what its parameters are.
    """
    return tuple(
        Group(contexts.group_key(group), group, fingerprint_group(codec, group, common))
        for group in contexts.grouping(codec.fields)
    )


def describe_batches(
    source: Any, classes: Mapping[str, type[Any]], batch_size: int, limit: int | None, storage: str
) -> dict[str, Any]:
    """What makes the batches of all groups.

    Args:
        source: The source and its splits.
        classes: The classes whose code makes the values, each with a ``version``.
        batch_size: The number of data points of a batch.
        limit: The number of batches of a split, if it is limited.
        storage: How contexts become bytes.
    """
    versions = {kind: {"class": canonical(cls), "version": cls.version} for kind, cls in classes.items()}
    return {
        "format": storage,
        "batch_size": batch_size,
        "batch_limit": limit,
        "splits": describe_splits(source),
        **versions,
    }


def describe_source(source: Any) -> dict[str, str]:
    """The digests of a source by level, that of a glance empty where it tells nothing, and of its splits.

    None are there of what has no digest.
    """
    digested, splits = find_digested(source), _digest_splits(source)
    digests: dict[str, str] = {}
    if digested is not None:
        digests |= {level: digested.source_digest(level) for level in _LEVELS}
    return digests if splits is None else {**digests, _SPLITS: splits}


def are_split_otherwise(source: Any, digests: Mapping[str, str]) -> bool:
    """Whether it is known that a source has other keys in its splits than it had."""
    try:
        return _SPLITS in digests and _digest_splits(source) not in (None, digests[_SPLITS])
    except (OSError, APIError):
        return False  # as when the source is not there


def _digest_splits(source: Any) -> str | None:
    return source.split_digest() if isinstance(source, SplitKeyContainer) else None


def has_changed(source: Any, digests: Mapping[str, str]) -> bool:
    """Whether a source is there and is not what it was; a glance is enough where it shows no change."""
    digested = find_digested(source)
    if digested is None or not digests.keys() >= set(_LEVELS):
        return False
    try:
        return all(digested.source_digest(level) != digests[level] or not digests[level] for level in _LEVELS)
    except (OSError, APIError):
        return False  # it is not there, and not needed either


def describe_store(
    codec: BatchCodec,
    contexts: ContextStore,
    groups: tuple[Group, ...],
    plan: Plan,
    seed: Mapping[str, Any] | None,
    source: Mapping[str, str],
) -> Manifest:
    """The manifest of a store that holds nothing yet."""
    return Manifest(
        container=contexts.container,
        groups=groups,
        plan={"digest": plan.digest, "batches": len(plan), "data_points": plan.size},
        splits={
            split: {"batches": len(plan.range_of(split)), "data_points": plan.data_points_of(split)}
            for split in plan.splits
        },
        label=codec.mapping.label_attribute_name,
        seed_context=None if seed is None else {"seed": seed["seed"]},
        source=source,
        specs={name: _describe(bound) for name, bound in codec.fields.items()},
        provenance=begin_provenance(seed),
    )


def describe_attributes(codec: BatchCodec, store: BatchStore, contexts: ContextStore) -> dict[str, AttributeSpec]:
    """What the tensors look like, by the first batch of each split that has them.

    Raises:
        EncodeError: Such a batch does not decode.
    """
    specs: dict[str, AttributeSpec] = {}
    for split in store.plan.splits:
        todo = frozenset(codec.fields).difference(specs)
        for position in store.plan.range_of(split)[:1] if todo else ():
            tensors = decode_stored(codec, position, ContextReader(store, contexts, todo, once=True).read(position))
            specs |= {name: _describe(codec.fields[name], arr) for name, arr in tensors.items() if arr is not None}
    return {name: specs.get(name, _describe(bound)) for name, bound in codec.fields.items()}


def decode_stored(codec: BatchCodec, position: int, contexts: Contexts) -> dict[str, torch.Tensor | None]:
    """The tensors of a batch that was stored just now.

    Raises:
        EncodeError: It does not decode, so that it is of no use.
    """
    try:
        return codec.decode(contexts)
    except BatchError as error:
        raise EncodeError(
            f"Batch {str(position)!r} was encoded, but does not decode. {error.what}",
            error.where,
            "; ".join(filter(None, [error.fix, _UNDECODABLE])),
        ) from error.__cause__ or error


def _describe(bound: BoundField, tensor: torch.Tensor | None = None) -> AttributeSpec:
    """An attribute, by one of its tensors."""
    dtype: str | None = None
    shape: tuple[int, ...] | None = None
    if tensor is not None:
        dtype = str(tensor.dtype).removeprefix("torch.")
        declared = tuple(bound.vectorizer.shape)
        if len(declared) != tensor.dim():
            declared = tuple(tensor.shape)
        rest = zip(declared[1:], tensor.shape[1:], strict=True)
        shape = (-1, *(actual if size == actual else -1 for size, actual in rest)) if tensor.dim() > 0 else ()
    return AttributeSpec(
        bound.field.feature_id,
        canonical(type(bound.vectorizer)),
        bound.manager_name,
        bound.is_label,
        dtype,
        shape,
    )
