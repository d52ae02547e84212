"""Key to value: stashes and where their bytes lie."""

from __future__ import annotations

from zensols_like.persist.composite import DirectoryCompositeStash, GroupedStash
from zensols_like.persist.delegate import DelegateStash, ReadOnlyDelegateStash
from zensols_like.persist.directory import DirectoryStash
from zensols_like.persist.formats import register
from zensols_like.persist.records import FileFolder, MemoryFolder, Receipt, RecordStash, RecordStore, StoreFolder
from zensols_like.persist.stash import CloseableStash, NoopStash, ReadOnlyStash, Stash, chunks

__all__ = [
    "CloseableStash",
    "DelegateStash",
    "DirectoryCompositeStash",
    "DirectoryStash",
    "FileFolder",
    "GroupedStash",
    "MemoryFolder",
    "NoopStash",
    "ReadOnlyDelegateStash",
    "ReadOnlyStash",
    "Receipt",
    "RecordStash",
    "RecordStore",
    "Stash",
    "StoreFolder",
    "chunks",
    "register",
]
