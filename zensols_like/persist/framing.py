"""Values get their frames, small ones of one structure all at once.

What lies around the bytes of values of one structure is the same but for the key and two checksums.  So several small
records are made as one block of bytes with a row for each, into which each buffer is copied for all of them in one
step.  A large record, and one that is alone, is made by itself.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest, xxh3_128_digest

from zensols_like.persist.formats import Bounded, Buffer, Parts
from zensols_like.persist.frame import (
    ALIGNMENT,
    HEADER,
    HEADER_SIZE,
    HEADER_SUM,
    MAGIC,
    PAYLOAD_SUM,
    VERSION,
    checksum_of,
    layout_with,
    padding,
    size_of,
    structure_of,
)
from zensols_like.persist.receipt import ReceiptRun

__all__ = ["Records", "frame", "frame_all"]

_SHORT = 1 << 12
_SMALL = 1 << 16
"""Bytes of a payload that are copied, since that is quicker than to handle many pieces."""
_ZEROS = bytes(ALIGNMENT)
_SUM = struct.Struct("<Q")


@dataclass(slots=True)
class Records:
    """A run of records of one length and layout, about to be stored one after another, each at a multiple of 64."""

    keys: Sequence[str]
    group: str
    pieces: list[Buffer]
    """The bytes in order; one piece where there are many records or few bytes, so that it belongs to nobody else."""
    length: int
    """How many bytes each of them has."""
    layout: int
    """See `layout_of`."""
    checksums: Sequence[int]
    """The xxh3-64 of each."""

    @property
    def stride(self) -> int:
        """How many bytes lie from the beginning of one to that of the next."""
        return self.length + padding(self.length)

    def receipts(self, file: str, offset: int = 0) -> ReceiptRun:
        """Their receipts.

        Args:
            file: The file that they lie in, one after another.
            offset: Where the first of them begins.
        """
        count = len(self.keys)
        offsets = range(offset, offset + count * self.stride, self.stride)
        return ReceiptRun(file, offsets, [self.length] * count, self.checksums, [self.layout] * count)

    def part(self, first: int, last: int) -> Records:
        """Some of them."""
        count = len(self.keys)
        if first == 0 and last >= count:
            return self
        end = min(last, count)
        block = memoryview(self.pieces[0])[first * self.stride : (end - 1) * self.stride + self.length]
        return Records(self.keys[first:end], self.group, [block], self.length, self.layout, self.checksums[first:end])


class _Cut(NamedTuple):
    """What the frames of all records that are cut alike have in common."""

    head: bytes
    """All before the payload, with zeros for what is a record's own."""
    name: int
    """Where the key stands."""
    header_size: int
    structure: bytes
    """See `structure_of`."""
    gaps: tuple[bytes, ...]
    """The zeros before each buffer."""
    payload_size: int
    length: int
    """The bytes of a record."""

    @classmethod
    def of(cls, code: int, group: bytes, key_size: int, description: bytes, sizes: tuple[int, ...]) -> _Cut:
        name = HEADER_SIZE + 8 * len(sizes)
        header_size = name + key_size + len(group)
        header_size += -header_size % 8
        padded = description + _ZEROS[: padding(header_size + len(description))]
        gaps, payload_size = [], 0
        for size in sizes:
            gaps.append(_ZEROS[: padding(payload_size)])
            payload_size += len(gaps[-1]) + size
        header = HEADER.pack(
            MAGIC,
            VERSION,
            code,
            header_size,
            len(sizes),
            key_size,
            len(group),
            0,
            len(description),
            payload_size,
            xxh3_128_digest(description),
            xxh3_64_intdigest(padded),
            0,
            0,
        )
        head = header + struct.pack(f"<{len(sizes)}Q", *sizes) + bytes(key_size) + group
        head += bytes(header_size - len(head)) + padded
        structure = structure_of(head, len(sizes))
        return cls(head, name, header_size, structure, tuple(gaps), payload_size, len(head) + payload_size)


_CUTS: Bounded[tuple[Any, ...], _Cut] = Bounded()


def _cut(code: int, group: str, key_size: int, description: bytes, sizes: tuple[int, ...]) -> _Cut:
    """How a record is cut; remembered, since the records of a store are cut in few ways."""
    kind = (code, group, key_size, description, sizes)
    known = _CUTS.get(kind)
    if known is None:
        known = _Cut.of(code, group.encode("utf-8", "surrogatepass"), key_size, description, sizes)
        if len(description) <= _SHORT:  # a long one holds the value itself, and comes once
            _CUTS.keep(kind, known, 3 * len(description) + 16 * len(sizes))
    return known


def frame(key: str, group: str, format_code: int, parts: Parts) -> Records:
    """Put a frame around the parts of one value; see `frame_all`."""
    description, *buffers = parts
    name = key.encode("utf-8", "surrogatepass")
    cut = _cut(format_code, group, len(name), bytes(description), tuple(map(size_of, buffers)))
    return _alone(key, name, group, cut, buffers)


def frame_all(keys: Sequence[str], group: str, format_code: int, parts: Parts) -> Iterator[Records]:
    """Put frames around the parts of values of one structure.

    Args:
        keys: The key of each value.
        group: The group of attributes that the values hold; empty where there is only one.
        format_code: The number of the format that made the parts.
        parts: The description of each; then the buffers, each of which holds those of all values one after another.

    Returns:
        The records in order, as few runs as there can be; the buffers of a large one are not copied.
    """
    description, *buffers = parts
    sizes = tuple(size_of(buffer) // len(keys) for buffer in buffers)
    begin = 0
    for key_size, same in groupby((key.encode("utf-8", "surrogatepass") for key in keys), len):
        names = list(same)
        end = begin + len(names)
        cut = _cut(format_code, group, key_size, bytes(description), sizes)
        own = [_part(buffer, begin, end, len(keys)) for buffer in buffers]
        if len(names) > 1 and cut.payload_size <= _SMALL:
            yield _block(keys[begin:end], names, group, cut, own)
        else:
            for number, name in enumerate(names):
                alone = [_part(buffer, number, number + 1, len(names)) for buffer in own]
                yield _alone(keys[begin + number], name, group, cut, alone)
        begin = end


def _part(buffer: Buffer, begin: int, end: int, count: int) -> Buffer:
    """Some of as many buffers as there are values, which stand one after another in one."""
    if end - begin == count:
        return buffer
    size = size_of(buffer) // count
    return memoryview(buffer).cast("B")[begin * size : end * size] if size > 0 else b""


def _alone(key: str, name: bytes, group: str, cut: _Cut, buffers: Sequence[Buffer]) -> Records:
    """A record by itself; the buffers of a large one are not copied."""
    payload = [piece for pair in zip(cut.gaps, buffers, strict=True) for piece in pair]
    if cut.payload_size <= _SMALL:
        payload = [b"".join(payload)]
    head = bytearray(cut.head)
    head[cut.name : cut.name + len(name)] = name
    head[PAYLOAD_SUM] = _SUM.pack(checksum_of(payload))
    head[HEADER_SUM] = _SUM.pack(xxh3_64_intdigest(head[: HEADER_SUM.start] + head[HEADER_SUM.stop : cut.header_size]))
    pieces: list[Buffer] = [head, *payload]
    if cut.payload_size <= _SMALL:
        pieces = [b"".join(pieces)]
    layout = layout_with(cut.structure, buffers[0]) if buffers else 0
    return Records([key], group, pieces, cut.length, layout, [checksum_of(pieces)])


def _block(keys: Sequence[str], names: Sequence[bytes], group: str, cut: _Cut, buffers: Sequence[Buffer]) -> Records:
    """Small records in one block, in which each has a row."""
    count, begin, stride = len(names), len(cut.head), cut.length + padding(cut.length)
    block = np.empty((count, stride), np.uint8)
    block[:, :begin] = np.frombuffer(cut.head, np.uint8)
    _put(block, cut.name, b"".join(names))
    end = begin
    for gap, buffer in zip(cut.gaps, buffers, strict=True):
        block[:, end : end + len(gap)] = 0
        end = _put(block, end + len(gap), buffer)
    block[:, end:] = 0
    flat, starts = block.reshape(-1).data, range(0, count * stride, stride)
    _put_sums(block, PAYLOAD_SUM, (flat[at + begin : at + cut.length] for at in starts))
    headers = np.concatenate((block[:, : HEADER_SUM.start], block[:, HEADER_SUM.stop : cut.header_size]), axis=1)
    _put_sums(block, HEADER_SUM, headers)
    checksums = [xxh3_64_intdigest(flat[at : at + cut.length]) for at in starts]
    layout = layout_with(cut.structure, _part(buffers[0], 0, 1, count)) if buffers else 0
    return Records(keys, group, [flat[: starts[-1] + cut.length]], cut.length, layout, checksums)


def _put(block: NDArray[np.uint8], at: int, buffer: Buffer) -> int:
    """Copy a buffer of each record into its row; where that ends."""
    if size_of(buffer) == 0:
        return at
    rows = np.frombuffer(buffer, np.uint8).reshape(len(block), -1)
    block[:, at : at + rows.shape[1]] = rows
    return at + rows.shape[1]


def _put_sums(block: NDArray[np.uint8], place: slice, pieces: Iterable[Any]) -> None:
    """Write a checksum of each record into its row."""
    sums = np.fromiter(map(xxh3_64_intdigest, pieces), "<u8", len(block))
    block[:, place] = sums.view(np.uint8).reshape(-1, 8)
