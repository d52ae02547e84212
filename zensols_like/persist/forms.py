"""Records of one structure, read many times: decoded once, replayed after.

Batches of a store differ in bytes, rarely in structure.  The first record of a structure is decoded as any other; where
its value is a mapping to objects that hold tensors and small plain values, what was made is kept as a `Form`, and the
next record of that structure becomes a `Formed`: the same objects with views of its own bytes, each made when it is
asked for, its description unread.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from zensols_like.persist.formats import Bounded, on_replaced, registered

__all__ = ["Form", "FormCache", "FormPart", "Formed", "View", "Whole"]

Whole: TypeAlias = "np.ndarray[tuple[()], np.dtype[np.void]]"
"""A record as one structure of numpy, whose fields are the places of the tensors."""
View: TypeAlias = Callable[[Whole], Any]
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

    def make(self, whole: Whole) -> Any:
        """The object in a record."""
        made = object.__new__(self.cls)
        state = made.__dict__
        state.update(self.plain)
        for attribute, view in self.views:
            state[attribute] = view(whole)
        return made


class Form:
    """The value of records of one structure, without the bytes; known by its identity."""

    __slots__ = ("_narrowed", "_structure", "parts", "size")

    def __init__(self, parts: Mapping[str, FormPart], structure: np.dtype[np.void], size: int) -> None:
        self.parts = parts
        self.size = size
        self._structure = structure
        self._narrowed: dict[frozenset[str], Form] = {}

    def over(self, record: memoryview) -> Formed:
        """The value in a record."""
        return Formed(self, np.ndarray((), self._structure, record))

    def only(self, names: frozenset[str]) -> Form:
        """The form of some of the objects, always the same one."""
        found = self._narrowed.get(names)
        if found is None:
            parts = {name: part for name, part in self.parts.items() if name in names}
            is_whole = len(parts) == len(self.parts)
            found = self._narrowed[names] = self if is_whole else Form(parts, self._structure, self.size)
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
        places: list[tuple[Any, int]] = []
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
                    views.append((attribute, _view(str(len(places)), content)))
                    places.append(((_dtype(content), tuple(content.shape)), place))
                    plain[attribute] = None
                elif type(content) in _PLAIN:
                    plain[attribute] = content
                else:
                    return None
            parts[name] = FormPart(kind, plain, tuple(views))
        structure = _structure(places)
        return None if structure is None else cls(parts, structure, size)


def _structure(places: Sequence[tuple[Any, int]]) -> np.dtype[np.void] | None:
    """The structure with a field for each place, named by its number; ``None`` for records too large for numpy."""
    fields = {"names": [*map(str, range(len(places)))], "formats": [one for one, _ in places]}
    try:
        return np.dtype({**fields, "offsets": [place for _, place in places]})  # type: ignore[call-overload,no-any-return]
    except ValueError:  # beyond 2 GiB
        return None


def _dtype(tensor: Any) -> np.dtype[Any]:
    """The data type of numpy that holds the elements of a tensor, if only as bits."""
    try:
        found: np.dtype[Any] = tensor.numpy().dtype
    except TypeError:
        return np.dtype(_BITS[tensor.itemsize])
    return found


def _view(field: str, tensor: Any) -> View:
    """A function that makes a tensor like this one of a field of any record of the form.

    A tensor made this way has a storage of its own bytes only, since saving or sending a tensor takes its whole storage
    along; and by way of numpy it takes half the time that ``torch.frombuffer`` with ``view`` does.
    """
    from_numpy, data_type = sys.modules["torch"].from_numpy, tensor.dtype
    if from_numpy(np.empty(0, _dtype(tensor))).dtype == data_type:
        return lambda whole: from_numpy(whole[field])
    return lambda whole: from_numpy(whole[field]).view(data_type)


class Formed(Mapping[str, Any]):
    """The value of a record of a known form: a mapping whose objects are made when they are asked for.

    Args:
        form: What the value looks like.
        whole: The record.
    """

    __slots__ = ("form", "whole")

    def __init__(self, form: Form, whole: Whole) -> None:
        self.form = form
        self.whole = whole

    def only(self, names: frozenset[str]) -> Formed:
        """The same without other objects."""
        return Formed(self.form.only(names), self.whole)

    def __getitem__(self, name: str) -> Any:
        return self.form.parts[name].make(self.whole)

    def __iter__(self) -> Iterator[str]:
        return iter(self.form.parts)

    def __len__(self) -> int:
        return len(self.form.parts)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)  # a form is worth nothing in another process


class FormCache(Bounded[tuple[int, int], Form]):
    """The forms that were met, by the layout and the length of their records.

    A layout is a checksum of all that distinguishes the structure of records; see `layout_of`.  A record of a known
    form is never unpickled, so that nothing in its description matters.
    """

    def __init__(self) -> None:
        super().__init__()
        on_replaced(self.clear)
