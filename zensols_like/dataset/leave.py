"""Splits that leave out a few keys, others in each round."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from zensols_like.dataset.check import require_text
from zensols_like.dataset.interface import CLEAR, SplitKeyContainer
from zensols_like.errors import DatasetError
from zensols_like.persist import Stash, chunks, read_keys, write_keys

__all__ = ["LeaveNOutSplitKeyContainer"]

_REST = -1


@dataclass
class LeaveNOutSplitKeyContainer(SplitKeyContainer):
    """The keys of a stash, of which ``n`` are left out in each round; over all rounds, each key is left out once.

    Where several splits leave keys out, such as ``validate`` and ``test``, each does so once with each key.  In one of
    the rounds there may be fewer than ``n``.

    Example:
        >>> from zensols_like.persist import DictionaryStash
        >>> letters = DictionaryStash(dict.fromkeys("abc", 1))
        >>> container = LeaveNOutSplitKeyContainer(letters, {"train": -1, "test": 1}, shuffle=False)
        >>> dict(container.keys_by_split)
        {'train': ('b', 'c'), 'test': ('a',)}
        >>> container.next_split(), dict(container.keys_by_split)
        (True, {'train': ('a', 'c'), 'test': ('b',)})
    """

    delegate: Stash
    """Whose keys are split."""

    distribution: Mapping[str, int] = field(default_factory=lambda: {"train": _REST, "test": 1})
    """How many keys each split has: the same number for those that leave keys out, and -1 for the one with the rest."""

    shuffle: bool = True
    """Whether the keys are mixed; otherwise they are left out in the order of the stash."""

    path: Path | None = None
    """A file that keeps the order of the keys; None makes it anew each time, and the same as long as the keys are."""

    seed: int = field(default=0, kw_only=True)
    """What the keys are mixed with."""

    iteration: int = field(default=0, kw_only=True)
    """The round, from 0; :meth:`next_split` goes on to the next one."""

    def __post_init__(self) -> None:
        sizes = list(self.distribution.values())
        left_out = {size for size in sizes if size != _REST}
        if sizes.count(_REST) != 1 or len(left_out) != 1 or min(left_out) < 1:
            raise DatasetError(
                f"The distribution {dict(self.distribution)} does not say how many keys to leave out.",
                f"{type(self).__name__} distribution",
                "give -1 for one split, and the same number of keys, 1 or more, for each of the others",
            )
        self._n = left_out.pop()

    @property
    def n_iterations(self) -> int:
        """How many rounds there are."""
        return len(self._pieces)

    def next_split(self) -> bool:
        """Go on to the next round.

        A :class:`.DatasetSplitStash` that uses these splits sees them after its ``clear_keys``.

        Returns:
            Whether there was one; after the last one nothing changes.
        """
        has_next = self.iteration + 1 < self.n_iterations
        self.iteration += has_next
        return has_next

    def clear(self) -> None:
        """Forget the order of the keys; the round stays."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        self.__dict__.pop("_pieces", None)

    def _get_keys_by_split(self) -> Mapping[str, tuple[str, ...]]:
        pieces = self._pieces
        splits_out = [name for name, size in self.distribution.items() if size != _REST]
        if len(pieces) <= len(splits_out) or not 0 <= self.iteration < len(pieces):
            raise DatasetError(
                f"There is no round {self.iteration} of {len(pieces)} for the splits {[*self.distribution]}.",
                f"{type(self).__name__} of {sum(map(len, pieces))} keys",
                "give more keys, or an iteration from 0 up to the number of rounds",
            )
        places = {name: (self.iteration + i) % len(pieces) for i, name in enumerate(splits_out)}
        taken = set(places.values())
        rest = tuple(key for place, piece in enumerate(pieces) if place not in taken for key in piece)
        return {name: tuple(pieces[places[name]]) if name in places else rest for name in self.distribution}

    @cached_property
    def _pieces(self) -> list[list[str]]:
        """The keys, cut in the pieces that are left out."""
        return list(chunks(self._order(), self._n))

    def _order(self) -> tuple[str, ...]:
        keys = list(self.delegate.keys())
        require_text(keys, f"{type(self.delegate).__name__}.keys()")
        if self.path is not None and self.path.exists():
            kept = read_keys(self.path)
            if sorted(kept) != sorted(keys):
                raise DatasetError(
                    f"The order of {len(kept)} keys was made for other keys than the {len(keys)} of the stash.",
                    str(self.path),
                    CLEAR,
                )
            return kept
        if self.shuffle:
            keys.sort()  # whatever order the stash has them in
            random.Random(self.seed).shuffle(keys)  # noqa: S311 - it mixes, it does not protect
        if self.path is not None:
            write_keys(self.path, keys)
        return tuple(keys)
