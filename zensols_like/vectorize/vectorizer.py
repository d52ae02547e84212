"""What a vectorizer is: a Python value to a tensor in two steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

from torch import Tensor, dtype

from zensols_like.config import ConfigFactory
from zensols_like.errors import VectorizerError
from zensols_like.protocols import Writable
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize.context import (
    FeatureContext,
    MultiFeatureContext,
    NullFeatureContext,
    SparseTensorFeatureContext,
    TensorFeatureContext,
)
from zensols_like.vectorize.fingerprint import canonical, fingerprint_parameters

__all__ = [
    "ConfigurableVectorization",
    "EncodableFeatureVectorizer",
    "FeatureVectorizer",
    "TransformableFeatureVectorizer",
    "VectorizerHost",
]


class VectorizerHost(Protocol):
    """All that a vectorizer asks of its manager."""

    @property
    def name(self) -> str:
        """The name of the manager."""

    @property
    def torch_config(self) -> TorchConfig:
        """The data type of tensors."""

    def __getitem__(self, name: str, /) -> EncodableFeatureVectorizer:
        """Another vectorizer of this manager, or ``manager.feature_id`` of another one."""


_ENCODING = (
    *("encode", "encode_column", "_encode"),
    *("_encode_array", "_encode_ids", "_encode_labels", "_encode_rows"),
    *("_converted", "_labels", "_numbers", "_stack", "_tensor"),
)
"""What decides how values become tensors, in our own vectorizers: also the steps between."""


def _is_older(cls: type[Any], attribute: str, than: Iterable[str]) -> bool:
    """Whether a class has an attribute from a base further up than one of the others."""
    age = {name: depth for depth, base in reversed(list(enumerate(cls.__mro__))) for name in vars(base)}
    return any(age[attribute] > age.get(other, age[attribute]) for other in than)


@dataclass
class ConfigurableVectorization(Writable, ABC):
    """A named thing that vectorizes, made from a section of a configuration or in Python."""

    name: str
    """The name of the section."""

    config_factory: ConfigFactory | None = field(repr=False, compare=False)
    """What made it; ``None`` when made in Python."""


@dataclass
class FeatureVectorizer(ConfigurableVectorization):
    """Turns a value into a tensor."""

    DESCRIPTION: ClassVar[str] = "feature"
    """What kind of vectorizer this is, for people."""

    feature_id: str
    """The name of this vectorizer in its manager."""

    @abstractmethod
    def _get_shape(self) -> tuple[int, ...]:
        """See `shape`."""

    @abstractmethod
    def transform(self, data: Any) -> Tensor | None:
        """The tensor of a value."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the tensor, -1 for a free dimension.

        The first dimension stands for the data points, whatever its number; a last one of 1 may be left out of the
        tensor.
        """
        return self._get_shape()

    @property
    def description(self) -> str:
        """What kind of vectorizer this is, and its name."""
        return f"{self.DESCRIPTION} {self.feature_id!r}"

    def lines(self) -> Iterable[tuple[int, str]]:
        """What it is and the shape of its tensors."""
        yield 0, f"{self.feature_id}: {self.DESCRIPTION} ({type(self).__name__}), shape {self.shape}"


@dataclass
class EncodableFeatureVectorizer(FeatureVectorizer):
    """A Python value to a tensor in two steps: encode once, decode often.

    To make one, subclass it as a ``@dataclass``, with `_get_shape`, `_encode`, and `_decode` if the context is
    neither a tensor nor a sparse one.  What takes long to make ready for `_encode` goes into a method `prime`
    (`Primeable`), which is called before the first value in each process that encodes, and in the parent before there
    are workers.

    Example:
        >>> import torch
        >>> @dataclass
        ... class LengthVectorizer(EncodableFeatureVectorizer):
        ...     DESCRIPTION = "length of text"
        ...
        ...     def _get_shape(self):
        ...         return (1,)
        ...
        ...     def _encode(self, data):
        ...         return TensorFeatureContext(self.feature_id, torch.tensor([len(data)]))
        >>> LengthVectorizer.of("length").transform("hello")
        tensor([5])
    """

    version: ClassVar[int | str] = 1
    """Change it when the class encodes differently, so that batches that were encoded before are known as stale."""

    decoding: ClassVar[str] = "identity"
    """What may be done with several contexts that hold tensors.

    ``identity``: decode hands out the tensor of a context as it is.  ``rowwise``: it works row by row, so that decoding
    tensors put together equals putting decoded tensors together.  ``custom``: nothing is known; this is what a class
    that overrides `_decode` gets unless it says otherwise.
    """

    encodes_data_type: ClassVar[bool] = True
    """Whether what is encoded depends on ``torch_config.data_type``, which is then part of the fingerprint."""

    is_random: ClassVar[bool] = True
    """Whether encoding may draw random numbers, which are then seeded for each batch; set it where it never does."""

    wide_data_type: ClassVar[dtype | None] = None
    """The data type of the tensor where the model is, if it is another one than that of the decoded tensor.

    A batch that goes to a device takes the decoded tensor there, with its few bytes, and is widened on it.
    """

    manager: VectorizerHost | None = field(repr=False, compare=False)
    """The manager of this vectorizer; ``None`` until it belongs to one."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if _is_older(cls, "decoding", than=("_decode", "decode")):
            cls.decoding = "custom"
        if _is_older(cls, "is_random", than=("_encode", "encode", "encode_column")):
            cls.is_random = True
        others = ("_encode", "encode", "_decode", "decode") if cls.decoding == "custom" else ("_encode", "encode")
        if _is_older(cls, "encode_column", than=others):
            # what a base class does with a whole column need not be what this class does with a value
            cls.encode_column = EncodableFeatureVectorizer.encode_column  # type: ignore[method-assign]
        if _is_older(cls, "encodes_rows", than=_ENCODING):
            cls.encodes_rows = EncodableFeatureVectorizer.encodes_rows  # type: ignore[method-assign]

    @classmethod
    def of(cls, feature_id: str, **parameters: Any) -> Self:
        """A vectorizer made in Python, without a configuration.

        Args:
            feature_id: Its name in the manager.
            parameters: What the constructor takes beside name, factory and manager.
        """
        return cls(name=feature_id, config_factory=None, feature_id=feature_id, manager=None, **parameters)

    @property
    def torch_config(self) -> TorchConfig:
        """The manager's; the default on the CPU as long as there is no manager."""
        return TorchConfig(use_gpu=False) if self.manager is None else self.manager.torch_config

    @abstractmethod
    def _encode(self, data: Any) -> FeatureContext:
        """The context of a value."""

    def _decode(self, context: FeatureContext) -> Tensor | None:
        """The tensor of a context of this vectorizer; override unless the context holds one."""
        if isinstance(context, TensorFeatureContext):
            return context.tensor
        if isinstance(context, SparseTensorFeatureContext):
            return context.to_tensor()
        raise VectorizerError(
            f"A {type(context).__name__} holds no tensor.",
            self._where(),
            f"override _decode in {type(self).__name__}, or let _encode give a TensorFeatureContext",
        )

    def encode(self, data: Any) -> FeatureContext:
        """What to store of a value.

        Args:
            data: A value of the kind that this vectorizer takes.

        Returns:
            A small context that can be pickled.
        """
        context = self._encode(data)
        if not isinstance(context, FeatureContext):
            raise VectorizerError(
                f"{type(self).__name__}._encode gave a {type(context).__name__}, which is no FeatureContext.",
                self._where(),
                "return what holds it, as TensorFeatureContext(self.feature_id, tensor)",
            )
        return context

    def encode_column(self, column: Sequence[Any]) -> FeatureContext | tuple[FeatureContext, ...]:
        """What to store of a column of a batch, that is of one value for each data point.

        Override it where a column can be encoded faster than its values one by one.

        Args:
            column: The values in the order of the data points.

        Returns:
            A context for each value; or one for all of them, whose tensor equals ``torch.cat`` of theirs.
        """
        return tuple(self.encode(value) for value in column)

    def encodes_rows(self, column: Sequence[Any]) -> bool:  # noqa: ARG002 (subclasses look at it)
        """Whether each of these values becomes one row of the tensor of one context, made of that value alone.

        Then the columns of several batches are encoded together and cut.  A class that encodes in another way than its
        base class says it again.

        Args:
            column: A value for each data point.
        """
        return False

    def decode(self, context: FeatureContext) -> Tensor | None:
        """Turn a stored context back into a tensor.

        Args:
            context: What `encode` returned, possibly read from disk.

        Returns:
            The tensor; ``None`` for a null context and for a multi context without values.

        Shape: `shape`.  Device: CPU.

        Raises:
            VectorizerError: The context was made by another vectorizer.
        """
        self._validate_context(context)
        if isinstance(context, NullFeatureContext):
            return None
        if isinstance(context, MultiFeatureContext) and context.is_empty:
            return None
        return self._decode(context)

    def transform(self, data: Any) -> Tensor | None:
        """The tensor of a value: encode and decode."""
        return self.decode(self.encode(data))

    def fingerprint(self) -> Mapping[str, Any]:
        """What determines the bytes that this vectorizer encodes, as plain JSON values.

        By default the class, its version and the parameters of its constructor, but for those whose field has
        ``metadata={"fingerprint": False}`` since they only matter when decoding.

        Raises:
            VectorizerError: A parameter is no plain value, and the class has no version of its own.
        """
        found: dict[str, Any] = {
            "class": canonical(type(self)),
            "version": self.version,
            "parameters": fingerprint_parameters(self, EncodableFeatureVectorizer, self._where(), self._stores_decoded),
        }
        if self.encodes_data_type or self._stores_decoded:
            found["data_type"] = str(self.torch_config.data_type).removeprefix("torch.")
        return found

    @property
    def _stores_decoded(self) -> bool:
        """Whether contexts hold what `decode` gives, so that what matters when decoding does so when encoding, too."""
        return False

    def _validate_context(self, context: FeatureContext) -> None:
        """Refuse a context of another vectorizer.

        Raises:
            VectorizerError: It was made by another one.
        """
        if context.feature_id != self.feature_id:
            raise VectorizerError(
                f"A context of vectorizer {context.feature_id!r} cannot be decoded by {self.feature_id!r}.",
                self._where(),
                f"decode it with the vectorizer {context.feature_id!r}, or let _encode give it its own feature_id",
            )

    def _where(self) -> str:
        """Where to look when something is wrong."""
        owner = "" if self.manager is None else f" of manager {self.manager.name!r}"
        return f"vectorizer {self.feature_id!r} ({type(self).__name__}){owner}"


@dataclass
class TransformableFeatureVectorizer(EncodableFeatureVectorizer):
    """A vectorizer that can decode already when it encodes, and store the tensor.

    For what is slow to decode and small as a tensor.
    """

    encode_transformed: bool
    """Store the decoded tensor; then parameters that only matter when decoding are part of the fingerprint, too."""

    @property
    def _stores_decoded(self) -> bool:
        return self.encode_transformed

    def encode(self, data: Any) -> FeatureContext:
        """The context of a value; holds the decoded tensor with `encode_transformed`."""
        context = super().encode(data)
        if not self.encode_transformed:
            return context
        tensor = super().decode(context)
        return NullFeatureContext(self.feature_id) if tensor is None else TensorFeatureContext(self.feature_id, tensor)

    def decode(self, context: FeatureContext) -> Tensor | None:
        """The tensor; it is in the context already with `encode_transformed`."""
        if self.encode_transformed and isinstance(context, TensorFeatureContext):
            self._validate_context(context)
            return context.tensor
        return super().decode(context)
