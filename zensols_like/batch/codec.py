"""Values to contexts, contexts to tensors; knows no stash and no batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections import ChainMap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import torch
from torch import Tensor

from zensols_like.batch.columns import ColumnSource, are_all_there, is_missing, read_column, some_of
from zensols_like.batch.interface import Contexts
from zensols_like.batch.mapping import BatchFeatureMapping, FieldFeatureMapping
from zensols_like.errors import APIError, BatchError, EncodeError, MappingError
from zensols_like.persist import Form, Formed, FormPart, View, register
from zensols_like.persist.formats import Bounded
from zensols_like.protocols import Primeable
from zensols_like.torchconfig import derive_seed, reseed, seeded
from zensols_like.vectorize import (
    EncodableFeatureVectorizer,
    FeatureContext,
    FeatureVectorizerManagerSet,
    NullFeatureContext,
    TensorFeatureContext,
    put_together,
)

__all__ = ["BatchCodec", "BoundField", "CutSource", "StackedFeatureContext"]


@register
@dataclass
class StackedFeatureContext(FeatureContext):
    """The tensors of many contexts of one attribute as one tensor, which is how they are stored.

    Shape: ``tensor`` is ``(sum(lengths), …)``; ``lengths`` has the first dimension of each part, int64.
    """

    tensor: Tensor
    lengths: Tensor

    @classmethod
    def stack(cls, contexts: Sequence[FeatureContext]) -> FeatureContext | tuple[FeatureContext, ...]:
        """The contexts as one, where each is a tensor of the same kind; as they are otherwise."""
        stacked = put_together(contexts)
        return tuple(contexts) if stacked is None else cls(contexts[0].feature_id, *stacked)

    def whole(self) -> FeatureContext:
        """One context with all rows, for a vectorizer that decodes them alike."""
        return TensorFeatureContext(self.feature_id, self.tensor)

    def split(self) -> tuple[FeatureContext, ...]:
        """The contexts that were stacked, with views of the tensor."""
        parts = torch.split(self.tensor, self.lengths.tolist())
        return tuple(TensorFeatureContext(self.feature_id, part) for part in parts)


@dataclass(frozen=True)
class BoundField:
    """A mapped attribute and its vectorizer."""

    manager_name: str
    field: FieldFeatureMapping
    vectorizer: EncodableFeatureVectorizer
    is_label: bool

    def __str__(self) -> str:
        return (
            f"attribute {self.field.attr!r}, vectorizer {self.field.feature_id!r} "
            f"({type(self.vectorizer).__name__}) of manager {self.manager_name!r}"
        )

    def read(self, source: ColumnSource) -> Sequence[Any]:
        """The values of a column.

        Raises:
            EncodeError: They cannot be read; names the data point.
        """
        return read_column(source, self.field.attribute_accessor, self.is_label, self)

    def encode(self, ids: Sequence[str], values: Sequence[Any]) -> FeatureContext | tuple[FeatureContext, ...]:
        """The contexts of a column.

        Raises:
            EncodeError: A value cannot be encoded; names its data point.
        """
        if self.is_label and not are_all_there(values):
            missing = [is_missing(value) for value in values]
            if all(missing):
                return NullFeatureContext(self.field.feature_id)
            if any(missing):
                unlabeled = [id for id, is_null in zip(ids, missing, strict=True) if is_null]
                raise EncodeError(
                    f"Some data points of a batch have a label and others have none: {some_of(unlabeled)} have none.",
                    str(self),
                    "label all data points of the batch or none; put unlabeled ones in a split of their own",
                )
        try:
            return self._encode(values)
        except Exception as error:
            raise self._explain(ids, values, error) from error

    def _encode(self, values: Sequence[Any]) -> FeatureContext | tuple[FeatureContext, ...]:
        if self.field.is_agg:
            return self.vectorizer.encode(tuple(values))
        column = self.vectorizer.encode_column(values)
        if isinstance(column, FeatureContext):
            return column
        stacked = StackedFeatureContext.stack(column)
        if not isinstance(stacked, FeatureContext):
            self.decode(stacked)  # now, and not in the training loop, it shows whether the tensors fit together
        return stacked

    def _explain(self, ids: Sequence[str], values: Sequence[Any], error: Exception) -> EncodeError:
        """The error of the first data point that fails on its own, or else of all of them."""
        for id, value in zip(ids, values, strict=True):
            try:
                self._encode([value])
            except Exception as own:  # noqa: BLE001 (whatever a vectorizer raises is what we are looking for)
                what, fix = _told(own)
                return EncodeError(
                    f"Cannot encode data point {id!r}. {what}", str(self), fix or f"look at the value, {_short(value)}"
                )
        return EncodeError(
            f"The values of data points {some_of(ids)} cannot be encoded together. {_told(error)[0]}",
            str(self),
            "give the tensors of one attribute the same data type and dimensions after the first, or pad them: an "
            "AggregateEncodableFeatureVectorizer over one that gives a tensor of shape (length, ...) for each value",
        )

    def decode(self, context: FeatureContext | tuple[FeatureContext, ...]) -> Tensor | None:
        """The tensor of a column; ``None`` for a missing label.

        Raises:
            BatchError: The contexts do not decode to tensors that fit together.
        """
        try:
            if isinstance(context, StackedFeatureContext):
                context = context.whole() if self.vectorizer.decoding in ("identity", "rowwise") else context.split()
            if isinstance(context, FeatureContext):
                return self.vectorizer.decode(context)
            return torch.cat([self._decode_one(one) for one in context])
        except BatchError:
            raise
        except Exception as error:
            what, fix = _told(error)
            raise BatchError(f"Cannot decode {self.field.attr!r}. {what}", str(self), fix) from error

    def _decode_one(self, context: FeatureContext) -> Tensor:
        tensor = self.vectorizer.decode(context)
        if tensor is None:
            raise BatchError(
                "One of several contexts is empty.", str(self), "encode each value to a tensor, if need be without rows"
            )
        return tensor


class CutSource(ABC):
    """The columns of a batch that may have been encoded with those of other batches."""

    @abstractmethod
    def context(self, bound: BoundField) -> FeatureContext | None:
        """The context of a column; ``None`` where it has to be encoded by itself."""


@dataclass(frozen=True)
class BatchCodec:
    """Values to contexts, contexts to tensors.

    Args:
        mapping: Which attribute goes through which vectorizer.
        vectorizers: The managers that the mapping names.
        seed: The seed of the run; what is random in an encode depends on it and on the IDs of the batch only.
    """

    mapping: BatchFeatureMapping
    vectorizers: FeatureVectorizerManagerSet
    seed: int = 0

    @cached_property
    def fields(self) -> Mapping[str, BoundField]:
        """The attributes, in the order of the mapping.

        Raises:
            MappingError: The mapping names a manager or a vectorizer that is not there.
        """
        self.mapping.check()
        return {mapped.attr: self._bind(manager.vectorizer_manager_name, mapped) for manager, mapped in self._pairs()}

    @cached_property
    def wide_data_types(self) -> Mapping[str, torch.dtype]:
        """By attribute the data type of its tensor where the model is, if it is another one there."""
        wide = {name: bound.vectorizer.wide_data_type for name, bound in self.fields.items()}
        return {name: dtype for name, dtype in wide.items() if dtype is not None}

    def _pairs(self) -> Iterator[Any]:
        return self.mapping.pairs()

    def _bind(self, manager_name: str, mapped: FieldFeatureMapping) -> BoundField:
        manager = self.vectorizers.get(manager_name)
        if manager is None:
            raise MappingError(
                f"There is no vectorizer manager {manager_name!r}.",
                f"mapping of attribute {mapped.attr!r}",
                f"use one of {sorted(self.vectorizers.keys())}",
            )
        vectorizer = manager.get(mapped.feature_id)
        if vectorizer is None:
            raise MappingError(
                f"There is no vectorizer with feature_id {mapped.feature_id!r} in manager {manager_name!r}.",
                f"mapping of attribute {mapped.attr!r}",
                f"use one of {sorted(manager.keys())}",
            )
        return BoundField(manager_name, mapped, vectorizer, self.mapping.is_label(mapped))

    def fields_of(self, attributes: Collection[str] | None) -> Mapping[str, BoundField]:
        """Some attributes, in the order of the mapping; all of them when ``None``."""
        names = self.fields.keys() if attributes is None else frozenset(attributes)
        return {name: bound for name, bound in self.fields.items() if name in names}

    def prime(self) -> None:
        """Prime the vectorizers that are `Primeable`, those that are not mapped too: others may encode by them.

        This is done once, before something is encoded in a process; who only decodes primes none.
        """
        self._is_primed  # noqa: B018

    def all_vectorizers(self) -> Iterator[EncodableFeatureVectorizer]:
        """Those of all managers, also those that are not mapped."""
        return chain.from_iterable(manager.values() for manager in self.vectorizers.values())

    @cached_property
    def _is_primed(self) -> bool:
        for vectorizer in self.all_vectorizers():
            if isinstance(vectorizer, Primeable):
                vectorizer.prime()
        return True

    def encode(self, source: ColumnSource, attributes: Collection[str] | None = None) -> Contexts:
        """The contexts of a batch, a column at a time, by vectorizers that are primed.

        The random generators of Python, numpy and torch are seeded from the seed of the run and the IDs, and restored.

        Args:
            source: The values of the data points.
            attributes: The attributes to encode; all of the mapping when ``None``.

        Raises:
            EncodeError: A data point cannot be encoded; names it, the attribute and the vectorizer.
        """
        self.prime()
        wanted = self.fields_of(attributes)
        if not source.is_random and not any(bound.vectorizer.is_random for bound in wanted.values()):
            if isinstance(source, CutSource):
                return {name: source.context(bound) or _context(source, bound) for name, bound in wanted.items()}
            return {name: _context(source, bound) for name, bound in wanted.items()}
        lengths = array("Q", map(len, source.ids)).tobytes()
        seed = derive_seed(self.seed, "encode", lengths, "".join(source.ids))
        contexts: dict[str, FeatureContext | tuple[FeatureContext, ...]] = {}
        with seeded():
            for name, bound in wanted.items():
                # each attribute has a seed of its own, so that it does not matter which others are encoded with it
                reseed(derive_seed(seed, name))
                contexts[name] = _context(source, bound)
        return contexts

    def decode(self, contexts: Contexts) -> dict[str, Tensor | None]:
        """The tensor of each context, on the CPU, in the order of the mapping; ``None`` for missing labels.

        Raises:
            BatchError: A context belongs to no attribute of the mapping, or does not decode.
        """
        if isinstance(contexts, Formed):
            whole, tensors = contexts.whole, {}
            for name, view in self._known_views.get(contexts.form) or self._views(contexts.form):
                tensors[name] = view(whole)
            return tensors
        if isinstance(contexts, ChainMap):
            decoded = {name: tensor for part in contexts.maps for name, tensor in self.decode(part).items()}
            return {name: decoded[name] for name in self.fields if name in decoded}
        self._require_mapped(contexts)
        return {name: bound.decode(contexts[name]) for name, bound in self.fields.items() if name in contexts}

    def _require_mapped(self, names: Iterable[str]) -> None:
        unknown = sorted(set(names).difference(self.fields))
        if unknown:
            raise BatchError(
                f"The attributes {unknown} are not mapped.",
                None,
                f"use some of {sorted(self.fields)}, or clear the store",
            )

    @cached_property
    def _known_views(self) -> Bounded[Form, tuple[tuple[str, View], ...]]:
        return Bounded()

    def _views(self, form: Form) -> tuple[tuple[str, View], ...]:
        """How the records of a form are decoded: for each attribute what makes its tensor."""
        self._require_mapped(form.parts)
        parts = form.parts
        views = tuple((name, _view(bound, parts[name])) for name, bound in self.fields.items() if name in parts)
        self._known_views.keep(form, views, form.size)
        return views


def _view(bound: BoundField, part: FormPart) -> View:
    """What makes the tensor of an attribute from a record.

    Where the vectorizer hands out the tensor of a context as it is, no context is made for it.
    """
    vectorizer, views = bound.vectorizer, dict(part.views)
    is_tensor = part.cls in (TensorFeatureContext, StackedFeatureContext) and "tensor" in views
    if is_tensor and vectorizer.decoding == "identity" and part.plain.get("feature_id") == vectorizer.feature_id:
        return views["tensor"]
    return lambda whole: bound.decode(part.make(whole))


def _context(source: ColumnSource, bound: BoundField) -> FeatureContext | tuple[FeatureContext, ...]:
    """The contexts of a column of a batch."""
    return bound.encode(source.ids, bound.read(source))


def _told(error: Exception) -> tuple[str, str | None]:
    """What an error says, and how it is fixed if it is one of ours."""
    if isinstance(error, APIError):
        return error.what, error.fix
    return f"{type(error).__name__}: {error}", None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
