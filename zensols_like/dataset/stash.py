"""A stash and the split of each of its keys."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain
from typing import Any, Self, TextIO

from zensols_like.dataset.interface import SplitKeyContainer, SplitStashContainer
from zensols_like.errors import DatasetError
from zensols_like.persist import DelegateStash, NumberedKeys, Primeable, Stash, load_shown
from zensols_like.protocols import Writable

__all__ = ["DatasetSplitStash", "SortedDatasetSplitStash"]

logger = logging.getLogger(__name__)


@dataclass
class _SplitIndex:
    """The keys of each split in their order, and which they are; shared by a stash and its views."""

    container: SplitKeyContainer
    in_order: Callable[[Iterable[str]], Iterable[str]]
    told: set[str] = field(default_factory=set)
    """The splits of which it was told that the delegate lacks keys."""

    @cached_property
    def ordered(self) -> dict[str, Sequence[str]]:
        """The keys of each split."""
        return {name: _settled(self.in_order(keys)) for name, keys in self.container.keys_by_split.items()}

    @cached_property
    def members(self) -> dict[str, frozenset[str]]:
        """The keys of each split, to find one quickly."""
        return {name: frozenset(keys) for name, keys in self.ordered.items()}

    @cached_property
    def all_members(self) -> frozenset[str]:
        """The keys of all splits, to find one quickly."""
        return frozenset().union(*self.members.values())

    def clear(self) -> None:
        """Forget the keys, here and in the container."""
        self.container.clear()
        self.told.clear()
        for name in ("ordered", "members", "all_members"):
            self.__dict__.pop(name, None)


@dataclass
class DatasetSplitStash(DelegateStash, SplitStashContainer):
    """The values of a delegate that are in a split, with a view of each split.

    A key is here when the split container names it and the delegate has it; a warning says, once for each split, how
    many keys are left out since the delegate lacks them.  The views share the delegate and the keys; the first use of
    the keys may make them, as the split container says.

    Example:
        A configuration:

        .. code-block:: ini

            [dataset_stash]
            class_name = zensols_like.dataset.DatasetSplitStash
            delegate = instance: dataframe_stash
            split_container = instance: split_container
    """

    split_container: SplitKeyContainer
    """Names the keys of each split."""

    _view_of: str | None = field(default=None, init=False, repr=False)

    def prime(self) -> None:
        """Prime the delegate and the split container, where they can be."""
        for part in (self.delegate, self.split_container):
            if isinstance(part, Primeable):
                part.prime()

    def load(self, name: str) -> Any:
        """The value of ``name``; None when it is absent or in no split."""
        return self.delegate.load(name) if name in self._members else None

    def load_many(self, keys: Iterable[str]) -> Iterable[tuple[str, Any]]:
        """Pairs of key and value in the order of ``keys``, read in bulk where the delegate can."""
        return load_shown(self.delegate, keys, self._members.__contains__)

    def load_columns(self, keys: Sequence[str]) -> Mapping[str, Any] | None:
        """The columns of the delegate, where it has some."""
        return self.delegate.load_columns(keys)

    def exists(self, name: str) -> bool:
        """Whether ``name`` is in a split and the delegate has it."""
        return name in self._members and self.delegate.exists(name)

    def keys(self) -> Iterable[str]:
        """The keys of every split, each once, in the order of the splits."""
        return tuple(dict.fromkeys(chain.from_iterable(self.keys_by_split.values())))

    def clear(self) -> None:
        """Forget the values, and the keys; a view of a split forgets only its values."""
        if self._view_of is None:
            super().clear()
            self.clear_keys()
        else:
            for key in tuple(self.keys()):
                self.delegate.delete(key)

    def clear_keys(self) -> None:
        """Forget which key is in which split; the split container makes them again."""
        self._index.clear()
        self._forget_splits()

    def split_digest(self) -> str | None:
        """That of the split container."""
        return self.split_container.split_digest()

    def check_key_consistent(self) -> bool:
        """Whether the delegate has every key that the split container names."""
        return self.counts_by_key == {name: len(self._index.ordered.get(name, ())) for name in self.split_names}

    def write(self, depth: int = 0, writer: TextIO | None = None, include_delegate: bool = False) -> None:
        """Write how many keys each split has.

        Args:
            depth: How deep the whole text is indented.
            writer: Where the text goes; standard output when not given.
            include_delegate: Whether the delegate is written, too, where it can be.
        """
        super().write(depth, writer)
        if include_delegate and isinstance(self.delegate, Writable):
            self.delegate.write(depth + 1, writer)

    @cached_property
    def _index(self) -> _SplitIndex:
        return _SplitIndex(self.split_container, self._key_order())

    def _key_order(self) -> Callable[[Iterable[str]], Iterable[str]]:
        """Brings the keys of a split in order; as the split container has them, unless overridden."""
        return _as_they_are

    @property
    def _members(self) -> frozenset[str]:
        return self._index.all_members if self._view_of is None else self._index.members.get(self._view_of, frozenset())

    def _get_keys_by_split(self) -> Mapping[str, Sequence[str]]:
        names = self._index.ordered if self._view_of is None else (self._view_of,)
        keys = {name: self._index.ordered.get(name, ()) for name in names}
        own = self.delegate.keys()
        kept: dict[str, Sequence[str]]
        if isinstance(own, NumberedKeys) and all(isinstance(some, NumberedKeys) for some in keys.values()):
            kept = {name: own.common(some) for name, some in keys.items()}
        else:
            has = frozenset(own).__contains__
            kept = {name: tuple(filter(has, some)) for name, some in keys.items()}
        for name, some in keys.items():
            if len(kept[name]) < len(some) and name not in self._index.told:
                self._index.told.add(name)
                self._tell_left_out(name, some, frozenset(kept[name]))
        return kept

    def _tell_left_out(self, name: str, keys: Sequence[str], kept: frozenset[str]) -> None:
        left_out = [key for key in keys if key not in kept]
        logger.warning(
            "the delegate, a %s, lacks %d of the %d keys of the split %r, as %r: they are left out; "
            "correct the keys of the split, or give a delegate that has them",
            type(self.delegate).__name__,
            len(left_out),
            len(keys),
            name,
            left_out[0],
        )

    def _get_split_name(self) -> str | None:
        return self._view_of

    def _get_splits(self) -> Mapping[str, Stash]:
        if self._view_of is not None:
            return {self._view_of: self}
        return {name: self._view(name) for name in self._index.ordered}  # the index is made before, and so shared

    def _view(self, name: str) -> Self:
        view = copy.copy(self)
        view._view_of = name  # noqa: SLF001 - a copy of this object
        return view

    def _in_front_of(self, delegate: Stash) -> Self:
        view = super()._in_front_of(delegate)
        if view is not self:
            view._forget_splits()  # noqa: SLF001 - a copy of this object, whose views have the former delegate
        return view


@dataclass
class SortedDatasetSplitStash(DatasetSplitStash):
    """A dataset whose keys are sorted in each split."""

    sort_function: Callable[[str], Any] | None = None
    """What the keys are ordered by, such as ``int``; the keys themselves when not given."""

    def _key_order(self) -> Callable[[Iterable[str]], Iterable[str]]:
        return partial(_sorted, by=self.sort_function)


def _sorted(keys: Iterable[str], by: Callable[[str], Any] | None) -> list[str]:
    try:
        return sorted(keys, key=by)
    except Exception as error:
        raise DatasetError(
            f"The sort_function cannot order the keys.  {type(error).__name__}: {error}",
            f"{SortedDatasetSplitStash.__name__} sort_function",
            "use a function that takes every key as text, as 'sort_function = eval: len', or None",
        ) from error


def _as_they_are(keys: Iterable[str]) -> Iterable[str]:
    return keys


def _settled(keys: Iterable[str]) -> Sequence[str]:
    """Keys that no longer change."""
    return keys if isinstance(keys, NumberedKeys) else tuple(keys)
