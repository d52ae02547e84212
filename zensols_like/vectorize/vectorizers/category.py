"""What vectorizers of labels have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from zensols_like.errors import VectorizerError
from zensols_like.vectorize.context import FeatureContext
from zensols_like.vectorize.fingerprint import canonical
from zensols_like.vectorize.labels import LabelEncoder
from zensols_like.vectorize.values import flatten, is_series
from zensols_like.vectorize.vectorizer import EncodableFeatureVectorizer

__all__ = ["CategoryEncodableFeatureVectorizer", "are_labels"]

_LABELS = frozenset((str, int, bool))


@dataclass
class CategoryEncodableFeatureVectorizer(EncodableFeatureVectorizer):
    """A base of vectorizers of labels; IDs follow the sorted order of the labels, unless told otherwise.

    A subclass says in `_encode_ids` what to store of IDs.  It takes lists of labels: of one data point, or of all with
    ``is_agg``.
    """

    DESCRIPTION: ClassVar[str] = "category"
    encodes_data_type: ClassVar[bool] = False

    categories: Collection[Any]
    """The labels, in any order."""

    # no part of the fingerprint itself: the categories are there in the order of their IDs
    sort_categories: bool = field(default=True, kw_only=True, metadata={"fingerprint": False})
    """Whether IDs follow the sorted order of the labels; otherwise they follow the order in which they are given."""

    unknown: Any = field(default=None, kw_only=True)
    """The category that stands for each label that is none, as ``<other>``; without it such a label is an error."""

    def __post_init__(self) -> None:
        encoder = self.label_encoder  # wrong categories show when the vectorizer is made
        if self.unknown is not None and self.unknown not in encoder.by_label:
            raise VectorizerError(
                f"The category {self.unknown!r} for unknown labels is not one of the categories.",
                self._where(),
                "add it to the categories",
            )

    @cached_property
    def label_encoder(self) -> LabelEncoder:
        """Labels to IDs and back."""
        encoder = LabelEncoder.of(self.categories, self._where())
        if self.sort_categories:
            return encoder
        if isinstance(self.categories, Set):
            raise VectorizerError(
                f"The categories are a {type(self.categories).__name__}, which has no order.",
                self._where(),
                "give them as a list, or leave sort_categories as it is",
            )
        place = {label: number for number, label in enumerate(dict.fromkeys(self.categories))}
        return LabelEncoder(tuple(sorted(encoder.classes_, key=place.__getitem__)))

    @property
    def by_label(self) -> Mapping[Any, int]:
        """The ID of each label."""
        return self.label_encoder.by_label

    def get_classes(self, nominals: Iterable[int] | Tensor) -> list[Any]:
        """The label of each ID.

        Args:
            nominals: IDs; or rows as of a one-hot tensor or of scores, of which the largest counts.
        """
        ids = torch.as_tensor(nominals if isinstance(nominals, (Tensor, np.ndarray)) else list(nominals))
        if ids.dim() == 2 and ids.shape[1] == len(self.label_encoder.classes_):
            ids = ids.to(torch.float64).argmax(1)
        if ids.dim() != 1:
            raise VectorizerError(
                f"A tensor of shape {tuple(ids.shape)} holds no IDs of categories.",
                self._where(),
                f"give shape (n,) or (n, {len(self.label_encoder.classes_)})",
            )
        return self.label_encoder.inverse_transform(ids.tolist(), self._where())

    def fingerprint(self) -> Mapping[str, Any]:
        """The parameters, with the categories in the order of their IDs, which is all that counts."""
        found = super().fingerprint()
        parameters = {**found["parameters"], "categories": canonical(self.label_encoder.classes_)}
        if self.unknown is None:
            del parameters["unknown"]  # as in stores that were made before there was this option
        return {**found, "parameters": parameters}

    @abstractmethod
    def _encode_ids(self, ids: Tensor) -> FeatureContext:
        """What to store of IDs.

        Args:
            ids: Shape ``(n,)``, int64.
        """

    def _encode(self, data: Sequence[Any]) -> FeatureContext:
        return self._encode_labels(self._labels(data))

    def encode_column(self, column: Sequence[Any]) -> FeatureContext | tuple[FeatureContext, ...]:
        """The labels of all data points as one context."""
        return self._encode_labels(flatten(self._labels(value) for value in column))

    def _encode_labels(self, labels: Sequence[Any]) -> FeatureContext:
        other = None if self.unknown is None else self.by_label[self.unknown]
        return self._encode_ids(torch.from_numpy(self.label_encoder.transform(labels, self._where(), other)))

    def _labels(self, data: Any) -> Sequence[Any]:
        if isinstance(data, (list, tuple)):
            return data
        if isinstance(data, np.ndarray) or is_series(data):
            values: list[Any] = data.tolist()
            return values
        raise VectorizerError(
            f"Expecting a list of labels, but got {data!r}.",
            self._where(),
            "map the attribute with is_agg=True, or give each data point a list of labels",
        )


def are_labels(column: Sequence[Any]) -> bool:
    """Whether a column has one label for each data point, and no lists of labels."""
    if isinstance(column, np.ndarray) and not column.dtype.hasobject:
        return column.ndim == 1
    return _LABELS.issuperset(map(type, column))
