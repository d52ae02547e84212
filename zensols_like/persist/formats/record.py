"""The default format: a small pickle that describes the value, with the bytes of tensors and arrays beside it.

The description is pickle protocol 5, restricted on both sides.  Written: numbers, strings, containers, paths, dates,
arrays, tensors and registered classes, without the memo, so that equal values (without sets) give equal bytes.  Read:
only the operations that this writes, no memo, no class but by exact name, nothing after the end.  Shapes and buffers
lie outside of it, in the order in which they are used, so that values of one structure share one description.
"""

from __future__ import annotations

import datetime
import hashlib
import io
import math
import pickle
import pickletools
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zensols_like.errors import CorruptBatch, PersistableError, UnsafeError
from zensols_like.persist.formats.allowlist import on_replaced, registered, require_registered
from zensols_like.persist.formats.base import Alike, Buffer, Format, Parts
from zensols_like.persist.formats.bounded import Bounded
from zensols_like.persist.formats.nesting import CLOSING, MAX_NESTING, nesting

__all__ = ["FORMAT", "RecordFormat"]

_OPERATIONS = frozenset(
    """
    PROTO FRAME STOP MARK NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 LONG4 BINFLOAT
    SHORT_BINUNICODE BINUNICODE BINUNICODE8 SHORT_BINBYTES BINBYTES BINBYTES8 BYTEARRAY8
    EMPTY_TUPLE TUPLE1 TUPLE2 TUPLE3 TUPLE EMPTY_LIST APPEND APPENDS EMPTY_DICT SETITEM SETITEMS
    EMPTY_SET ADDITEMS FROZENSET STACK_GLOBAL REDUCE
    """.split()
)
"""What the writer below emits; without memo there are no references, so a small file cannot blow up."""
_MAX_OPERATIONS = 4_000_000
_MAX_DESCRIPTION = 1 << 28
_CHECKED: Bounded[bytes, None] = Bounded()
"""The digests of descriptions that do nothing but describe."""
_DATES: dict[str, type[Any]] = {"datetime": datetime.datetime, "date": datetime.date, "time": datetime.time}


def _make(kind: str, *arguments: Any) -> Any:
    """The one function that a description calls.

    Here it is only a name for the pickler; the reader puts its own in its place.
    """
    raise UnsafeError(f"A {kind} with {len(arguments)} arguments is made by the reader of a record only.")


def _numpy_scalar(dtype: str, data: bytes) -> Any:
    return np.frombuffer(data, dtype=_plain_dtype(dtype))[0]


def _torch_dtype(name: str) -> Any:
    from zensols_like.persist.formats.tensors import torch_dtype  # torch is only imported for what needs it

    return torch_dtype(name)


def _torch_size(sizes: tuple[int, ...]) -> Any:
    import torch  # as above

    return torch.Size(sizes)


_VALUES: Mapping[str, Callable[..., Any]] = {
    "path": Path,
    "date": lambda kind, text: _DATES[kind].fromisoformat(text),
    "timedelta": lambda days, seconds, microseconds: datetime.timedelta(days, seconds, microseconds),
    "complex": complex,
    "ordered": lambda pairs: OrderedDict(pairs),
    "slice": slice,
    "range": range,
    "numpy scalar": _numpy_scalar,
    "numpy dtype": lambda name: _plain_dtype(name),
    "torch dtype": _torch_dtype,
    "torch size": _torch_size,
}


def _plain_dtype(name: str) -> np.dtype[Any]:
    """A numpy data type without Python objects or fields.

    Raises:
        ValueError: It is none.
    """
    dtype = np.dtype(name)
    if dtype.hasobject or dtype.fields is not None:
        raise ValueError(f"data type {name!r}")
    return dtype


class _Writer(pickle.Pickler):
    """Pickles a description; buffers and shapes are put aside."""

    def __init__(self, file: io.BytesIO, buffers: list[memoryview], numbers: list[int]) -> None:
        super().__init__(file, protocol=5)
        self.fast = True  # no memo: equal values give equal bytes, whoever owns the strings in them
        self._buffers = buffers
        self._numbers = numbers
        self._class: type[Any] | None = None

    def reducer_override(self, value: Any) -> Any:
        """How anything but numbers, strings and plain containers is described."""
        if value is _make:
            return NotImplemented  # by name
        torch = sys.modules.get("torch")
        if torch is not None:
            if isinstance(value, torch.Tensor):
                from zensols_like.persist.formats.tensors import dtype_name, tensor_bytes  # torch is loaded already

                data = tensor_bytes(value)
                return self._described("tensor", dtype_name(value.dtype), tuple(value.shape), data)
            if isinstance(value, torch.dtype):
                return _make, ("torch dtype", str(value).removeprefix("torch."))
            if isinstance(value, torch.Size):
                return _make, ("torch size", tuple(value))
        if type(value) in (np.ndarray, np.memmap):
            return self._described("array", self._dtype_name(value.dtype), value.shape, _array_bytes(value))
        if isinstance(value, np.generic):
            return _make, ("numpy scalar", self._dtype_name(value.dtype), value.tobytes())
        if isinstance(value, np.dtype):
            return _make, ("numpy dtype", self._dtype_name(value))
        return self._reduced(value)

    def _reduced(self, value: Any) -> Any:
        kind = type(value)
        if kind is OrderedDict:
            return _make, ("ordered", list(value.items()))
        if isinstance(value, Path):
            return _make, ("path", str(value))
        if kind in (datetime.datetime, datetime.date, datetime.time):
            _require_fixed_zone(value)
            return _make, ("date", kind.__name__, value.isoformat())
        if kind is datetime.timedelta:
            return _make, ("timedelta", value.days, value.seconds, value.microseconds)
        if kind is complex:
            return _make, ("complex", value.real, value.imag)
        if kind is slice or kind is range:
            return _make, (kind.__name__, value.start, value.stop, value.step)
        if value is self._class:
            self._class = None
            return NotImplemented  # the class of the object that is being described, by name
        require_registered(kind)
        own_state: Any = kind.__getstate__
        state = dict(vars(value)) if own_state is object.__getstate__ else value.__getstate__()
        self._class = kind
        return _make, ("object", kind, state)

    def _described(self, kind: str, dtype: str, shape: tuple[int, ...], data: memoryview) -> Any:
        self._numbers.extend(shape)
        self._buffers.append(data)
        return _make, (kind, dtype, len(shape))

    @staticmethod
    def _dtype_name(dtype: np.dtype[Any]) -> str:
        if dtype.hasobject or dtype.fields is not None:
            raise PersistableError(
                f"An array of data type {dtype} cannot be stored in a record.",
                None,
                "convert it to numbers, booleans, dates or fixed-length strings, as with array.astype(...)",
            )
        return dtype.str


def _require_fixed_zone(value: Any) -> None:
    """Refuse a time whose zone, or second run through an hour, would not come back.

    Raises:
        PersistableError: It has one.
    """
    zone = getattr(value, "tzinfo", None)
    if (zone is not None and type(zone) is not datetime.timezone) or getattr(value, "fold", 0) != 0:
        raise PersistableError(
            f"The time {value!r} cannot be stored in a record.", None, "store it in UTC: value.astimezone(datetime.UTC)"
        )


def _array_bytes(array: np.ndarray[Any, Any]) -> memoryview:
    """The bytes of an array in C order; also of data types that have no buffers of their own, as dates."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(np.uint8).data if flat.nbytes > 0 else memoryview(b"")


class _Allowed:
    """A registered class on the stack of the reader: not callable, so that a file cannot call it."""

    __slots__ = ("cls",)

    def __init__(self, cls: type[Any]) -> None:
        self.cls = cls


class _Reader(pickle.Unpickler):
    """Reads a description that was checked, with views of the buffers."""

    def __init__(self, description: bytes, buffers: Iterator[Buffer], numbers: Iterator[int]) -> None:
        super().__init__(io.BytesIO(description))
        self._buffers = buffers
        self._numbers = numbers

    def find_class(self, module: str, name: str) -> Any:
        """Only what is registered, by exact name."""
        if module == __name__ and name == _make.__name__:
            return self._make
        found = registered(module, name)
        if found is None:
            raise UnsafeError(
                f"A record asks for {module}.{name}, which is not on the allow-list.",
                None,
                "if it is a class of yours, import its module before reading and decorate it with "
                "@zensols_like.persist.register; otherwise do not trust the file",
            )
        return _Allowed(found)

    def _make(self, kind: str, *arguments: Any) -> Any:
        if kind == "tensor":
            return self._tensor(*arguments)
        if kind == "array":
            return self._array(*arguments)
        if kind == "object":
            return self._object(*arguments)
        return _VALUES[kind](*arguments)

    def _object(self, allowed: Any, state: Any) -> Any:
        if not isinstance(allowed, _Allowed):
            raise UnsafeError("A record makes an object of something that is no class.")
        cls = allowed.cls
        made: Any = object.__new__(cls)
        set_state = getattr(made, "__setstate__", None)
        if set_state is None:
            vars(made).update(state)
        else:
            set_state(state)
        return made

    def _tensor(self, dtype: str, dimensions: int) -> Any:
        from zensols_like.persist.formats.tensors import tensor_view  # torch is only imported for what needs it

        return tensor_view(dtype, self._shape(dimensions), memoryview(next(self._buffers)))

    def _array(self, dtype: str, dimensions: int) -> Any:
        return np.frombuffer(next(self._buffers), dtype=_plain_dtype(dtype)).reshape(self._shape(dimensions))

    def _shape(self, dimensions: int) -> tuple[int, ...]:
        return tuple(next(self._numbers) for _ in range(dimensions))


def _check(description: bytes) -> None:
    """Refuse a description that does anything but describe.

    The result is remembered, since the batches of a store share their descriptions: by a digest that nobody can make
    another description for.
    """
    digest = hashlib.blake2b(description).digest()
    if digest not in _CHECKED:
        _check_always(description)
        _CHECKED.keep(digest, None, len(digest))


def _check_always(description: bytes) -> None:
    if len(description) > _MAX_DESCRIPTION:
        raise UnsafeError(f"The description of a record is too long: {len(description)} bytes.")
    end: float = -1
    count = 0
    closing = 0
    try:
        for operation, _, position in pickletools.genops(description):
            if operation.name not in _OPERATIONS:
                raise UnsafeError(
                    f"The description of a record contains {operation.name}, which records never do.",
                    None,
                    "do not trust the file; it was not written by this package",
                )
            count += 1
            if count > _MAX_OPERATIONS:
                raise UnsafeError(f"The description of a record has more than {_MAX_OPERATIONS} operations.")
            closing += operation.name in CLOSING
            end = math.inf if position is None else position
        if closing > MAX_NESTING and nesting(description) > MAX_NESTING:
            raise UnsafeError(f"The description of a record is nested more than {MAX_NESTING} levels deep.")
    except (ValueError, IndexError) as error:  # what genops raises for what is no pickle, and values that are missing
        raise CorruptBatch(f"The description of a record cannot be read: {error}.") from error
    if end != len(description) - 1:
        raise UnsafeError("The description of a record has bytes after its end.")


class RecordFormat:
    """Verified, safe to read, zero-copy."""

    code = 1
    safe = True

    def encode(self, value: Any) -> Parts:
        """Describe the value.

        Args:
            value: Numbers, strings, containers, paths, dates, arrays, tensors and objects of registered classes.

        Returns:
            The description, the shapes (int64), then the bytes of each tensor and array.

        Raises:
            UnsafeError: The value holds an object of a class that is not registered.
            PersistableError: The value refers to itself, or holds an array of Python objects.

        Example:
            >>> FORMAT.decode(FORMAT.encode({"a": (1, 2.5, None)}))
            {'a': (1, 2.5, None)}
        """
        kind = _kind_of(value)
        known = None if kind is None else _KINDS.get(kind[0])
        if kind is not None and known is not None:
            from zensols_like.persist.formats.tensors import tensor_bytes  # torch is loaded already

            return [*known, *map(tensor_bytes, kind[1])]
        parts = self._describe(value)
        if kind is not None and len(parts) == len(kind[1]) + 2:
            description, shapes = bytes(parts[0]), bytes(parts[1])
            _KINDS.keep(kind[0], (description, shapes), 2 * len(description) + len(shapes))
        return parts

    def encode_all(self, values: Alike) -> Parts:
        """Describe values of one structure, once.

        Returns:
            The description of each; then the buffers, each of which holds those of all values one after another.
        """
        first = self.encode(values[0])
        if len(values) == 1:
            return first
        from zensols_like.persist.formats.tensors import tensor_bytes  # torch is loaded already

        description, shapes, *_ = first
        return [description, bytes(shapes) * len(values), *map(tensor_bytes, values.tensors)]

    def _describe(self, value: Any) -> list[Buffer]:
        file = io.BytesIO()
        buffers: list[memoryview] = []
        numbers: list[int] = []
        try:
            _Writer(file, buffers, numbers).dump(value)
        except (ValueError, RecursionError) as error:
            raise PersistableError(
                f"A {type(value).__name__} cannot be stored in a record: {error}.",
                None,
                "a record holds plain values: nothing that refers to itself, nothing nested hundreds of levels deep",
            ) from error
        description = file.getvalue()
        if len(description) > _MAX_OPERATIONS:
            self._require_readable(value, description)
        return [description, np.asarray(numbers, dtype="<i8").tobytes(), *buffers]

    @staticmethod
    def _require_readable(value: Any, description: bytes) -> None:
        """Refuse what would be too long to be read."""
        try:
            _check(description)
        except UnsafeError as error:
            raise PersistableError(
                f"A {type(value).__name__} is too large for a record. {error.what}",
                None,
                "store many numbers and texts as arrays, whose bytes lie beside the description",
            ) from error

    def decode(self, parts: Parts) -> Any:
        """Make the value of its parts.

        Args:
            parts: What `encode` gave, possibly read from disk; tensors and arrays become views of them.

        Raises:
            UnsafeError: The description wants more than a record may do.
            CorruptBatch: The parts do not fit together.
        """
        description = bytes(parts[0])
        _check(description)
        try:
            numbers = iter(np.frombuffer(parts[1], dtype="<i8").tolist())
            return _Reader(description, iter(parts[2:]), numbers).load()
        except (UnsafeError, CorruptBatch):
            raise
        except Exception as error:  # an unpickler fails in many ways over bytes that do not fit
            raise CorruptBatch(f"The parts of a record do not fit: {type(error).__name__}: {error}.") from error


_PLAIN = (str, int, bool, type(None))
_KINDS: Bounded[tuple[Any, ...], tuple[bytes, bytes]] = Bounded()
"""Description and shapes of values of one kind, which differ in the bytes of their tensors only."""
_HAS_PLAIN_STATE: Bounded[type[Any], bool] = Bounded()
on_replaced(_HAS_PLAIN_STATE.clear)


def _kind_of(value: Any) -> tuple[tuple[Any, ...], list[Any]] | None:
    """What decides about description and shapes of a value, and its tensors.

    Batches of a store differ in bytes, rarely in structure, and pickling takes most of the time of writing a small one.

    Returns:
        ``None`` for what is no mapping to registered objects that hold tensors and small plain values.
    """
    torch = sys.modules.get("torch")
    if torch is None or type(value) is not dict:
        return None
    plain_tensor = torch.Tensor
    kind: list[Any] = []
    tensors: list[Any] = []
    for name, inner in value.items():
        cls = type(inner)
        if type(name) is not str or not (_HAS_PLAIN_STATE.get(cls) or _has_plain_state(cls)):
            return None
        kind += (name, cls)
        for attribute, content in vars(inner).items():
            if type(content) is plain_tensor:
                kind += (attribute, content.dtype, content.shape)
                tensors.append(content)
            elif type(content) in _PLAIN:
                kind += (attribute, type(content), content)
            else:
                return None
    return tuple(kind), tensors


def _has_plain_state(cls: type[Any]) -> bool:
    """Whether the objects of a class are stored as their attributes."""
    own_state: Any = cls.__getstate__
    is_plain = own_state is object.__getstate__ and registered(cls.__module__, cls.__qualname__) is cls
    _HAS_PLAIN_STATE.keep(cls, is_plain, 0)
    return is_plain


FORMAT: Format = RecordFormat()
