"""Batches: what a user holds in the hand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, TextIO

import torch
from torch import Tensor

from zensols_like.batch.codec import BatchCodec
from zensols_like.batch.columns import ColumnSource
from zensols_like.batch.interface import Contexts, EncodedBatch
from zensols_like.batch.mapping import BatchFeatureMapping
from zensols_like.batch.notebook import html_table
from zensols_like.batch.point import DataPoint, GivenPoints, PointColumns
from zensols_like.batch.state import LETTERS, Copied, Deallocated, Decoded, Encoded, Nascent, Payload
from zensols_like.errors import BatchError, MappingError
from zensols_like.loader import widen
from zensols_like.persist import PersistableContainer
from zensols_like.protocols import Deallocatable, Writable
from zensols_like.source.digest import cached_names
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import CategoryEncodableFeatureVectorizer, EncodableFeatureVectorizer

__all__ = ["Batch", "BatchHost", "DataPoint", "DefaultBatch"]


class BatchHost(Protocol):
    """All that a batch asks of the stash that owns it."""

    @property
    def codec(self) -> BatchCodec:
        """How to encode and decode."""

    @property
    def model_torch_config(self) -> TorchConfig:
        """Where `Batch.to` copies the tensors."""

    @property
    def decoded_attributes(self) -> Collection[str] | None:
        """The attributes to decode; all when ``None``."""

    def decode(self, contexts: Contexts) -> Mapping[str, Tensor | None]:
        """The tensors of the attributes to decode, on the CPU."""

    def create_data_points(self, ids: Sequence[str]) -> tuple[DataPoint, ...]:
        """The data points of these IDs, made from the source."""


_NO_POINTS = Nascent(PointColumns(()))


class _DataPoints:
    """The field ``data_points`` of a batch: setting it makes the batch nascent."""

    def __get__(self, batch: Batch | None, owner: type[Batch]) -> tuple[DataPoint, ...]:
        if batch is None:
            raise AttributeError("data_points")  # the field has no default
        return batch._points()  # noqa: SLF001 (the descriptor is part of the class)

    def __set__(self, batch: Batch, points: Sequence[DataPoint] | ColumnSource | None) -> None:
        batch._begin(points)  # noqa: SLF001 (as above)


@dataclass(eq=False, repr=False)
class Batch(PersistableContainer, Deallocatable, Writable, ABC):
    """Data points on their way to tensors.

    What a batch holds is its state: data points (`n`), their contexts (`e`), tensors (`d`), tensors on the device of
    the model (`t`), or nothing (`k`).  `attributes` decodes when it is first asked, only the ``decoded_attributes`` of
    the stash; `to` gives a copy.

    Subclasses say how attributes are mapped, and may add properties for the model to use.
    """

    STATES: ClassVar[Mapping[str, str]] = {
        "n": "nascent",
        "e": "encoded",
        "d": "decoded",
        "t": "memory copied",
        "k": "deallocated",
    }
    """Names of the states for people."""
    version: ClassVar[int | str] = 1
    """Change it when the class encodes otherwise: stores made before are stale then."""

    batch_stash: Any
    """The stash that owns the batch, a `BatchHost`; ``None`` after unpickling, until `BatchStash.attach`."""
    id: str
    """The ID: the position of the batch in the plan of the store, as a string."""
    split_name: str
    """The split of the batch, as ``train``."""
    data_points: tuple[DataPoint, ...] = _DataPoints()  # type: ignore[assignment]
    """What the batch was made of; of a stored batch they are made again from the source when asked for."""
    _PERSITABLE_TRANSIENT_ATTRIBUTES: ClassVar[Collection[str]] = ("_given",)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Keep identity and the short text, which a dataclass decorator on a subclass would replace."""
        super().__init_subclass__(**kwargs)
        for name in ("__eq__", "__hash__", "__repr__"):
            if name not in vars(cls):
                setattr(cls, name, getattr(cls, name))
        replaced = sorted({"_encode", "_decode", "_encode_field", "_decode_context"} & set(vars(cls)))
        if replaced:
            raise BatchError(
                f"{cls.__qualname__} defines {replaced}, which nothing calls here.",
                f"{cls.__module__}.{cls.__qualname__}",
                "put encoding and decoding into a vectorizer: EncodableFeatureVectorizer._encode and ._decode",
            )

    @abstractmethod
    def _get_batch_feature_mappings(self) -> BatchFeatureMapping:
        """The mapping of this kind of batch."""

    @classmethod
    def from_encoded(cls, host: BatchHost, stored: EncodedBatch) -> Self:
        """A batch that decodes when it is first asked."""
        batch = cls(host, stored.id, stored.split_name, None)  # type: ignore[arg-type]
        batch._ids = stored.data_point_ids
        batch._payload = Encoded(stored.contexts)
        return batch

    def _begin(self, points: Sequence[DataPoint] | ColumnSource | None) -> None:
        if points is None:
            self._payload: Payload = _NO_POINTS
            self._ids: Sequence[str] = ()
            self._given: tuple[DataPoint, ...] | None = None
        else:
            source = GivenPoints(tuple(points)) if isinstance(points, Sequence) else points
            self._payload = Nascent(source)
            self._ids = source.ids
            self._given = source.points if isinstance(source, PointColumns) else None

    def _points(self) -> tuple[DataPoint, ...]:
        if isinstance(self._payload, Deallocated):
            raise self._wrong_state("give its data points")
        return self._host.create_data_points(self.data_point_ids) if self._given is None else self._given

    @property
    def data_point_ids(self) -> tuple[str, ...]:
        """The IDs of the data points, in the order of the rows of the tensors."""
        return tuple(self._ids)

    @property
    def _host(self) -> BatchHost:
        if self.batch_stash is None:
            raise BatchError(
                f"Batch {self.id!r} has no stash, since it was pickled.", None, "tie it again with stash.attach(batch)"
            )
        host: BatchHost = self.batch_stash
        return host

    @property
    def state(self) -> str:
        """The letter of what the batch holds; see `STATES`."""
        return LETTERS[type(self._payload)]

    @property
    def state_name(self) -> str:
        """What the batch holds, for people."""
        return self.STATES[self.state]

    @property
    def torch_config(self) -> TorchConfig:
        """Where `to` copies the tensors."""
        return self._host.model_torch_config

    def encode(self, attributes: Collection[str] | None = None) -> EncodedBatch:
        """Encode a nascent batch.

        Args:
            attributes: The attributes to encode; all when ``None``.

        Returns:
            What to store; an encoded batch gives what it has.

        Raises:
            EncodeError: A data point cannot be encoded.
            BatchError: The batch was decoded or deallocated.
        """
        if isinstance(self._payload, Nascent):
            self._payload = Encoded(self._host.codec.encode(self._payload.source, attributes))
        if not isinstance(self._payload, Encoded):
            raise self._wrong_state("be encoded")
        return EncodedBatch(self.id, self.split_name, self._ids, self._payload.contexts)

    @property
    def attributes(self) -> Mapping[str, Tensor | None]:
        """The tensors by attribute, decoded when first asked; the tensor of missing labels is ``None``.

        Shape: the first dimension of a tensor is the number of data points, unless its vectorizer says otherwise.
        Device: CPU; that of the model after `to`.

        Raises:
            BatchError: The batch was deallocated, or a context cannot be decoded.
        """
        payload = self._payload
        if isinstance(payload, (Decoded, Copied)):
            return payload.tensors
        contexts = payload.contexts if isinstance(payload, Encoded) else self.encode().contexts
        tensors = self._host.decode(contexts)
        self._payload = Decoded(tensors)
        return tensors

    def to(self, device: torch.device | str | None = None, non_blocking: bool = False) -> Self:
        """A copy with its tensors on a device, in the data types that their vectorizers want there.

        The batch itself stays as it is.  On the same device the copy shares its tensors; a copy gives itself.

        Args:
            device: The device; that of the stash's ``model_torch_config`` when ``None``.
            non_blocking: Whether the copy of pinned tensors goes on while this returns.
        """
        if device is None:
            if isinstance(self._payload, Copied):
                return self
            device = self.torch_config.device
        wide = {} if self.batch_stash is None else self._host.codec.wide_data_types
        tensors = self._each(lambda arr: arr.to(device, non_blocking=non_blocking))
        return self._clone(Copied(widen(tensors, wide)))

    def pin_memory(self) -> Self:
        """A copy with its tensors in page-locked memory, from where they go to a GPU faster; needs CUDA."""
        return self._clone(Decoded(self._each(Tensor.pin_memory)))

    def holding(self, tensors: Mapping[str, Tensor | None]) -> Self:
        """The same batch with other tensors."""
        is_on_host = all(tensor is None or tensor.is_cpu for tensor in tensors.values())
        return self._clone(Decoded(tensors) if is_on_host else Copied(tensors))

    def _each(self, change: Callable[[Tensor], Tensor]) -> dict[str, Tensor | None]:
        return {name: None if arr is None else change(arr) for name, arr in self.attributes.items()}

    def clone(self) -> Self:
        """A copy with tensors of its own: writing into them changes no other batch."""
        tensors = self._each(Tensor.clone)
        return self._clone(Copied(tensors) if isinstance(self._payload, Copied) else Decoded(tensors))

    def _clone(self, payload: Payload) -> Self:
        copied = object.__new__(type(self))
        vars(copied).update(vars(self))
        for name in cached_names(type(self)):  # which a subclass made of these tensors
            vars(copied).pop(name, None)
        copied._payload = payload
        return copied

    def deallocate(self) -> None:
        """Let go of everything but the ID and the split."""
        self._payload = Deallocated()
        self._ids = ()
        self._given = None
        self.batch_stash = None

    def _wrong_state(self, wish: str) -> BatchError:
        fixes = {
            "k": "load it again from the stash; a deallocated batch holds nothing",
            "d": "load it again from the stash; its contexts were freed when it was decoded",
            "t": "use the batch that it was copied from",
        }
        return BatchError(
            f"Batch {self.id!r} cannot {wish}: it is {self.state_name}.", None, fixes.get(self.state, "load it again")
        )

    def __getstate__(self) -> dict[str, Any]:
        """Contexts or tensors on the CPU, without the stash."""
        if isinstance(self._payload, Nascent):
            self.encode()
        state = super().__getstate__()
        state["batch_stash"] = None
        state["_ids"] = self.data_point_ids
        if isinstance(self._payload, Copied):
            state["_payload"] = Decoded(
                {name: None if arr is None else arr.cpu() for name, arr in self._payload.tensors.items()}
            )
        return state

    @property
    def _mapping(self) -> BatchFeatureMapping:
        return self._get_batch_feature_mappings()

    @property
    def has_labels(self) -> bool:
        """Whether the batch has labels; one for prediction has none."""
        label = self._mapping.label_attribute_name
        return label is not None and self.attributes.get(label) is not None

    def get_labels(self) -> Tensor | None:
        """The tensor of the label; ``None`` when the batch has no labels.

        Raises:
            BatchError: The label is not among the attributes that are decoded.
        """
        label = self._mapping.label_attribute_name
        if label is None or label not in self.attributes:
            raise BatchError(
                f"The label {label!r} of batch {self.id!r} is not decoded.",
                None,
                f"add it to decoded_attributes, now {sorted(self.attributes)}, or give the mapping a label",
            )
        return self.attributes[label]

    def get_label_feature_vectorizer(self) -> EncodableFeatureVectorizer:
        """The vectorizer of the label.

        Raises:
            BatchError: The mapping has no label.
        """
        label = self._mapping.label_attribute_name
        bound = None if label is None else self._host.codec.fields.get(label)
        if bound is None:
            raise BatchError(
                f"The mapping has no label {label!r}.", None, f"set label_attribute_name to one of {self.keys()}"
            )
        return bound.vectorizer

    def get_label_classes(self) -> Any:
        """The labels as the strings that they were encoded from.

        Raises:
            BatchError: The vectorizer of the label knows no classes, or there are no labels.
        """
        vectorizer = self.get_label_feature_vectorizer()
        if not isinstance(vectorizer, CategoryEncodableFeatureVectorizer):
            raise BatchError(
                f"The label is encoded by a {type(vectorizer).__name__}, which has no classes.",
                None,
                "encode it with a CategoryEncodableFeatureVectorizer, as NominalEncodedEncodableFeatureVectorizer",
            )
        labels = self.get_labels()
        if labels is None:
            raise BatchError(f"Batch {self.id!r} has no labels.", None, "look at has_labels first")
        are_rows = labels.dim() == 2 and labels.shape[1] == len(vectorizer.label_encoder.classes_)
        return vectorizer.get_classes((labels if are_rows else labels.reshape(-1)).cpu())

    def keys(self) -> tuple[str, ...]:
        """The names of the attributes."""
        if isinstance(self._payload, (Decoded, Copied)):
            return tuple(self._payload.tensors)
        if isinstance(self._payload, Encoded):
            there, wanted = self._payload.contexts, self._host.decoded_attributes
            return tuple(
                name for name in self._mapping.get_attributes() if name in there and (wanted is None or name in wanted)
            )
        return self._mapping.get_attributes()

    def size(self) -> int:
        """The number of data points."""
        return len(self._ids)

    def __len__(self) -> int:
        return self.size()

    def __getitem__(self, name: str) -> Tensor | None:
        attributes = self.attributes
        if name not in attributes:
            raise KeyError(f"Batch {self.id!r} has no decoded attribute {name!r}; it has {list(attributes)}.")
        return attributes[name]

    def __contains__(self, name: str) -> bool:
        return name in self.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __bool__(self) -> bool:
        return True  # also one without data points

    def lines(self) -> Iterable[tuple[int, str]]:
        """The state, the IDs and a line for each attribute."""
        yield 0, f"{self}"
        yield 1, f"split: {self.split_name}"
        yield 1, f"data point ids: {', '.join(self.data_point_ids)}"
        if not isinstance(self._payload, (Nascent, Deallocated)):
            yield 1, "attributes:"
            for name, tensor in self.attributes.items():
                yield 2, f"{name}: {_describe(tensor)}"

    def write(self, depth: int = 0, writer: TextIO | None = None, include_data_points: bool = False) -> None:
        """Write the batch for people.

        Args:
            depth: How deep the text is indented.
            writer: Where the text goes; standard output when not given.
            include_data_points: Whether the data points follow, made again from the source where needed.
        """
        super().write(depth, writer)
        if include_data_points:
            for point in self.data_points:
                point.write(depth + 1, writer)

    def _repr_html_(self) -> str:
        shown = {} if isinstance(self._payload, (Nascent, Deallocated)) else self.attributes
        rows = [(name, _describe(tensor)) for name, tensor in shown.items()]
        return html_table(str(self), ("attribute", "tensor"), rows)

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.id} of {self.split_name}: {self.size()} data points, {self.state_name}"

    def __repr__(self) -> str:
        return f"<{self}>"


def _describe(tensor: Tensor | None) -> str:
    """Data type, shape and device of a tensor."""
    if tensor is None:
        return "none"
    return f"{str(tensor.dtype).removeprefix('torch.')}{list(tensor.shape)} on {tensor.device}"


@dataclass(eq=False, repr=False)
class DefaultBatch(Batch):
    """A batch with a mapping from the configuration, given by the stash."""

    batch_feature_mappings: BatchFeatureMapping | None = None
    """The mapping."""

    def _get_batch_feature_mappings(self) -> BatchFeatureMapping:
        if self.batch_feature_mappings is None:
            raise MappingError(
                f"Batch {self.id!r} has no batch_feature_mappings.",
                None,
                "set the option batch_feature_mappings of the batch stash, or tie the batch with stash.attach(batch)",
            )
        return self.batch_feature_mappings
