"""Records of one structure, read many times: decoded once, replayed after.

Batches of a store differ in bytes, rarely in structure.  The first record of a structure is decoded as any other; where
its value is a mapping to objects that hold tensors and small plain values, what was made is kept as a `Form`, and the
next record of that structure becomes the same objects with views of its own bytes, its description unread.
"""

from __future__ import annotations

import struct
import sys
from typing import Any, NamedTuple

import numpy as np

from zensols_like.persist.formats import registered
from zensols_like.persist.frame import ALIGNMENT, HEADER_SIZE
from zensols_like.persist.mapped import Memory, Region

__all__ = ["Form", "FormCache"]

_HEAD = slice(10, 64)
"""The fields of a frame that say how the record is cut: format, sizes and the digest of the description."""
_CUT = struct.Struct("<I I 12x Q")
_PLAIN = (str, int, float, bool, type(None))
_LIMIT = 4096


class _Tensor(NamedTuple):
    """Where a tensor lies in a record, and what it looks like."""

    dtype: Any
    shape: tuple[int, ...]
    size: int
    offset: int


class _Part(NamedTuple):
    """An object of a mapping: its class, its plain attributes and its tensors."""

    name: str
    cls: type[Any]
    plain: dict[str, Any]
    tensors: tuple[tuple[str, _Tensor], ...]


class Form:
    """The value of records of one structure, without the bytes."""

    __slots__ = ("_parts",)

    def __init__(self, parts: tuple[_Part, ...]) -> None:
        self._parts = parts

    @classmethod
    def of(cls, value: Any, region: Region) -> Form | None:
        """The form of a value that was decoded from a region; ``None`` where it has none."""
        torch = sys.modules.get("torch")
        if torch is None or type(value) is not dict:
            return None
        start = int(np.frombuffer(region.memory.data, dtype=np.uint8).ctypes.data)
        parts = []
        for name, inner in value.items():
            kind = type(inner)
            is_ours = registered(kind.__module__, kind.__qualname__) is kind
            if type(name) is not str or not is_ours or getattr(inner, "__setstate__", None) is not None:
                return None
            plain, tensors = {}, []
            for attribute, content in vars(inner).items():
                if isinstance(content, torch.Tensor):
                    offset = content.data_ptr() - start - region.offset
                    if content.numel() == 0 or not 0 <= offset < region.length:
                        return None
                    tensors.append((attribute, _Tensor(content.dtype, tuple(content.shape), content.numel(), offset)))
                elif type(content) in _PLAIN:
                    plain[attribute] = content
                else:
                    return None
            parts.append(_Part(name, type(inner), plain, tuple(tensors)))
        return cls(tuple(parts))

    def value(self, memory: Memory, offset: int) -> dict[str, Any]:
        """The value of the record at an offset."""
        frombuffer = sys.modules["torch"].frombuffer  # it was there when the form was made
        data = memory.data
        made: dict[str, Any] = {}
        for name, cls, plain, tensors in self._parts:
            inner = object.__new__(cls)
            state = inner.__dict__
            state.update(plain)
            for attribute, (dtype, shape, size, place) in tensors:
                # with a storage of its own bytes only, since saving or sending a tensor takes its whole storage along
                flat = frombuffer(data, dtype=dtype, count=size, offset=offset + place)
                state[attribute] = flat if len(shape) == 1 else flat.view(shape)
            made[name] = inner
        return made


class FormCache:
    """The forms that were met, by what distinguishes the structure of records.

    Two records have one form when their frames are cut alike, their descriptions have one digest, and their shapes are
    equal.  A record of a known form is never unpickled, so that nothing in its description matters.
    """

    def __init__(self) -> None:
        self._cuts: dict[bytes, tuple[slice, slice]] = {}
        self._forms: dict[tuple[bytes, bytes, bytes], Form] = {}

    def find(self, record: memoryview) -> Form | None:
        """The form of a record; ``None`` when it is the first of its kind."""
        head = bytes(record[_HEAD])
        cut = self._cuts.get(head)
        if cut is None:
            return None
        table, shapes = cut
        return self._forms.get((head, bytes(record[table]), bytes(record[shapes])))

    def keep(self, record: memoryview, shapes_size: int, form: Form) -> None:
        """Remember the form of a record.

        Args:
            record: A record whose frame was checked.
            shapes_size: The size of its first buffer.
            form: What its value looks like.
        """
        if len(self._forms) >= _LIMIT:
            self._forms.clear()
            self._cuts.clear()
        head = bytes(record[_HEAD])
        header_size, count, description_size = _CUT.unpack_from(record, 12)
        payload = header_size + description_size
        payload += -payload % ALIGNMENT
        table = slice(HEADER_SIZE, HEADER_SIZE + 8 * count)
        shapes = slice(payload, payload + shapes_size)
        self._cuts[head] = table, shapes
        self._forms[head, bytes(record[table]), bytes(record[shapes])] = form
