"""Everything that is measured, by name; each module is imported only in its own environment."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

__all__ = ["CATALOG", "OURS", "TABLES", "Entry", "Kind"]

Kind: TypeAlias = Literal["limit", "ours", "expert", "peer"]
"""``peer``: a library as its documentation uses it; ``expert``: as its source code allows."""

_AT_HOME = ("raw", "ours", "saved", "plain_table", "ours_table")
_ARRAYS = ("arrays", "ArrayProbe")
_TABLES = ("table_probe", "TableProbe")


@dataclass(frozen=True)
class Entry:
    """A way to keep and read batches."""

    name: str
    kind: Kind
    module: str
    """In `benchmarks.stores`."""
    cls: str
    title: str
    """What tables say."""
    reads: str = ""
    """The entry that writes what this one reads; its own where empty."""
    writers: tuple[int, ...] = (1, 2)
    """The numbers of workers that it can write with."""
    has_files: bool = False
    """Whether it keeps a file for each batch."""
    checks: bool = False
    """Whether it compares checksums itself; others get the same pass added by the benchmark."""
    probe: tuple[str, str] = _ARRAYS
    """Module and class of what measures it."""

    @property
    def writer(self) -> str:
        """The entry that writes."""
        return self.reads or self.name

    @property
    def environment(self) -> str:
        """The section of the pins; empty for what needs no more than torch, which runs where the benchmark runs."""
        return "" if self.module in _AT_HOME else self.module

    def make(self, *arguments: Any) -> Any:
        """The store; imports its library."""
        return getattr(importlib.import_module(f"benchmarks.stores.{self.module}"), self.cls)(*arguments)


def _by_name(entries: Iterable[Entry]) -> Mapping[str, Entry]:
    return {entry.name: entry for entry in entries}


def _directory(name: str, cls: str, title: str, reads: str = "") -> Entry:
    return Entry(name, "ours", "ours", cls, title, reads, has_files=True, checks=True)


CATALOG: Mapping[str, Entry] = _by_name(
    (
        Entry("touch", "limit", "raw", "TouchStore", "touching bytes in memory", "raw"),
        Entry("raw", "limit", "raw", "RawStore", "raw walk of a mapped file", checks=True),
        Entry("tensors", "ours", "ours", "TensorStore", "shards, splits[…].tensors()", "batches", checks=True),
        Entry("batches", "ours", "ours", "BatchStore", "shards, splits[…].values()", checks=True),
        Entry("loader", "ours", "ours", "LoaderStore", "shards, loader(workers=0)", "batches", checks=True),
        Entry("many", "ours", "ours", "ManyShardsStore", "nine shards, splits[…].tensors()", writers=(), checks=True),
        _directory("directory-tensors", "DirectoryTensorStore", "directory, splits[…].tensors()", "directory"),
        _directory("directory", "DirectoryBatchStore", "directory, splits[…].values()"),
        _directory("directory-loader", "DirectoryLoaderStore", "directory, loader(workers=0)", "directory"),
        Entry("tensordict-slices", "expert", "tensordict", "SlicedStore", "tensordict, sliced by hand", "tensordict"),
        Entry("tensordict", "peer", "tensordict", "TensordictStore", "tensordict"),
        Entry("litdata", "peer", "litdata", "LitdataStore", "litdata, an item per batch"),
        Entry("safetensors-one", "expert", "safetensors", "OneFileStore", "safetensors, one file", writers=(1,)),
        Entry(
            "safetensors", "peer", "safetensors", "SafetensorsStore", "safetensors, a file per batch", has_files=True
        ),
        Entry("datasets-arrow", "expert", "datasets", "ArrowStore", "datasets, Arrow buffers by hand", "datasets"),
        Entry("datasets", "peer", "datasets", "DatasetsStore", "datasets, torch format"),
        Entry("torch-mapped", "expert", "saved", "MappedStore", "torch.load(mmap=True)", "torch", has_files=True),
        Entry("torch", "peer", "saved", "SavedStore", "torch.save, a file per batch", has_files=True),
    )
)
"""By name, in the order of the tables."""

TABLES: Mapping[str, Entry] = _by_name(
    (
        Entry("plain", "limit", "plain_table", "PlainStore", "without a library", probe=_TABLES),
        Entry("columns", "ours", "ours_table", "FrameStore", "columns, from_frame", probe=_TABLES),
        Entry("classes", "ours", "ours_table", "ClassesStore", "classes of the tutorial", probe=_TABLES),
        Entry("zensols-tutorial", "peer", "zensols_table", "TutorialStore", "zensols, tutorial", probe=_TABLES),
        Entry("zensols-aggregated", "peer", "zensols_table", "AggregatedStore", "zensols, aggregated", probe=_TABLES),
        Entry("zensols-columns", "peer", "zensols_table", "ColumnsStore", "zensols, columns", probe=_TABLES),
    )
)
"""The same for a table whose rows go through vectorizers."""

OURS = Entry("ours", "ours", "ours", "BatchStore", "shards", probe=("ours_probe", "OursProbe"))
"""What is measured of this library alone."""
