"""The tensors of contexts without the vectorizers that made them: what is stored, rather than what it decodes to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import singledispatch

import torch
from torch import Tensor

from zensols_like.batch.codec import StackedFeatureContext
from zensols_like.batch.manifest import AttributeSpec
from zensols_like.inspect.padding import Padding, find_padding
from zensols_like.inspect.report import spec_text
from zensols_like.vectorize import (
    FeatureContext,
    MaskFeatureContext,
    MultiFeatureContext,
    NullFeatureContext,
    SparseTensorFeatureContext,
    TensorFeatureContext,
)

__all__ = ["Column", "dtype_name", "stored_column"]


@dataclass(frozen=True)
class Column:
    """The values of an attribute in a batch."""

    tensor: Tensor | None
    note: str | None = None
    """What one has to know to read the values."""
    padding: Padding | None = None
    """How much of the decoded tensor is padding, where sequences are padded."""


def stored_column(context: FeatureContext | tuple[FeatureContext, ...], spec: AttributeSpec) -> Column:
    """The values that a context holds, and what they decode to where that is something else.

    Args:
        context: What is stored.
        spec: What the decoded tensor looks like.
    """
    column = replace(_stored(context), padding=find_padding(context, spec.shape))
    tensor = column.tensor
    if tensor is None or spec.dtype is None or spec.shape is None:
        return column
    if dtype_name(tensor) == spec.dtype and _fits(tuple(tensor.shape), spec.shape):
        return column
    note = f"as stored; decodes to {spec_text(spec.dtype, spec.shape)}"
    return replace(column, note=note if column.note is None else f"{column.note}; {note}")


@singledispatch
def _stored(context: object) -> Column:
    if isinstance(context, NullFeatureContext):
        return Column(None, "no values")
    return Column(
        None, f"a {type(context).__name__}, which only its vectorizer decodes: give the configuration with -c"
    )


@_stored.register(TensorFeatureContext)
@_stored.register(StackedFeatureContext)
def _(context: TensorFeatureContext | StackedFeatureContext) -> Column:
    return Column(context.tensor)


@_stored.register
def _(context: SparseTensorFeatureContext) -> Column:
    return Column(context.to_tensor())


@_stored.register
def _(context: MaskFeatureContext) -> Column:
    return Column(torch.tensor(context.sequence_lengths, dtype=torch.int64), "the lengths of sequences")


@_stored.register
def _(context: MultiFeatureContext) -> Column:
    return _stored(context.contexts)


@_stored.register
def _(contexts: tuple) -> Column:  # type: ignore[type-arg]  # registered by this class
    columns = [_stored(context) for context in contexts]
    tensors = [column.tensor for column in columns if column.tensor is not None]
    if len(tensors) < len(columns) or not tensors:
        return next((column for column in columns if column.tensor is None), Column(None, "no values"))
    first = tensors[0]
    if first.dim() > 0 and all(one.dtype == first.dtype and one.shape[1:] == first.shape[1:] for one in tensors):
        return Column(torch.cat(tensors), columns[0].note)
    return Column(torch.cat([one.reshape(-1) for one in tensors]), f"{len(tensors)} tensors one after another")


def _fits(shape: tuple[int, ...], declared: tuple[int, ...]) -> bool:
    return len(shape) == len(declared) and all(known in (-1, size) for size, known in zip(shape, declared, strict=True))


def dtype_name(tensor: Tensor) -> str:
    """The data type of a tensor, as ``float32``."""
    return str(tensor.dtype).removeprefix("torch.")
