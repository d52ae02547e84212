"""What a loader knows of the batches of a split."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Protocol

from zensols_like.batch.codec import BatchCodec
from zensols_like.batch.domain import Batch
from zensols_like.batch.split import BatchIDs
from zensols_like.batch.store import BatchStore
from zensols_like.errors import BatchError, DatasetError
from zensols_like.loader import BatchSource
from zensols_like.torchconfig import TorchConfig

__all__ = ["BatchFeeder", "source_of"]


class BatchFeeder(Protocol):
    """All that is asked of the stash whose batches are fed to a loop."""

    name: str
    batch_size: int
    model_torch_config: TorchConfig

    @property
    def store(self) -> BatchStore:
        """The books."""

    @property
    def codec(self) -> BatchCodec:
        """Knows the vectorizers."""

    def ids_of(self, split_name: str) -> BatchIDs:
        """The IDs of the batches of a split."""

    def load_many(self, keys: Iterable[str]) -> Iterable[tuple[str, Batch]]:
        """Batches with their IDs, in the order of these."""

    def attach(self, batch: Batch) -> Batch:
        """Tie a batch that was pickled to the stash."""

    def size_bytes(self, batch_id: str) -> int:
        """The bytes that loading a batch reads."""


def load_all(stash: BatchFeeder, keys: Iterable[str]) -> Iterator[Batch]:
    """Batches in the order of their IDs.

    Raises:
        BatchError: The stash gives another one.
    """
    return map(_required, keys, stash.load_many(keys))


def _required(wanted: str, given: tuple[str, Batch]) -> Batch:
    name, batch = given
    if name != wanted:
        raise BatchError(
            f"Batch {name!r} was given where {wanted!r} was asked for.",
            "load_many of the stash",
            "let it give one for each key, in their order",
        )
    return batch


def source_of(stash: BatchFeeder, split: str) -> BatchSource[Batch]:
    """All that a loader knows of a split.

    Raises:
        DatasetError: There is no such split.
    """
    plan, manifest = stash.store.plan, stash.store.require_manifest()
    if split not in plan.splits:
        raise DatasetError(f"There is no split {split!r}.", f"[{stash.name}]", f"use one of {list(plan.splits)}")
    positions = plan.range_of(split)
    identity = json.dumps([split, plan.digest, [group.fingerprint.digest for group in manifest.groups]])
    return BatchSource(
        name=f"{split} of {stash.name}",
        digest=hashlib.blake2b(identity.encode(), digest_size=16).hexdigest(),
        ids=stash.ids_of(split),
        load_many=partial(load_all, stash),
        holding=Batch.holding,
        attach=stash.attach,
        device=stash.model_torch_config.device,
        batch_size=stash.batch_size,
        is_last_short=len(positions) > 0 and plan.batch_size(positions[-1]) < stash.batch_size,
        size_bytes=stash.size_bytes,
        wide_data_types=stash.codec.wide_data_types,
    )
