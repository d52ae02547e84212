"""An index that is damaged, made again from the records themselves, which say whose they are."""

from __future__ import annotations

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
        for key, receipt in contexts.find_all(group.key):
            position = position_of(key)
            if position is not None and position < batches:
                index.add(Commit(position, number, receipt))  # the last of several is the newest
    return index


def prove_index(found: Index, manifest: Manifest, contexts: ContextStore) -> Index:
    """An index with the checksums of the records, each of which is read; without those that are damaged.

    Args:
        found: What `find_index` gave.
        manifest: What belongs in the store.
        contexts: Where the records lie.
    """
    index = Index.empty(*found.file.shape)
    for number, group in enumerate(manifest.groups):
        for position in range(found.file.shape[1]):
            receipt = found.receipt(number, position)
            if receipt is not None:
                try:
                    proven = contexts.prove(str(position), group.key, receipt)
                    part = contexts.get_part(str(position), group.key, proven)
                except (CorruptBatch, PersistableError):
                    continue
                index.add(Commit(position, number, proven, is_unlabeled(part)))
    return index
