"""A value with many parts, in one record for each group of parts, so that loading a few parts reads little."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from zensols_like.errors import CorruptBatch, PersistableError
from zensols_like.persist.directory import DirectoryRecords, DirectoryStash
from zensols_like.persist.grouped import GroupedStash
from zensols_like.persist.names import group_name
from zensols_like.persist.stash import Stash

__all__ = ["DirectoryCompositeStash"]


class _Header(NamedTuple):
    """What the record of an item keeps: the item without its dictionary, and where that one lies."""

    item: Any
    order: list[str]
    is_ordered: bool
    groups: list[list[str]]
    generation: int
    """How often the item was stored before; its parts lie under another key each time."""

    def part_key(self, name: str) -> str:
        escaped = name.replace("\0", "\0\0")
        return escaped if self.generation == 0 else f"{escaped}\0g{self.generation}"


@dataclass
class DirectoryCompositeStash(GroupedStash):
    """Items with a dictionary whose entries lie in one record for each group.

    The record of an item names the records of its parts and is written after them, so that a crash leaves the item as
    it was.  The item is never changed.  How an item was grouped stands in its record, so that what was stored under
    other groups stays readable.

    Args:
        path: The folder; it is made by the first `dump`.
        groups: The groups of names, as ``({'label'}, {'tokens', 'mask'})``; a name is in one group only.
        attribute_name: The attribute of an item that holds the dictionary.
        load_keys: The names to load; all when ``None``.
    """

    attribute_name: str
    """The attribute of an item that holds the dictionary."""
    load_keys: Collection[str] | None = None
    """The names to load; all when ``None``."""
    _items: DirectoryStash = field(init=False, repr=False, compare=False)

    INSTANCE_DIRECTORY_NAME = "inst"
    """The sub-folder of the items without their dictionaries."""
    COMPOSITE_DIRECTORY_NAME = "comp"
    """The sub-folder with a folder for each group."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.load_keys, str):
            raise PersistableError(f"load_keys is the string {self.load_keys!r}.", None, "use a set of names, or None")
        self._files = DirectoryRecords(self.path / self.COMPOSITE_DIRECTORY_NAME)
        self._items = DirectoryStash(
            self.path / self.INSTANCE_DIRECTORY_NAME, format=self.format, trusted=self.trusted, verify=self.verify
        )

    @property
    def records(self) -> DirectoryRecords:
        """The files of the groups."""
        return self._files

    @property
    def container(self) -> str:
        """A file for each key and group."""
        return "composite"

    def selecting(self, parts: Collection[str] | None) -> Stash:
        """A view that loads only these names."""
        view = copy.copy(self)
        view.load_keys = None if parts is None else frozenset(parts)
        return view

    def load(self, name: str) -> Any:
        """The item with the names of `load_keys`; ``None`` when absent.

        Raises:
            CorruptBatch: A part is damaged or gone.
        """
        header = self._header(name)
        if header is None:
            return None
        wanted = set(header.order) if self.load_keys is None else set(self.load_keys) & set(header.order)
        parts: dict[str, Any] = {}
        for group in header.groups:
            if wanted.intersection(group):
                parts.update(self._load_group(name, header.part_key(name), group_name(group)))
        entries = [(key, parts[key]) for key in header.order if key in wanted]
        item = copy.copy(header.item)
        setattr(item, self.attribute_name, OrderedDict(entries) if header.is_ordered else dict(entries))
        return item

    def _header(self, name: str) -> _Header | None:
        stored = self._items.load(name)
        return None if stored is None else _Header(*stored)

    def _load_group(self, name: str, key: str, group: str) -> Mapping[str, Any]:
        receipt = self._files.find(key, group)
        if receipt is None:
            raise CorruptBatch(
                f"The item {name!r} is there, but its group {group!r} is gone.",
                str(self._files.path_of(key, group)),
                "delete the item and store it again",
            )
        part: Mapping[str, Any] = self.get_part(key, group, receipt)
        return part

    def dump(self, name: str, inst: Any) -> None:
        """Store an item, whole or not at all.

        Raises:
            MissingDataKeysError: The dictionary lacks names of a group.
            PersistableError: It has names that are in no group.
        """
        value: Mapping[str, Any] = getattr(inst, self.attribute_name)
        parts = self.parts_of(name, value)
        bare = copy.copy(inst)
        setattr(bare, self.attribute_name, {})
        old = self._header(name)
        new = _Header(
            bare,
            list(value),
            isinstance(value, OrderedDict),
            [list(part) for part in parts.values()],
            0 if old is None else old.generation + 1,
        )
        for group, part in parts.items():
            self.put(new.part_key(name), group, part)
        self.flush()
        self._items.dump(name, tuple(new))
        self._forget_parts(name, old)

    def _forget_parts(self, name: str, header: _Header | None) -> None:
        if header is not None:
            for group in header.groups:
                self._files.delete(header.part_key(name), group_name(group))

    def delete(self, name: str) -> None:
        """Remove an item and its parts."""
        header = self._header(name)
        self._items.delete(name)
        self._forget_parts(name, header)

    def exists(self, name: str) -> bool:
        """Whether the item is there."""
        return self._items.exists(name)

    def keys(self) -> Iterable[str]:
        """The keys of the items, sorted."""
        return self._items.keys()

    def clear(self) -> None:
        """Remove every item."""
        self._items.clear()
        self._files.clear()
