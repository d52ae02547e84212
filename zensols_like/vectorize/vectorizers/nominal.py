"""Labels as numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from zensols_like.errors import VectorizerError
from zensols_like.torchconfig import TorchTypes
from zensols_like.vectorize.context import FeatureContext, TensorFeatureContext
from zensols_like.vectorize.fingerprint import canonical
from zensols_like.vectorize.labels import LabelEncoder
from zensols_like.vectorize.vectorizer import EncodableFeatureVectorizer
from zensols_like.vectorize.vectorizers.category import CategoryEncodableFeatureVectorizer, are_labels
from zensols_like.vectorize.vectorizers.onehot import one_hot

__all__ = ["NominalEncodedEncodableFeatureVectorizer", "NominalMultiLabelEncodedEncodableFeatureVectorizer"]


@dataclass
class NominalEncodedEncodableFeatureVectorizer(CategoryEncodableFeatureVectorizer):
    """Each label as its number.

    Example:
        >>> NominalEncodedEncodableFeatureVectorizer.of("pet", categories={"dog", "cat"}).transform(["dog", "cat"])
        tensor([1, 0])

    Shape: documented as ``(1, 1)``; the tensor is ``(n,)``, or ``(n, len(categories))`` with `decode_one_hot`.
    Dtype: `data_type`, of both.  Device: CPU.

    Configuration::

        [iris_label_vectorizer]
        class_name = zensols_like.vectorize.NominalEncodedEncodableFeatureVectorizer
        feature_id = ilabel
        categories = list: Iris-setosa, Iris-versicolor, Iris-virginica
    """

    DESCRIPTION: ClassVar[str] = "nominal encoder"
    is_random: ClassVar[bool] = False
    decoding: ClassVar[str] = "rowwise"

    data_type: torch.dtype | str | None = None
    """Of the tensor, or its name; int64 when not given."""

    decode_one_hot: bool = field(default=False, metadata={"fingerprint": False})
    """Decode to rows with a one at the number of the label."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.data_type = torch.int64 if self.data_type is None else TorchTypes.resolve(self.data_type)

    def _get_shape(self) -> tuple[int, ...]:
        return (-1, len(self.label_encoder.classes_)) if self.decode_one_hot else (1, 1)

    def encodes_rows(self, column: Sequence[Any]) -> bool:
        """Whether there is a label for each data point."""
        return are_labels(column)

    def _encode_ids(self, ids: Tensor) -> FeatureContext:
        tensor = ids.to(self.data_type)
        if not torch.equal(tensor.to(torch.int64), ids):
            raise VectorizerError(
                f"{self.data_type} cannot hold the numbers of {len(self.label_encoder.classes_)} categories.",
                self._where(),
                "use a wider data_type",
            )
        return TensorFeatureContext(self.feature_id, tensor)

    def _decode(self, context: FeatureContext) -> Tensor | None:
        tensor = super()._decode(context)
        if tensor is None or not self.decode_one_hot:
            return tensor
        return one_hot(tensor, len(self.label_encoder.classes_), tensor.dtype)


@dataclass
class NominalMultiLabelEncodedEncodableFeatureVectorizer(EncodableFeatureVectorizer):
    """Any number of labels as a row with a one for each.

    Example:
        >>> pets = NominalMultiLabelEncodedEncodableFeatureVectorizer.of("pets", categories=["ant", "bee", "cat"])
        >>> pets.transform(["cat", "ant"])
        tensor([[1, 0, 1]])
        >>> pets.transform([["cat"], []])
        tensor([[0, 0, 1],
                [0, 0, 0]])

    Shape: ``(1, len(categories))`` for the labels of one data point; ``(n, len(categories))`` for a list of such lists.
    Dtype: `data_type`.  Device: CPU.
    """

    DESCRIPTION: ClassVar[str] = "multi-label encoder"
    is_random: ClassVar[bool] = False
    encodes_data_type: ClassVar[bool] = False

    categories: Collection[Any]
    """The labels, in any order."""

    data_type: torch.dtype | str | None = None
    """Of the tensor, or its name; int64 when not given."""

    def __post_init__(self) -> None:
        self.label_encoder = LabelEncoder.of(self.categories, self._where())
        self.data_type = torch.int64 if self.data_type is None else TorchTypes.resolve(self.data_type)

    @property
    def by_label(self) -> Mapping[Any, int]:
        """The ID of each label."""
        return self.label_encoder.by_label

    def get_classes(self, rows: Iterable[Any] | Tensor) -> list[list[Any]]:
        """The labels of each row."""
        marks = torch.as_tensor(rows)
        return [self.label_encoder.inverse_transform(row.nonzero().flatten().tolist(), self._where()) for row in marks]

    def fingerprint(self) -> Mapping[str, Any]:
        """The parameters, with the categories sorted, since columns do not depend on their order."""
        found = super().fingerprint()
        return {**found, "parameters": {**found["parameters"], "categories": canonical(self.label_encoder.classes_)}}

    def _get_shape(self) -> tuple[int, ...]:
        return 1, len(self.label_encoder.classes_)

    def _encode(self, data: Collection[Any]) -> FeatureContext:
        nested = len(data) > 0 and all(isinstance(item, (list, tuple, set, frozenset)) for item in data)
        rows = [list(row) for row in data] if nested else [list(data)]
        lengths = torch.tensor([len(row) for row in rows])
        columns = self.label_encoder.transform([label for row in rows for label in row], self._where())
        marks = torch.zeros(len(rows), len(self.label_encoder.classes_), dtype=torch.bool)
        marks[torch.arange(len(rows)).repeat_interleave(lengths), torch.from_numpy(columns)] = True
        return TensorFeatureContext(self.feature_id, marks.to(self.data_type))
