"""Split keys in files: made once, then read."""

from __future__ import annotations

import hashlib
import json
import random
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any

from zensols_like.dataset.check import require_text
from zensols_like.dataset.interface import CLEAR, SplitKeyContainer
from zensols_like.dataset.split import split_by_hash, split_counts
from zensols_like.errors import DatasetError
from zensols_like.persist import Stash, read_keys, write_atomically, write_keys

__all__ = ["AbstractSplitKeyContainer", "StashSplitKeyContainer"]

_NAME = "{name}"
_HASH = "hash"


@dataclass
class AbstractSplitKeyContainer(SplitKeyContainer):
    """Keys in a folder with one file for each split.

    The first use of the keys reads the files, or makes the keys and writes them.  Files that were made in another way
    than this container would are refused.  A folder of plain text files with one key on each line is read as it is; its
    splits come in the order of their names.
    """

    key_path: Path
    """The folder."""

    pattern: str
    """The name of a file, with ``{name}`` for the name of the split, such as ``{name}.dat``."""

    def __post_init__(self) -> None:
        if not isinstance(self.key_path, Path):
            raise DatasetError(
                f"The key_path {self.key_path!r} is not a Path.",
                f"{type(self).__name__} key_path",
                "write 'key_path = path: …' in a configuration, or Path(…) in Python",
            )
        if self.pattern.count(_NAME) != 1 or Path(self.pattern).name != self.pattern:
            raise DatasetError(
                f"The pattern {self.pattern!r} is not a file name for each split.",
                f"{type(self).__name__} pattern",
                "use {name} once and no folder, as in {name}.dat",
            )

    @abstractmethod
    def _create_splits(self) -> Mapping[str, tuple[str, ...]]:
        """Make the keys of each split, the same ones every time."""

    def _recipe(self) -> dict[str, Any]:
        """What decides about the keys, as JSON; key files made with another recipe are refused."""
        return {}

    def prime(self) -> None:
        """Make the key files if they are not there."""
        self._get_keys_by_split()

    def clear(self) -> None:
        """Remove the key files, and forget the keys."""
        for path in self._files().values():
            path.unlink(missing_ok=True)
        self._index_path.unlink(missing_ok=True)  # last: a folder without it is taken as complete
        for name in ("_keys_by_split", "_digest"):
            self.__dict__.pop(name, None)

    def _get_keys_by_split(self) -> Mapping[str, tuple[str, ...]]:
        return self._keys_by_split

    @cached_property
    def _keys_by_split(self) -> dict[str, tuple[str, ...]]:
        files = self._files()
        if files and all(path.exists() for path in files.values()):
            self._refuse_other_recipe()
            keys = self._grow({name: read_keys(path) for name, path in files.items()})
        else:
            keys = dict(self._create_splits())
            self._write(keys)
        self._digest = self._digest_files()  # of the files that have these keys, whatever is written into them later
        return keys

    def split_digest(self) -> str | None:
        """A digest of the key files; ``None`` when they are not there."""
        return self._digest

    @cached_property
    def _digest(self) -> str | None:
        return self._digest_files()

    def _digest_files(self) -> str | None:
        files = self._files()
        if not files or not all(path.exists() for path in files.values()):
            return None
        total = hashlib.blake2b(digest_size=16)
        for name, path in files.items():
            data = path.read_bytes()
            total.update(f"{name!r} {len(data)} ".encode("utf-8", "surrogatepass") + data)
        return total.hexdigest()

    def _grow(self, known: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """The keys that were read, and what came after they were written; nothing unless overridden."""
        return known

    def _write(self, keys_by_split: Mapping[str, Sequence[str]]) -> None:
        """Write the index, then the files that it names: until all are there, none counts."""
        files = {name: self._path_of(name) for name in keys_by_split}
        index = json.dumps({"splits": list(files), "recipe": self._recipe()}, indent=2)
        write_atomically(self._index_path, [index.encode("ascii")])
        for name, path in files.items():
            write_keys(path, keys_by_split[name])

    @property
    def _index_path(self) -> Path:
        """The file that says which splits there are, in which order, and how they were made."""
        return self.key_path / ".splits.json"

    def _index(self) -> dict[str, Any] | None:
        if not self._index_path.exists():
            return None
        try:
            index = json.loads(self._index_path.read_bytes())
            return {"splits": index["splits"], "recipe": index["recipe"]}
        except (ValueError, KeyError, TypeError) as error:
            raise DatasetError(
                f"The index of the split keys cannot be read: {error!r}.",
                str(self._index_path),
                "remove the folder, and the keys are made again",
            ) from error

    def _files(self) -> dict[str, Path]:
        """The file of each split that the index names, or that the folder holds when it has no index."""
        index = self._index()
        names = self._names_in_folder() if index is None else index["splits"]
        return {name: self._path_of(name) for name in names}

    def _names_in_folder(self) -> list[str]:
        if not self.key_path.is_dir():
            return []
        prefix, suffix = self.pattern.split(_NAME)
        files = sorted(path.name for path in self.key_path.iterdir() if path.is_file())
        fitting = [file for file in files if file.startswith(prefix) and file.endswith(suffix)]
        names = [file.removeprefix(prefix).removesuffix(suffix) for file in fitting]
        return [name for name in names if name and not name.startswith(".")]

    def _path_of(self, name: str) -> Path:
        file = self.pattern.replace(_NAME, name)
        if not name or name.startswith(".") or "\0" in name or Path(file).name != file:
            raise DatasetError(
                f"The split name {name!r} does not make a file name.", str(self.key_path), "use letters and digits"
            )
        return self.key_path / file

    def _refuse_other_recipe(self) -> None:
        index, recipe = self._index(), self._recipe()
        if index is not None and index["recipe"] != recipe:
            raise DatasetError(
                f"The split keys were made with {index['recipe']}, which is not {recipe}.",
                str(self.key_path),
                f"go back to the former settings, or {CLEAR}",
            )


@dataclass
class StashSplitKeyContainer(AbstractSplitKeyContainer):
    """The keys of a stash, dealt out to the splits by their fractions."""

    stash: Stash
    """Whose keys are split."""

    distribution: Mapping[str, float] = field(default_factory=lambda: {"train": 0.8, "validate": 0.1, "test": 0.1})
    """The fraction of the keys by split; together they make 1."""

    shuffle: bool = True
    """Whether the keys are mixed; otherwise each split is a run of keys in the order of the stash."""

    seed: int = field(default=0, kw_only=True)
    """What the keys are mixed with: the same keys and seed give the same splits, on every machine."""

    new_keys: str | None = field(default=None, kw_only=True)
    """Where keys go that come after the splits were made: ``hash`` deals them out by the fractions, each by itself; the
    name of a split puts them there; None leaves them out.  No key ever moves, as long as the key files are kept."""

    def _recipe(self) -> dict[str, Any]:
        return {"distribution": dict(self.distribution), "shuffle": self.shuffle, "seed": self.seed}

    def _create_splits(self) -> Mapping[str, tuple[str, ...]]:
        keys = self._dealt_keys()
        deal = iter(keys)
        return {name: tuple(islice(deal, count)) for name, count in split_counts(len(keys), self.distribution).items()}

    def _grow(self, known: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if self.new_keys is None:
            return known
        taken = frozenset(chain.from_iterable(known.values()))
        new = [key for key in self._dealt_keys() if key not in taken]
        wanted = [*self.distribution] if self.new_keys == _HASH else [self.new_keys]
        if not known.keys() >= set(wanted):
            raise DatasetError(
                f"There are no splits {wanted} for new keys.",
                f"{type(self).__name__} new_keys of {self.key_path}",
                f"use one of {[*known]}, or {_HASH!r} with a distribution of these",
            )
        split_of = self._place(new, known)
        grown = {name: (*keys, *(key for key in new if split_of[key] == name)) for name, keys in known.items()}
        for name, keys in grown.items():
            if len(keys) > len(known[name]):
                write_keys(self._path_of(name), keys)
        return grown

    def _place(self, new: Sequence[str], known: Mapping[str, tuple[str, ...]]) -> Mapping[str, str]:  # noqa: ARG002
        """The split of each new key; a subclass may look at the known ones."""
        return {key: self._split_of_new(key) for key in new}

    def _split_of_new(self, key: str) -> str:
        """The split of a new key by itself: the same one whatever other keys there are."""
        return split_by_hash(key, self.distribution, self.seed) if self.new_keys == _HASH else str(self.new_keys)

    def _dealt_keys(self) -> list[str]:
        """The keys in the order in which they are dealt out."""
        keys = list(self.stash.keys())
        require_text(keys, f"{type(self.stash).__name__}.keys()")
        if len(set(keys)) < len(keys):
            raise DatasetError(
                f"The stash gives {len(keys)} keys, of which {len(set(keys))} are different.",
                f"{type(self).__name__} stash",
                "give a stash with every key once",
            )
        if self.shuffle:
            keys.sort()  # whatever order the stash has them in
            random.Random(self.seed).shuffle(keys)  # noqa: S311 - it mixes, it does not protect
        return keys

    def _items(self, keys: Iterable[str]) -> Iterator[tuple[str, Any]]:
        """Keys and values; an error of the stash is noted with the key that it stopped at."""
        asked, read = list(keys), 0
        try:
            for item in self.stash.load_many(asked):
                yield item
                read += 1
        except Exception as error:
            if read < len(asked):
                error.add_note(f"while reading the values to split, at key {asked[read]!r}")
            raise
