"""Splits that keep together what belongs together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zensols_like.dataset.attribute import attribute_of
from zensols_like.dataset.interface import CLEAR
from zensols_like.dataset.keys import StashSplitKeyContainer
from zensols_like.dataset.split import group_splits, split_counts
from zensols_like.errors import DatasetError

__all__ = ["GroupStashSplitKeyContainer"]


@dataclass
class GroupStashSplitKeyContainer(StashSplitKeyContainer):
    """The keys of a stash, dealt out so that all keys of a group are in one split, such as those of one patient.

    Splits come as close to their fractions as the sizes of the groups allow.  With ``new_keys``, a new key goes where
    its group is.
    """

    group_by: str | Callable[[Any], Hashable] | None = None
    """What the group of a value is: an attribute of it, or what a function gives for it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.group_by is None:
            raise DatasetError(
                "Nothing says what belongs together.",
                f"{type(self).__name__} group_by",
                "name the attribute of the values that is their group, or give a function of a value",
            )

    def _recipe(self) -> dict[str, Any]:
        name = self.group_by if isinstance(self.group_by, str) else getattr(self.group_by, "__qualname__", "function")
        return {**super()._recipe(), "group_by": name}

    def _create_splits(self) -> Mapping[str, tuple[str, ...]]:
        keys = self._dealt_keys()
        totals = split_counts(len(keys), self.distribution)
        groups = self._groups(keys)
        splits = group_splits({group: len(members) for group, members in groups.items()}, totals)
        split_of = {key: splits[group] for group, members in groups.items() for key in members}
        return {name: tuple(key for key in keys if split_of[key] == name) for name in totals}

    def _place(self, new: Sequence[str], known: Mapping[str, tuple[str, ...]]) -> Mapping[str, str]:
        split_of = {key: name for name, keys in known.items() for key in keys}
        placed: dict[str, str] = {}
        for group, members in self._groups(self._dealt_keys() if new else ()).items():
            splits = {split_of[key]: None for key in members if key in split_of}
            if len(splits) > 1:
                raise DatasetError(
                    f"The group {group!r} is in the splits {[*splits]}.",
                    str(self.key_path),
                    f"if that is not what you want, {CLEAR}",
                )
            split = next(iter(splits), None) or self._split_of_new(min(members))
            placed.update(dict.fromkeys(members, split))
        return placed

    def _groups(self, keys: Iterable[str]) -> dict[Hashable, list[str]]:
        """The keys of each group, in the order of the keys."""
        groups: dict[Hashable, list[str]] = {}
        for key, item in self._items(keys):
            groups.setdefault(self._group(key, item), []).append(key)
        return groups

    def _group(self, key: str, item: Any) -> Hashable:
        group = self.group_by(item) if callable(self.group_by) else self._attribute(key, item)
        if group is None or group != group:
            raise DatasetError(
                f"The group of key {key!r} is {group!r}.",
                f"{type(self).__name__} group_by",
                "give every value a group; a function of a value may give one that is its own",
            )
        return group

    def _attribute(self, key: str, item: Any) -> Hashable:
        group: Hashable = attribute_of(item, str(self.group_by), key, f"{type(self).__name__} group_by")
        return group
