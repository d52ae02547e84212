"""What is split: keys by the name of their split, and stashes with a view of each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cached_property

from zensols_like.dataset.check import shared_keys
from zensols_like.errors import DatasetError
from zensols_like.persist import Stash
from zensols_like.protocols import Writable

__all__ = ["CLEAR", "SplitKeyContainer", "SplitStashContainer"]

CLEAR = "clear the keys: zensols-like clear --all -c FILE; in Python: clear(), or clear_all() of the batch stash"
"""How to have keys made anew that are kept."""
_FEW = 5
"""Of the keys that an error names."""


class SplitKeyContainer(Writable):
    """Keys by split.  Splits and keys come in an order that does not change."""

    @property
    def split_names(self) -> Set[str]:
        """The names of the splits, as a set in their order."""
        return self.keys_by_split.keys()

    @property
    def counts_by_key(self) -> dict[str, int]:
        """How many keys each split has."""
        return {name: len(keys) for name, keys in self.keys_by_split.items()}

    @property
    def keys_by_split(self) -> Mapping[str, Sequence[str]]:
        """The keys of each split; the first use may make them, which can take long."""
        return self._get_keys_by_split()

    @abstractmethod
    def _get_keys_by_split(self) -> Mapping[str, Sequence[str]]:
        """The keys of each split."""

    def split_digest(self) -> str | None:
        """A digest of the keys by split, as far as they are there without being made; by default nobody can tell.

        Batches of splits with another digest are stale.
        """
        return None

    def require_disjoint(self) -> None:
        """Refuse keys that are in more than one split.

        Raises:
            DatasetError: There are some.
        """
        shared = shared_keys(self.keys_by_split)
        if shared:
            some = ", ".join(f"{key!r} in {' and '.join(splits)}" for key, splits in list(shared.items())[:_FEW])
            raise DatasetError(
                f"{len(shared)} keys are in more than one split: {some}.",
                type(self).__name__,
                "take them out of all splits but one, or call clear() where the splits are made anew",
            )

    def clear(self) -> None:
        """Forget what was made; by default there is nothing."""

    def lines(self) -> Iterable[tuple[int, str]]:
        """The splits, how many keys each has, and how many there are in all."""
        counts = self.counts_by_key
        yield 0, "splits:"
        for name, count in counts.items():
            yield 1, f"{name}: {count}"
        yield 0, f"total: {sum(counts.values())}"


class SplitStashContainer(Stash, SplitKeyContainer):
    """A stash with a view of each split."""

    @property
    def split_name(self) -> str | None:
        """The split that this stash is a view of; None for the whole."""
        return self._get_split_name()

    @cached_property
    def splits(self) -> Mapping[str, Stash]:
        """A stash for each split; the views are made once."""
        return self._get_splits()

    def _get_split_name(self) -> str | None:
        """The split that this stash is a view of; the whole unless overridden."""
        return None

    @abstractmethod
    def _get_splits(self) -> Mapping[str, Stash]:
        """Make a view of each split."""

    def _forget_splits(self) -> None:
        """Make the views again when they are next asked for."""
        self.__dict__.pop("splits", None)
