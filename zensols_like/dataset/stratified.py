"""Splits in which every label has its share."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from zensols_like.dataset.attribute import attribute_of
from zensols_like.dataset.keys import StashSplitKeyContainer
from zensols_like.dataset.split import split_counts, stratified_counts
from zensols_like.errors import DatasetError
from zensols_like.persist import write_atomically

__all__ = ["StratifiedStashSplitKeyContainer"]


@dataclass
class StratifiedStashSplitKeyContainer(StashSplitKeyContainer):
    """The keys of a stash, dealt out so that every label has the same share of each split, to the nearest key."""

    partition_attr: str | None = None
    """The attribute of a value that is its label."""

    stratified_write: bool = field(default=True, metadata={"fingerprint": False})
    """Whether :meth:`write` counts the labels of each split."""

    split_labels_path: Path | None = None
    """A file that keeps the labels, so that the values are not loaded again to count them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.partition_attr is None:
            raise DatasetError(
                "There is no attribute to stratify by.",
                f"{type(self).__name__} partition_attr",
                "name the attribute of the values that is their label",
            )

    @property
    def stratified_split_labels(self) -> Any:
        """A `pandas.DataFrame` with the columns ``split``, ``key`` and ``label``."""
        import pandas as pd  # only who asks for a table waits for it

        return pd.DataFrame(self._split_labels, columns=["split", "key", "label"])

    @property
    def stratified_count_dataframe(self) -> Any:
        """A `pandas.DataFrame` with the columns ``split``, ``label``, ``count`` and ``proportion`` (of its split)."""
        import pandas as pd  # only who asks for a table waits for it

        rows = [
            (name, label, count, count / max(sum(counts.values()), 1))
            for name, counts in self._label_counts().items()
            for label, count in counts.items()
        ]
        return pd.DataFrame(rows, columns=["split", "label", "count", "proportion"])

    def clear(self) -> None:
        """Remove the key files and the kept labels, and forget the keys."""
        super().clear()
        if self.split_labels_path is not None:
            self.split_labels_path.unlink(missing_ok=True)
        self.__dict__.pop("_split_labels", None)

    def lines(self) -> Iterable[tuple[int, str]]:
        """The splits, how many keys each has, and how many of each label."""
        if not self.stratified_write:
            yield from super().lines()
            return
        counts_by_split = self._label_counts()
        yield 0, "splits:"
        for name, counts in counts_by_split.items():
            size = sum(counts.values())
            yield 1, f"{name}: {size}"
            for label, count in counts.items():
                yield 2, f"{label}: {count} ({count / max(size, 1):.1%})"
        yield 0, f"total: {sum(sum(counts.values()) for counts in counts_by_split.values())}"

    def _recipe(self) -> dict[str, Any]:
        return {**super()._recipe(), "partition_attr": self.partition_attr}

    def _create_splits(self) -> Mapping[str, tuple[str, ...]]:
        keys = self._dealt_keys()
        totals = split_counts(len(keys), self.distribution)
        strata: dict[Any, list[str]] = {}
        for key, label in self._labels(keys):
            strata.setdefault(label, []).append(key)
        counts = stratified_counts({label: len(members) for label, members in strata.items()}, totals)
        split_of: dict[str, str] = {}
        for label, members in strata.items():
            deal = iter(members)
            for name, count in counts[label].items():
                split_of.update(dict.fromkeys(islice(deal, count), name))
        splits = {name: [key for key in keys if split_of[key] == name] for name in totals}
        if self.shuffle:
            generator = random.Random(self.seed)  # noqa: S311 - it mixes, it does not protect
            for members in splits.values():
                generator.shuffle(members)  # once more: the labels were dealt out one after the other
        return {name: tuple(members) for name, members in splits.items()}

    def _labels(self, keys: Iterable[str]) -> Iterator[tuple[str, Any]]:
        for key, item in self._items(keys):
            yield key, attribute_of(item, str(self.partition_attr), key, f"{type(self).__name__} partition_attr")

    def _label_counts(self) -> dict[str, dict[Any, int]]:
        """How often each label is in each split; the label that most keys have comes first."""
        counts = Counter((name, label) for name, _, label in self._split_labels)
        labels = [label for label, _ in Counter(label for _, _, label in self._split_labels).most_common()]
        return {name: {label: counts[name, label] for label in labels} for name in self.split_names}

    @cached_property
    def _split_labels(self) -> list[tuple[str, str, Any]]:
        """Split, key and label of every key."""
        wanted = [(name, key) for name, keys in self.keys_by_split.items() for key in keys]
        kept = [] if self.split_labels_path is None else _read_labels(self.split_labels_path)
        if wanted and [(name, key) for name, key, _ in kept] == wanted:
            return kept
        labels = [(name, *pair) for name, keys in self.keys_by_split.items() for pair in self._labels(keys)]
        if self.split_labels_path is not None:
            write_atomically(self.split_labels_path, [f"{_as_json(row)}\n".encode("ascii") for row in labels])
        return labels


def _read_labels(path: Path) -> list[tuple[str, str, Any]]:
    if not path.exists():
        return []
    return [tuple(json.loads(line)) for line in path.read_text(encoding="ascii").splitlines()]


def _as_json(row: tuple[str, str, Any]) -> str:
    name, key, label = row
    plain = label if label is None or isinstance(label, str | int | float) else _plain_number(label)
    return json.dumps([name, key, plain])


def _plain_number(label: Any) -> Any:
    """The Python value of a numpy number."""
    try:
        return label.item()
    except AttributeError:
        raise DatasetError(
            f"The label {label!r} cannot be kept in a file: it is a {type(label).__name__}.",
            "split_labels_path",
            "leave split_labels_path out, or use labels that are strings or numbers",
        ) from None
