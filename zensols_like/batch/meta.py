"""What is known about the batches of a stash, for whoever builds a model for them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from zensols_like.batch.domain import Batch
from zensols_like.batch.mapping import BatchFeatureMapping, FieldFeatureMapping
from zensols_like.batch.notebook import html_table
from zensols_like.batch.point import DataPoint
from zensols_like.config import Dictable
from zensols_like.settings import NetworkSettings
from zensols_like.vectorize import EncodableFeatureVectorizer

__all__ = ["BatchFieldMetadata", "BatchMetadata", "HasBatchMetadata", "MetadataNetworkSettings"]


@dataclass
class BatchFieldMetadata(Dictable):
    """An attribute and the vectorizer that it goes through."""

    field: FieldFeatureMapping
    """The mapping of the attribute."""
    vectorizer: EncodableFeatureVectorizer = dataclasses.field(repr=False)
    """The vectorizer."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the decoded tensor; -1 for a free dimension."""
        return self.vectorizer.shape

    def lines(self) -> Iterable[tuple[int, str]]:
        """The attribute, its shape and its vectorizer."""
        yield 0, f"{self.field.attr}: {list(self.shape)}"
        yield 1, f"vectorizer: {self.field.feature_id} ({type(self.vectorizer).__name__})"


@dataclass
class BatchMetadata(Dictable):
    """The classes, the mapping and the attributes of the batches of a stash."""

    data_point_class: type[DataPoint]
    """The class of the data points."""
    batch_class: type[Batch]
    """The class of the batches."""
    mapping: BatchFeatureMapping
    """The mapping that encodes and decodes."""
    fields_by_attribute: Mapping[str, BatchFieldMetadata]
    """The attributes that are decoded, by name."""

    def lines(self) -> Iterable[tuple[int, str]]:
        """The classes, then the attributes."""
        yield 0, f"data point: {self.data_point_class.__qualname__}"
        yield 0, f"batch: {self.batch_class.__qualname__}"
        yield 0, "attributes:"
        for one in self.fields_by_attribute.values():
            yield from ((depth + 1, line) for depth, line in one.lines())

    def _repr_html_(self) -> str:
        rows = [
            (name, list(one.shape), f"{one.field.feature_id} ({type(one.vectorizer).__name__})")
            for name, one in self.fields_by_attribute.items()
        ]
        caption = f"{self.batch_class.__qualname__} of {self.data_point_class.__qualname__}"
        return html_table(caption, ("attribute", "shape", "vectorizer"), rows)


class HasBatchMetadata(Protocol):
    """What knows its batches, as a `BatchStash`."""

    @property
    def batch_metadata(self) -> BatchMetadata:
        """What is known about the batches."""


@dataclass
class MetadataNetworkSettings(NetworkSettings):
    """Settings of a model that is built for the batches of a stash."""

    batch_stash: Any = dataclasses.field(repr=False)
    """The stash whose batches the model gets, a `HasBatchMetadata`."""

    @property
    def batch_metadata(self) -> BatchMetadata:
        """What is known about the batches."""
        stash: HasBatchMetadata = self.batch_stash
        return stash.batch_metadata
