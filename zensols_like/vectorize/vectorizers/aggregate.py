"""Sequences of different lengths as one padded tensor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from zensols_like.errors import VectorizerError
from zensols_like.vectorize.context import (
    FeatureContext,
    MultiFeatureContext,
    PackedFeatureContext,
    TensorFeatureContext,
)
from zensols_like.vectorize.values import require_number
from zensols_like.vectorize.vectorizer import EncodableFeatureVectorizer

__all__ = ["AggregateEncodableFeatureVectorizer"]


@dataclass
class AggregateEncodableFeatureVectorizer(EncodableFeatureVectorizer):
    """Lets another vectorizer encode each of several values, and pads their tensors to one length.

    Where the tensors differ in further dimensions, as those of the characters of words do that are aggregated twice,
    these are padded to the longest, too.

    Example:
        >>> from zensols_like.torchconfig import TorchConfig
        >>> from zensols_like.vectorize import FeatureVectorizerManager, NominalEncodedEncodableFeatureVectorizer
        >>> tag = NominalEncodedEncodableFeatureVectorizer.of("tag", categories=["noun", "verb"])
        >>> tags = AggregateEncodableFeatureVectorizer.of("tags", delegate_feature_id="tag")
        >>> manager = FeatureVectorizerManager.of("text", TorchConfig(use_gpu=False), [tag, tags])
        >>> manager["tags"].transform([["noun", "verb"], ["verb"]])
        tensor([[   0,    1],
                [   1, -100]])

    Shape: ``(n, size, …)``, with the dimensions of the delegate's tensor after its first; documented as
    ``(-1, *delegate.shape[1:])``.  Dtype: the delegate's.  Device: CPU.
    """

    DESCRIPTION: ClassVar[str] = "aggregate"
    encodes_data_type: ClassVar[bool] = False
    DEFAULT_PAD_LABEL: ClassVar[int] = torch.nn.CrossEntropyLoss().ignore_index
    """What the cross entropy loss ignores."""

    delegate_feature_id: str
    """The vectorizer of each value; ``manager.feature_id`` for one of another manager."""

    size: int = field(default=-1, metadata={"fingerprint": False})
    """The length to pad to; -1 for that of the longest of a batch.  Longer ones are cut."""

    pad_label: int = field(default=DEFAULT_PAD_LABEL, metadata={"fingerprint": False})
    """What to pad with."""

    def __post_init__(self) -> None:
        require_number(self.size, "size", self._where())
        require_number(self.pad_label, "pad_label", self._where(), is_whole=False)

    @property
    def delegate(self) -> EncodableFeatureVectorizer:
        """The vectorizer of each value."""
        if self.manager is None:
            raise VectorizerError(
                f"The vectorizer {self.delegate_feature_id!r} cannot be found without a manager.",
                self._where(),
                "put both into one FeatureVectorizerManager",
            )
        delegate = self.manager[self.delegate_feature_id]
        if delegate is self:
            raise VectorizerError(
                "It is its own delegate.", self._where(), "set delegate_feature_id to the vectorizer of each value"
            ).of_configuration()
        return delegate

    def create_padded_tensor(
        self, size: Sequence[int], data_type: torch.dtype | None = None, device: torch.device | None = None
    ) -> Tensor:
        """A tensor of nothing but padding.

        Args:
            size: Its shape.
            data_type: That of the torch configuration when not given.
            device: The CPU when not given.

        Raises:
            VectorizerError: The data type cannot hold the padding.
        """
        wanted = self.torch_config.data_type if data_type is None else data_type
        if not _holds(wanted, self.pad_label):
            raise VectorizerError(
                f"{wanted} cannot hold the pad_label {self.pad_label}.",
                self._where(),
                "give another pad_label",
            )
        return torch.full(tuple(size), self.pad_label, dtype=wanted, device=device)

    def fingerprint(self) -> Mapping[str, Any]:
        """Its own parameters and those of the delegate."""
        return {**super().fingerprint(), "delegate": self.delegate.fingerprint()}

    def _get_shape(self) -> tuple[int, ...]:
        return -1, *self.delegate.shape[1:]

    def _encode(self, data: Iterable[Any]) -> FeatureContext:
        delegate = self.delegate
        context = PackedFeatureContext.pack(self.feature_id, tuple(delegate.encode(value) for value in data))
        if delegate.decoding == "identity" and not isinstance(context, PackedFeatureContext):
            # what does not fit shows now, and not in the training loop
            self._filled([one.tensor for one in context.contexts if isinstance(one, TensorFeatureContext)])
        return context

    def _decode(self, context: FeatureContext) -> Tensor | None:
        if not isinstance(context, MultiFeatureContext):
            return super()._decode(context)
        delegate = self.delegate
        if isinstance(context, PackedFeatureContext) and delegate.decoding in ("identity", "rowwise"):
            rows = delegate.decode(TensorFeatureContext(context.inner_id, context.tensor))
            if rows is not None and len(rows) == len(context.tensor):
                return self._pad(rows, context.lengths)
        decoded = [delegate.decode(one) for one in context.contexts]
        parts = [tensor for tensor in decoded if tensor is not None]  # a context without values has no tensor
        filled = self._filled(parts)
        further = [max(sizes) for sizes in zip(*(part.shape[1:] for part in filled), strict=True)]
        length = max(map(len, parts)) if self.size < 0 else self.size
        padded = self.create_padded_tensor((len(decoded), length, *further), filled[0].dtype, filled[0].device)
        for row, part in zip(padded, decoded, strict=True):
            if part is not None and part.numel() > 0:
                row[tuple(map(slice, part[:length].shape))] = part[:length]
        return padded

    def _filled(self, parts: list[Tensor]) -> list[Tensor]:
        """The tensors that have elements, which decide about the padded one; the first where none has.

        Raises:
            VectorizerError: They have several data types or numbers of dimensions, or no dimension.
        """
        filled = [part for part in parts if part.numel() > 0] or parts[:1]
        kinds = {(part.dtype, part.dim()) for part in filled}
        if len(kinds) > 1 or any(part.dim() == 0 for part in filled):
            shown = sorted({f"{part.dtype} of shape {tuple(part.shape)}" for part in filled})
            raise VectorizerError(
                f"Tensors of {', '.join(shown[:5])} cannot be padded to one.",
                self._where(),
                f"let {self.delegate_feature_id!r} give tensors of one data type and one number of dimensions, "
                "at least one",
            )
        return filled

    def _pad(self, rows: Tensor, lengths: Tensor) -> Tensor:
        """The rows of sequences, which stand one after another, as padded sequences."""
        longest = int(lengths.max()) if self.size < 0 else self.size
        padded = self.create_padded_tensor((len(lengths), longest, *rows.shape[1:]), rows.dtype)
        mask = torch.arange(longest) < lengths.unsqueeze(1)  # (n, longest)
        if self.size >= 0 and int(lengths.max()) > self.size:
            starts = torch.repeat_interleave(lengths.cumsum(0) - lengths, lengths)
            rows = rows[torch.arange(len(rows)) - starts < self.size]
        padded[mask] = rows
        return padded


def _holds(data_type: torch.dtype, number: int) -> bool:
    return data_type.is_floating_point or int(torch.tensor(number).to(data_type)) == number
