"""Records of one structure, read many times: decoded once, replayed after.

Batches of a store differ in bytes, rarely in structure.  The first record of a structure is decoded as any other; where
its value is a mapping to objects that hold tensors and small plain values, what was made is kept as a `Form`, and the
next record of that structure becomes a `Formed`: the same objects with views of its own bytes, each made when it is
asked for, its description unread.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from zensols_like.persist.formats import Bounded, on_replaced, registered

__all__ = ["Form", "FormCache", "FormPart", "Formed", "View"]

View = Callable[[memoryview], Any]
"""Makes a tensor of a place in a record."""
_PLAIN = (str, int, float, bool, type(None))
_BITS = {1: np.uint8, 2: np.int16, 4: np.int32, 8: np.int64}
"""What has as many bytes as a data type that numpy does not know, such as bfloat16."""


class FormPart(NamedTuple):
    """An object of a mapping: its class, its attributes in their order, and the views that make its tensors."""

    cls: type[Any]
    plain: dict[str, Any]
    """The attributes, with ``None`` in the place of a tensor."""
    views: tuple[tuple[str, View], ...]

    def make(self, record: memoryview) -> Any:
        """The object in a record."""
        made = object.__new__(self.cls)
        state = made.__dict__
        state.update(self.plain)
        for attribute, view in self.views:
            state[attribute] = view(record)
        return made


class Form:
    """The value of records of one structure, without the bytes; known by its identity."""

    __slots__ = ("_narrowed", "parts", "size")

    def __init__(self, parts: Mapping[str, FormPart], size: int) -> None:
        self.parts = parts
        self.size = size
        self._narrowed: dict[frozenset[str], Form] = {}

    def only(self, names: frozenset[str]) -> Form:
        """The form of some of the objects, always the same one."""
        found = self._narrowed.get(names)
        if found is None:
            parts = {name: part for name, part in self.parts.items() if name in names}
            found = self._narrowed[names] = self if len(parts) == len(self.parts) else Form(parts, self.size)
        return found

    @classmethod
    def of(cls, value: Any, record: memoryview, size: int) -> Form | None:
        """The form of a value that was decoded from a record; ``None`` where it has none.

        Args:
            value: The value.
            record: The record.
            size: The bytes of its description, which is about what a form takes.
        """
        torch = sys.modules.get("torch")
        if torch is None or type(value) is not dict:
            return None
        start = int(np.frombuffer(record, dtype=np.uint8).ctypes.data)
        parts = {}
        for name, inner in value.items():
            kind = type(inner)
            is_ours = registered(kind.__module__, kind.__qualname__) is kind
            if type(name) is not str or not is_ours or getattr(inner, "__setstate__", None) is not None:
                return None
            plain: dict[str, Any] = {}
            views = []
            for attribute, content in vars(inner).items():
                if isinstance(content, torch.Tensor):
                    place = content.data_ptr() - start
                    if content.numel() == 0 or not 0 <= place < len(record):
                        return None
                    views.append((attribute, _view(content, place)))
                    plain[attribute] = None
                elif type(content) in _PLAIN:
                    plain[attribute] = content
                else:
                    return None
            parts[name] = FormPart(kind, plain, tuple(views))
        return cls(parts, size)


def _view(tensor: Any, place: int) -> View:
    """A function that makes a tensor like this one of its place in any record of the form.

    A tensor made this way has a storage of its own bytes only, since saving or sending a tensor takes its whole storage
    along; and by way of numpy it takes half the time that ``torch.frombuffer`` with ``view`` does.
    """
    array, from_numpy = np.ndarray, sys.modules["torch"].from_numpy
    shape, data_type = tuple(tensor.shape), tensor.dtype
    try:
        dtype: Any = tensor.numpy().dtype
    except TypeError:
        dtype = np.dtype(_BITS[tensor.itemsize])
        return lambda record: from_numpy(array(shape, dtype, record, place)).view(data_type)
    return lambda record: from_numpy(array(shape, dtype, record, place))


class Formed(Mapping[str, Any]):
    """The value of a record of a known form: a mapping whose objects are made when they are asked for.

    Args:
        form: What the value looks like.
        record: The bytes.
    """

    __slots__ = ("form", "record")

    def __init__(self, form: Form, record: memoryview) -> None:
        self.form = form
        self.record = record

    def only(self, names: frozenset[str]) -> Formed:
        """The same without other objects."""
        return Formed(self.form.only(names), self.record)

    def __getitem__(self, name: str) -> Any:
        return self.form.parts[name].make(self.record)

    def __iter__(self) -> Iterator[str]:
        return iter(self.form.parts)

    def __len__(self) -> int:
        return len(self.form.parts)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)  # a form is worth nothing in another process


class FormCache:
    """The forms that were met, by the layout and the length of their records.

    A layout is a checksum of all that distinguishes the structure of records; see `layout_of`.  A record of a known
    form is never unpickled, so that nothing in its description matters.
    """

    def __init__(self) -> None:
        self._forms: Bounded[tuple[int, int], Form] = Bounded()
        on_replaced(self._forms.clear)

    def find(self, layout: int, length: int) -> Form | None:
        """The form of records; ``None`` when none of them was met."""
        return self._forms.get((layout, length))

    def keep(self, layout: int, length: int, form: Form) -> None:
        """Remember the form of records of a layout and a length."""
        self._forms.keep((layout, length), form, form.size)
