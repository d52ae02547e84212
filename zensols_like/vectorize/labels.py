"""Labels to IDs and back."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from zensols_like.errors import VectorizerError

__all__ = ["LabelEncoder"]

_MOST_SHOWN = 20
"""Of the known labels in an error."""


@dataclass(frozen=True)
class LabelEncoder:
    """Gives each label a number: its place in sorted order.

    Args:
        classes_: The labels, sorted.

    Example:
        >>> encoder = LabelEncoder.of({"b", "a"})
        >>> encoder.transform(["b", "a", "b"])
        array([1, 0, 1])
        >>> encoder.inverse_transform([1])
        ['b']
    """

    classes_: tuple[Any, ...]

    @classmethod
    def of(cls, labels: Collection[Any], where: str | None = None) -> LabelEncoder:
        """An encoder of labels in any order.

        Args:
            labels: Values of one kind; equal ones are one label.
            where: Said in the error.

        Raises:
            VectorizerError: There are none, they cannot be sorted, or one is not equal to itself.
        """
        fix = "list the labels of this vectorizer, all of them text or all of them numbers"
        if isinstance(labels, (str, bytes)):
            raise VectorizerError(f"The categories {labels!r} are one text, not a list of labels.", where, fix)
        plain = [label.item() if isinstance(label, np.generic) else label for label in labels]
        if not plain:
            raise VectorizerError("There are no categories.", where, fix)
        if any(label != label for label in plain):
            raise VectorizerError("NaN cannot be a category, since it is not equal to itself.", where, fix)
        try:
            return cls(tuple(sorted(set(plain))))
        except TypeError as error:
            raise VectorizerError(f"The categories cannot be sorted: {error}.", where, fix) from error

    @cached_property
    def by_label(self) -> dict[Any, int]:
        """The ID of each label."""
        return {label: index for index, label in enumerate(self.classes_)}

    def transform(
        self, labels: Iterable[Any], where: str | None = None, unknown: int | None = None
    ) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The ID of each label, int64.

        Args:
            labels: The labels.
            where: Said in the error.
            unknown: The ID of labels that are not known; an error without.

        Raises:
            VectorizerError: A label is not known, or cannot be looked up.
        """
        given = labels.tolist() if isinstance(labels, np.ndarray) else labels
        try:
            if unknown is not None:
                return np.fromiter((self.by_label.get(label, unknown) for label in given), dtype=np.int64)
            return np.fromiter(map(self.by_label.__getitem__, given), dtype=np.int64)
        except (KeyError, TypeError) as error:
            raise self._unknown(given, where) from error

    def inverse_transform(self, ids: Iterable[int], where: str | None = None) -> list[Any]:
        """The label of each ID.

        Raises:
            VectorizerError: A number is no ID.
        """
        found = [int(index) for index in ids]
        wrong = [index for index in found if index not in range(len(self.classes_))]
        if wrong:
            raise VectorizerError(
                f"{wrong[0]} is not the number of a category.", where, f"use numbers from 0 to {len(self.classes_) - 1}"
            )
        return [self.classes_[index] for index in found]

    def _unknown(self, labels: Iterable[Any], where: str | None) -> VectorizerError:
        wrong = next((label for label in labels if not self._knows(label)), None)
        close: Sequence[str] = []
        if isinstance(wrong, str):
            close = difflib.get_close_matches(wrong, [label for label in self.classes_ if isinstance(label, str)], 3)
        known = str(list(self.classes_[:_MOST_SHOWN]))
        if len(self.classes_) > _MOST_SHOWN:
            known += f" and {len(self.classes_) - _MOST_SHOWN} more"
        fix = f"add it to the categories, or use one of {known}"
        return VectorizerError(
            f"Unknown category {wrong!r}.", where, f"did you mean {close[0]!r}? {fix}" if close else fix
        )

    def _knows(self, label: Any) -> bool:
        try:
            return label in self.by_label
        except TypeError:  # it has no hash, as a list
            return False
