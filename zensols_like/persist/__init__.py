"""Key to value: stashes and where their bytes lie."""

from __future__ import annotations

from zensols_like.persist.atomic import write_atomically
from zensols_like.persist.composite import DirectoryCompositeStash
from zensols_like.persist.container import PersistableContainer, dealloc
from zensols_like.persist.delegate import (
    DelegateStash,
    KeyLimitStash,
    KeySubsetStash,
    ReadOnlyDelegateStash,
    SortedStash,
    UnionStash,
    innermost,
    load_shown,
)
from zensols_like.persist.directory import DirectoryStash
from zensols_like.persist.factory import (
    CacheFactoryStash,
    FactoryStash,
    OneShotFactoryStash,
    PreemptiveStash,
    PrimablePreemptiveStash,
    PrimeableStash,
)
from zensols_like.persist.failure import Failure, ProtectiveStash, failures
from zensols_like.persist.folder import FileFolder, MemoryFolder, StoreFolder
from zensols_like.persist.formats import register
from zensols_like.persist.forms import Form, Formed, FormPart, View
from zensols_like.persist.grouped import GroupedStash
from zensols_like.persist.increment import IncrementKeyDirectoryStash
from zensols_like.persist.keyfile import read_keys, write_keys
from zensols_like.persist.lock import lock_owner
from zensols_like.persist.memory import CacheStash, DictionaryStash, LRUCacheStash
from zensols_like.persist.numbered import NumberedKeys, text_of
from zensols_like.persist.receipt import Receipt, ReceiptColumns, ReceiptRun
from zensols_like.persist.records import RecordStash, RecordStore
from zensols_like.persist.shards import ShardStash
from zensols_like.persist.stash import BulkStash, CloseableStash, NoopStash, ReadOnlyStash, Stash, chunks
from zensols_like.protocols import Deallocatable, Primeable

__all__ = [
    "BulkStash",
    "CacheFactoryStash",
    "CacheStash",
    "CloseableStash",
    "Deallocatable",
    "DelegateStash",
    "DictionaryStash",
    "DirectoryCompositeStash",
    "DirectoryStash",
    "FactoryStash",
    "Failure",
    "FileFolder",
    "Form",
    "FormPart",
    "Formed",
    "GroupedStash",
    "IncrementKeyDirectoryStash",
    "KeyLimitStash",
    "KeySubsetStash",
    "LRUCacheStash",
    "MemoryFolder",
    "NoopStash",
    "NumberedKeys",
    "OneShotFactoryStash",
    "PersistableContainer",
    "PreemptiveStash",
    "PrimablePreemptiveStash",
    "Primeable",
    "PrimeableStash",
    "ProtectiveStash",
    "ReadOnlyDelegateStash",
    "ReadOnlyStash",
    "Receipt",
    "ReceiptColumns",
    "ReceiptRun",
    "RecordStash",
    "RecordStore",
    "ShardStash",
    "SortedStash",
    "Stash",
    "StoreFolder",
    "UnionStash",
    "View",
    "chunks",
    "dealloc",
    "failures",
    "innermost",
    "load_shown",
    "lock_owner",
    "read_keys",
    "register",
    "text_of",
    "write_atomically",
    "write_keys",
]
