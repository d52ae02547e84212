"""An index that is damaged, made again from the records themselves, which say whose they are."""

from __future__ import annotations

from collections.abc import Iterator

from zensols_like.batch.contexts import ContextStore, is_unlabeled
from zensols_like.batch.index import Commit, Index
from zensols_like.batch.manifest import Manifest
from zensols_like.batch.split import position_of
from zensols_like.errors import CorruptBatch, PersistableError

__all__ = ["find_index", "prove_index"]


def find_index(manifest: Manifest, contexts: ContextStore) -> Index:
    """Where the records of a complete store lie, by their headers.

    Nothing is known of their checksums: each is proven by those in its frame when it is read.

    Args:
        manifest: What belongs in the store.
        contexts: Where the records lie.
    """
    batches = manifest.plan["batches"]
    index = Index.empty(len(manifest.groups), batches)
    for number, group in enumerate(manifest.groups):
        placed = ((position_of(key), receipt) for key, receipt in contexts.find_all(group.key))
        index.add_all(  # of several the last is the newest
            Commit.of(position, number, receipt)
            for position, receipt in placed
            if position is not None and position < batches
        )
    return index


def prove_index(found: Index, manifest: Manifest, contexts: ContextStore) -> Index:
    """An index with the checksums of the records, each of which is read; without those that are damaged.

    Args:
        found: What `find_index` gave.
        manifest: What belongs in the store.
        contexts: Where the records lie.
    """
    index = Index.empty(*found.file.shape)
    index.add_all(_proven(found, manifest, contexts))
    return index


def _proven(found: Index, manifest: Manifest, contexts: ContextStore) -> Iterator[Commit]:
    """What was found and is sound."""
    for number, group in enumerate(manifest.groups):
        for position in range(found.file.shape[1]):
            receipt = found.receipt(number, position)
            if receipt is not None:
                try:
                    proven = contexts.prove(str(position), group.key, receipt)
                    part = contexts.get_part(str(position), group.key, proven)
                except (CorruptBatch, PersistableError):
                    continue
                yield Commit.of(position, number, proven, is_unlabeled(part, manifest.labels))
