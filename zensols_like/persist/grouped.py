"""Groups of names that lie together in one record."""

from __future__ import annotations

import json
from abc import ABC
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zensols_like.errors import MissingDataKeysError, PersistableError
from zensols_like.persist.directory import require_path
from zensols_like.persist.folder import FileFolder, StoreFolder
from zensols_like.persist.names import group_name
from zensols_like.persist.records import RecordStash

__all__ = ["GroupedStash", "check_groups"]


def check_groups(groups: Iterable[Collection[str]]) -> tuple[tuple[str, ...], ...]:
    """The groups, each sorted.

    Raises:
        PersistableError: There are none, one is empty or no collection of names, or two share a name.
    """
    if isinstance(groups, str):
        names = [name.strip() for name in groups.split(",")]
        raise PersistableError(
            f"The groups {groups!r} are one text, not groups of names.",
            None,
            f"write 'groups = json: {json.dumps([names])}' for one group, and each group in brackets of its own",
        )
    if any(isinstance(group, str) for group in groups):
        raise PersistableError(
            f"The groups {groups!r} are no collections of names.",
            None,
            "use a tuple of sets, as ({'label'}, {'tokens'},)",
        )
    checked = tuple(tuple(sorted(group)) for group in groups)
    if len(checked) == 0 or any(len(group) == 0 for group in checked):
        raise PersistableError(
            f"There is no group, or an empty one, in {checked}.", None, "name at least one part in each"
        )
    names = [name for group in checked for name in group]
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise PersistableError(f"The groups share {twice}.", None, "put each part in one group only")
    return checked


@dataclass
class GroupedStash(RecordStash, ABC):
    """A stash below a folder whose values are mappings, with a record for each group of their names."""

    path: Path
    """The folder."""
    groups: Sequence[Collection[str]]
    """The groups of parts, each of which lies in records of its own."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_path(self.path)
        if not isinstance(self.groups, str):  # whose letters are no groups
            self.groups = tuple(self.groups)
        check_groups(self.groups)

    @property
    def folder(self) -> StoreFolder:
        """A hidden sub-folder."""
        return FileFolder(self.path / ".store")

    def grouping(self, attributes: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """The groups, without what is not among the attributes."""
        wanted = set(attributes)
        kept = tuple(tuple(name for name in group if name in wanted) for group in check_groups(self.groups))
        homeless = sorted(wanted.difference(*kept))
        if homeless:
            raise PersistableError(
                f"The parts {homeless} belong to no group.",
                f"groups {[list(group) for group in check_groups(self.groups)]} of {self.path}",
                "add them to the option groups",
            )
        return tuple(group for group in kept if len(group) > 0)

    def group_key(self, group: Collection[str]) -> str:
        """The name of the configured group that holds these names."""
        return next(group_name(whole) for whole in check_groups(self.groups) if set(whole).issuperset(group))

    def parts_of(self, name: str, value: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """What each group gets of a value, by the name of the group in the records.

        Args:
            name: The key of the value.
            value: All names of the groups, and what to store of each.

        Raises:
            MissingDataKeysError: The value lacks names of a group.
            PersistableError: It has names that are in no group.
        """
        missing = {part for group in self.groups for part in group}.difference(value)
        if missing:
            raise MissingDataKeysError(
                tuple(sorted(missing)), f"key {name!r} of {self.path}", "give all names of the groups"
            )
        return {self.group_key(group): {part: value[part] for part in group} for group in self.grouping(value)}
