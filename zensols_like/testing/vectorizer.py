"""What every vectorizer must do."""
# ruff: noqa: D102 - the name of a test is its docstring

from __future__ import annotations

import json
import pickle
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import dill
import numpy as np
import pytest
import torch
from torch import Tensor

from zensols_like.errors import VectorizerError
from zensols_like.persist.formats.record import FORMAT
from zensols_like.vectorize import EncodableFeatureVectorizer, FeatureContext, NullFeatureContext, TensorFeatureContext

__all__ = ["VectorizerContract", "agrees"]


def agrees(shape: Sequence[int], documented: Sequence[int]) -> bool:
    """Whether the shape of a tensor is the one that a vectorizer announces.

    The first dimension counts data points, so any number will do; -1 is free; a last one of 1 may be left out; a tensor
    of several sequences has one dimension more in front.

    Example:
        >>> agrees((7,), (1, 1)), agrees((7, 3), (-1, 3)), agrees((7, 4), (-1, 3))
        (True, True, False)
    """
    rest = tuple(documented[1:])
    return any(
        0 <= len(shape) - 1 - len(tail) <= 1
        and all(size in (-1, actual) for size, actual in zip(tail, shape[len(shape) - len(tail) :], strict=True))
        for tail in ([rest, rest[:-1]] if rest[-1:] == (1,) else [rest])
    )


class VectorizerContract(ABC):
    """Tests that a vectorizer passes; subclass it in a test module, with a name that begins with ``Test``.

    Example:
        .. code-block:: python

            class TestLengthVectorizer(VectorizerContract):
                vectorizer = LengthVectorizer.of("length")
                values = [["a", "bc"], ["def"]]
                tensor = torch.tensor([1, 2, 3])
    """

    empty: Any = ()
    """A value with nothing in it; ``None`` where there is no such thing."""

    @property
    @abstractmethod
    def vectorizer(self) -> EncodableFeatureVectorizer:
        """The vectorizer; a class attribute will do."""

    @property
    @abstractmethod
    def values(self) -> Sequence[Any]:
        """Two values or more that it takes."""

    @property
    @abstractmethod
    def tensor(self) -> Tensor:
        """The tensors of all values, one after the other along the first dimension."""

    @pytest.fixture
    def contexts(self) -> list[FeatureContext]:
        return [self.vectorizer.encode(value) for value in self.values]

    def test_values_become_the_expected_tensor(self, contexts: list[FeatureContext]) -> None:
        same(self._cat(contexts), self.tensor)

    def test_transform_is_encode_and_decode(self, contexts: list[FeatureContext]) -> None:
        for value, context in zip(self.values, contexts, strict=True):
            same(self.vectorizer.transform(value), self.vectorizer.decode(context))

    def test_a_context_decodes_the_same_again(self, contexts: list[FeatureContext]) -> None:
        same(self._cat(contexts), self._cat(contexts))

    def test_a_column_equals_its_values_one_by_one(self) -> None:
        for column in (list(self.values), tuple(self.values), [self.values[0]], list(reversed(self.values))):
            encoded = self.vectorizer.encode_column(column)
            one_by_one = self._cat([self.vectorizer.encode(value) for value in column])
            if isinstance(encoded, FeatureContext):
                assert encoded.feature_id == self.vectorizer.feature_id
                same(self.vectorizer.decode(encoded), one_by_one)
            else:
                assert len(encoded) == len(column)
                same(self._cat(encoded), one_by_one)

    def test_what_is_encoded_together_may_be_cut_in_rows(self) -> None:
        for column in self._columns():
            if self.vectorizer.encodes_rows(column):
                whole = self.vectorizer.encode(tuple(column))
                assert type(whole) is TensorFeatureContext
                assert len(whole.tensor) == len(column)
                alone = [self.vectorizer.encode((value,)) for value in column]
                same(whole.tensor, torch.cat([one.tensor for one in alone if isinstance(one, TensorFeatureContext)]))

    def _columns(self) -> Iterator[Any]:
        """The values, the same as an array of numbers, and each value that is a list."""
        yield self.values
        with suppress(ValueError, TypeError):
            array = np.asarray(self.values)
            if array.dtype.kind in "biuf":
                yield array
        yield from (value for value in self.values if isinstance(value, list))

    def test_contexts_can_be_pickled(self, contexts: list[FeatureContext]) -> None:
        same(self._cat(pickle.loads(pickle.dumps(contexts))), self.tensor)  # noqa: S301 - our own bytes

    def test_contexts_can_be_stored_in_records(self, contexts: list[FeatureContext]) -> None:
        stored = [bytearray(part) for part in FORMAT.encode(contexts)]
        same(self._cat(FORMAT.decode(stored)), self.tensor)

    def test_encoding_does_not_change_what_was_encoded_before(self, contexts: list[FeatureContext]) -> None:
        before = pickle.dumps(contexts)
        self.vectorizer.encode_column(list(reversed(self.values)))
        self._cat(contexts)
        assert pickle.dumps(contexts) == before

    def test_the_shape_is_the_announced_one(self, contexts: list[FeatureContext]) -> None:
        shape, announced = tuple(self._cat(contexts).shape), self.vectorizer.shape
        assert agrees(shape, announced), f"the tensor has shape {shape}, the vectorizer says {announced}"

    def test_tensors_lie_on_the_cpu(self, contexts: list[FeatureContext]) -> None:
        assert self._cat(contexts).device == torch.device("cpu")

    def test_a_context_of_another_vectorizer_is_refused(self, contexts: list[FeatureContext]) -> None:
        contexts[0].feature_id = "another vectorizer"
        with pytest.raises(VectorizerError, match="another vectorizer"):
            self.vectorizer.decode(contexts[0])

    def test_no_value_has_no_tensor(self) -> None:
        assert self.vectorizer.decode(NullFeatureContext(self.vectorizer.feature_id)) is None

    def test_an_empty_value_gives_an_empty_tensor_or_none(self) -> None:
        if self.empty is not None:
            tensor = self.vectorizer.transform(self.empty)
            assert tensor is None or tensor.numel() == 0

    def test_it_travels_to_another_process(self) -> None:
        there = dill.loads(dill.dumps(self.vectorizer))  # noqa: S301 - our own bytes
        same(torch.cat([there.transform(value) for value in self.values]), self.tensor)

    def test_the_fingerprint_is_plain_and_stays_the_same(self) -> None:
        there = dill.loads(dill.dumps(self.vectorizer))  # noqa: S301 - our own bytes
        plain = json.dumps(self.vectorizer.fingerprint(), sort_keys=True, allow_nan=False)
        assert plain == json.dumps(there.fingerprint(), sort_keys=True)

    def _cat(self, contexts: Sequence[FeatureContext]) -> Tensor:
        tensors = [self.vectorizer.decode(context) for context in contexts]
        return torch.cat([tensor for tensor in tensors if tensor is not None])


def same(actual: Tensor | None, expected: Tensor | None) -> None:
    """Fail unless two tensors have one data type, one shape and the same elements."""
    assert actual is not None
    assert expected is not None
    torch.testing.assert_close(actual, expected, rtol=0, atol=0, equal_nan=True)
