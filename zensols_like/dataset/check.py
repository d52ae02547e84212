"""Is what is in the splits what should be there: keys in several splits, labels, values that are there twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from zensols_like.dataset.content import content_digest
from zensols_like.errors import DatasetError
from zensols_like.persist import NumberedKeys

__all__ = ["duplicates", "label_counts", "require_text", "shared_keys"]


def shared_keys(keys_by_split: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """The keys that are in more than one split, and their splits.

    Example:
        >>> shared_keys({"train": ["a", "b"], "test": ["b", "c"]})
        {'b': ('train', 'test')}
    """
    splits_of: dict[str, list[str]] = {}
    for name, keys in keys_by_split.items():
        for key in dict.fromkeys(keys):
            splits_of.setdefault(key, []).append(name)
    return {key: tuple(names) for key, names in splits_of.items() if len(names) > 1}


def require_text(keys: Iterable[Any], where: str) -> None:
    """Refuse keys of which one is no text.

    Args:
        keys: The keys.
        where: Who gives them, for the error.

    Raises:
        DatasetError: Names the first one.

    Example:
        >>> require_text(["1", 2], "Rows.keys()")
        Traceback (most recent call last):
            ...
        zensols_like.errors.DatasetError: The key 2 is an object of int, not a text.
          where: Rows.keys()
          fix: give texts, as str(key) of each, and take them in load
    """
    if isinstance(keys, NumberedKeys) or all(issubclass(kind, str) for kind in set(map(type, keys))):
        return
    strange = next(key for key in keys if not isinstance(key, str))
    raise DatasetError(
        f"The key {strange!r} is an object of {type(strange).__name__}, not a text.",
        where,
        "give texts, as str(key) of each, and take them in load",
    )


def label_counts(
    splits: Mapping[str, Iterable[tuple[str, Any]]], label: Callable[[Any], Any]
) -> dict[str, dict[Any, int]]:
    """How often each label is in each split; the label that most values have comes first.

    Args:
        splits: The keys and values of each split, such as the ``splits`` of a :class:`.SplitStashContainer`; each value
            is looked at once.
        label: The label of a value, such as ``operator.attrgetter("label")``.

    Example:
        >>> label_counts({"train": [("1", "x"), ("2", "y"), ("3", "y")], "test": [("4", "y")]}, str.upper)
        {'train': {'Y': 2, 'X': 1}, 'test': {'Y': 1, 'X': 0}}
    """
    counts = {name: Counter(label(value) for _, value in items) for name, items in splits.items()}
    labels = [label for label, _ in sum(counts.values(), Counter()).most_common()]
    return {name: {label: count[label] for label in labels} for name, count in counts.items()}


def duplicates(
    items: Iterable[tuple[str, Any]], content: Callable[[Any], Any] | None = None
) -> Iterator[tuple[str, str]]:
    """Pairs of keys whose values have the same content: the first key that has it, and a later one.

    Values are looked at one after the other, and only their digests are kept.  The values of a stash in two splits are
    there as a pair whose keys are in both.

    Args:
        items: Keys and values, such as a stash.
        content: What of a value is compared, such as ``operator.itemgetter("text")``; all of it when not given.

    Raises:
        DatasetError: A value cannot be compared by its content.

    Example:
        >>> list(duplicates([("a", {"x": [1]}), ("b", {"x": [2]}), ("c", {"x": [1]}), ("d", {"x": [1]})]))
        [('a', 'c'), ('a', 'd')]
    """
    first: dict[bytes, str] = {}
    for key, value in items:
        known = first.setdefault(content_digest(value if content is None else content(value)), key)
        if known != key:
            yield known, key
