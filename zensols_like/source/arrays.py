"""Arrays and tensors, each row of which is a part of a value."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zensols_like.persist import BulkStash, NumberedKeys, chunks
from zensols_like.source.digest import Buffer, SourceStash
from zensols_like.source.errors import SourceError
from zensols_like.source.file import Stamp, require_file
from zensols_like.source.keyindex import whole_number

__all__ = ["ArrayStash"]

_BULK = 1024
_PIECE = 1 << 14


@dataclass
class ArrayStash(BulkStash, SourceStash):
    """The rows of arrays of one length: a value has the row of each array, by its name.

    A key is the number of a row, from 0.

    Example:
        >>> stash = ArrayStash({"image": np.zeros((3, 8, 8), np.uint8), "label": np.array([4, 2, 4])})
        >>> stash["1"]["image"].shape, stash["1"]["label"], list(stash.keys())
        ((8, 8), np.int64(2), ['0', '1', '2'])
        >>> stash.load_columns(["2", "1"])["label"]
        array([4, 2])

    Configuration::

        [digits]
        class_name = zensols_like.source.ArrayStash
        arrays = path: digits.npz
    """

    arrays: Mapping[str, Any] | Path = field(repr=False, metadata={"fingerprint": False})
    """Arrays and tensors by name, which travel whole to worker processes; or a file.

    A ``.npy`` file or a folder of them is mapped into memory, so that only the rows that are used are read; a ``.npz``
    file is read whole by each process.
    """

    @property
    def source(self) -> str:
        """The file or folder."""
        return str(self.arrays) if isinstance(self.arrays, Path) else "arrays in memory"

    @property
    def opened(self) -> Mapping[str, Any]:
        """The arrays and tensors by name; those of files are mapped into memory."""
        return self._arrays

    def load_many(self, keys: Iterable[str]) -> Iterator[tuple[str, dict[str, Any] | None]]:
        """Pairs of key and rows in the order of ``keys``; an absent key gives None."""
        for group in chunks(keys, _BULK):
            positions = self._positions(group)
            columns = self._take([position for position in positions if position is not None])
            rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
            for key, position in zip(group, positions, strict=True):
                yield key, None if position is None else next(rows)

    def load_columns(self, keys: Sequence[str]) -> dict[str, Any]:
        """The rows of many keys at once, an array or tensor for each name, in the order of ``keys``.

        Of keys that follow one another they are pieces of the arrays themselves: do not write into them.

        Shape: ``(len(keys), …)``, with the further dimensions of each array.  Dtype: that of each array.  Device: that
        of each tensor.

        Raises:
            SourceError: There is no such row.
        """
        if isinstance(keys, NumberedKeys) and len(keys) > 0:
            piece = self._piece(keys.numbers)
            if piece is not None:
                return piece
            if np.all(keys.numbers < self._length):  # none is less than 0
                return self._take(keys.numbers)
        positions = self._positions(keys)
        if None in positions:
            missing = [key for key, position in zip(keys, positions, strict=True) if position is None]
            raise SourceError(f"No rows {missing[:5]}.", self.source, "ask for keys of the stash only")
        return self._take(positions)

    def exists(self, name: str) -> bool:
        """Whether there is a row of this number."""
        return self._positions([name]) != [None]

    def keys(self) -> NumberedKeys:
        """The numbers of the rows."""
        return NumberedKeys(np.arange(len(self)))

    def __len__(self) -> int:
        return self._length

    @cached_property
    def _length(self) -> int:
        return len(next(iter(self._arrays.values())))

    @cached_property
    def _stamps(self) -> dict[Path, Stamp]:
        """What the files were when they were opened."""
        return {path: Stamp.of(path) for path in _array_files(self.arrays)} if isinstance(self.arrays, Path) else {}

    @cached_property
    def _arrays(self) -> dict[str, Any]:
        self._stamps  # noqa: B018 - before the files are opened
        if not isinstance(self.arrays, (Path, Mapping)):
            raise SourceError(
                f"The arrays are a {type(self.arrays).__name__}.",
                self.source,
                "give a mapping of names to arrays, or the pathlib.Path of a .npz file or of a folder of .npy files",
            )
        arrays = _open(self.arrays) if isinstance(self.arrays, Path) else dict(self.arrays)
        for name, array in arrays.items():
            if not isinstance(name, str):
                raise SourceError(f"The name {name!r} is no text.", self.source, f"name the array {str(name)!r}")
            if not _has_rows(array):
                raise SourceError(
                    f"{name!r} is no array with rows, but a {_kind_of(array)}.",
                    self.source,
                    "give numpy arrays of numbers or text and dense torch tensors, with one dimension or more; fill "
                    "what is masked",
                )
        lengths = {name: len(array) for name, array in arrays.items()}
        if len(set(lengths.values())) != 1:
            raise SourceError(
                f"The arrays do not have one length: {lengths}.",
                self.source,
                "give at least one array, and each as many rows as the others",
            )
        return arrays

    def _positions(self, keys: Sequence[str]) -> list[int | None]:
        """The row of each key; ``None`` for what is no key."""
        numbers: list[int | None]
        try:
            numbers = list(map(int, keys))
        except ValueError:
            numbers = [whole_number(key) for key in keys]
        else:
            if list(map(str, numbers)) != list(keys):  # one is not the usual text of its number
                numbers = [whole_number(key) for key in keys]
        return [None if number is None or not 0 <= number < self._length else number for number in numbers]

    def _take(self, positions: Sequence[int | None] | NDArray[np.int64]) -> dict[str, Any]:
        wanted = np.asarray(positions, dtype=np.int64)
        taken = {name: array[wanted] for name, array in self._arrays.items()}
        self._require_same()
        return taken

    def _piece(self, positions: NDArray[np.int64]) -> dict[str, Any] | None:
        """The rows of positions that follow one another, without a copy; ``None`` where they do not."""
        first, last = int(positions[0]), int(positions[-1])
        if last - first + 1 != len(positions) or last >= self._length or (positions[1:] - positions[:-1] != 1).any():
            return None
        rows = slice(first, last + 1)
        self._require_same()
        return {name: array[rows] for name, array in self._arrays.items()}

    def _require_same(self) -> None:
        """Refuse files that changed since they were opened.

        Raises:
            SourceError: One did.
        """
        for path, stamp in self._stamps.items():
            stamp.require(path, path)

    def _glance(self) -> Iterator[str | Buffer]:
        for path in _array_files(self.arrays) if isinstance(self.arrays, Path) else ():
            yield path.name
            yield str(Stamp.of(path))

    def _contents(self) -> Iterator[str | Buffer]:
        for name, array in sorted(self._arrays.items()):
            yield f"{name} {array.dtype} {tuple(array.shape)}"
            for start in range(0, len(array), _PIECE):
                yield _bytes(array[start : start + _PIECE])


def _array_files(path: Path) -> list[Path]:
    return sorted(path.glob("*.npy")) if path.is_dir() else [path]


def _open(path: Path) -> dict[str, Any]:
    """The arrays of ``.npy`` files, mapped into memory, or of a ``.npz`` file."""
    try:
        if path.is_dir() or path.suffix == ".npy":
            return {file.stem: np.load(file, mmap_mode="c", allow_pickle=False) for file in _array_files(path)}
        require_file(path)
        with np.load(path, allow_pickle=False) as archive:
            return dict(archive)
    except (ValueError, EOFError, zipfile.BadZipFile, TypeError) as error:
        raise SourceError(
            f"{path.name!r} holds no arrays: {error}.",
            str(path),
            "give a folder of .npy files or a .npz file, written by numpy.save or numpy.savez of numbers or text",
        ) from error


def _has_rows(array: Any) -> bool:
    if _is_tensor(array):
        plain = array.layout == sys.modules["torch"].strided
    else:
        plain = isinstance(array, np.ndarray) and not array.dtype.hasobject
        plain = plain and not isinstance(array, np.ma.MaskedArray)  # whose mask would be lost
    return bool(plain and array.ndim > 0)


def _kind_of(array: Any) -> str:
    """What something is that is no array with rows, in a few words."""
    if _is_tensor(array) and array.ndim > 0:
        return f"tensor of layout {array.layout}"
    if _is_tensor(array) or isinstance(array, (np.ndarray, np.generic)):
        return f"{type(array).__name__} of {array.dtype} and shape {tuple(array.shape)}"
    return type(array).__name__


def _is_tensor(array: Any) -> bool:
    """Whether this is a tensor; when torch was never imported, nothing is."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def _bytes(array: Any) -> memoryview:
    """The bytes of an array or a tensor of any data type, without a copy where they lie one after another."""
    if _is_tensor(array):
        from zensols_like.persist.formats.tensors import byte_view  # torch is loaded already

        array = byte_view(array.cpu()).numpy()
    flat: np.ndarray[Any, Any] = np.ascontiguousarray(array).reshape(-1)
    return memoryview(flat.view(np.uint8)) if len(flat) > 0 else memoryview(b"")  # type: ignore[arg-type]
