"""Values get their frames, those of one structure at once.

What lies around the bytes of values of one structure is the same but for the key and two checksums.  So the frame of
the first is made, and of all others with it: the records of a run lie in one block, into which each buffer is copied
for all of them in one step.  One value is a run of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    MOST_SHAPES,
    PAYLOAD_SUM,
    VERSION,
    checksum_of,
    layout_of,
    padding,
    size_of,
)

__all__ = ["Records", "frame", "frame_all"]

_SHORT = 1 << 12
_SMALL = 1 << 16
"""Bytes of a payload that are copied, since that is quicker than to handle many pieces."""
_ZEROS = bytes(ALIGNMENT)


@dataclass(frozen=True, slots=True)
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
    names: int
    """Where the key stands."""
    header_size: int
    places: tuple[int, ...]
    """Where each buffer begins."""
    length: int
    """The bytes of a record."""

    @classmethod
    def of(cls, code: int, group: bytes, key_size: int, description: bytes, sizes: tuple[int, ...]) -> _Cut:
        names = HEADER_SIZE + 8 * len(sizes)
        header_size = names + key_size + len(group)
        header_size += -header_size % 8
        begin = header_size + len(description)
        begin += padding(begin)
        padded = description + bytes(begin - header_size - len(description))
        places, end = [], begin
        for size in sizes:
            places.append(end + padding(end))
            end = places[-1] + size
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
            end - begin,
            xxh3_128_digest(description),
            xxh3_64_intdigest(padded),
            0,
            0,
        )
        head = header + np.asarray(sizes, "<u8").tobytes() + bytes(key_size) + group
        return cls(head + bytes(header_size - len(head)) + padded, names, header_size, tuple(places), end)


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
    return next(frame_all([key], group, format_code, parts))


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
        rows = [_rows(buffer, size, len(keys))[begin:end] for buffer, size in zip(buffers, sizes, strict=True)]
        yield from _framed(keys[begin:end], names, group, cut, rows)
        begin = end


def _rows(buffer: Buffer, size: int, count: int) -> NDArray[np.uint8]:
    """A buffer as those of each of some values. Shape: ``(count, size)``."""
    flat = np.frombuffer(buffer, np.uint8) if size > 0 else np.empty(0, np.uint8)
    return flat.reshape(count, size)


def _framed(
    keys: Sequence[str], names: Sequence[bytes], group: str, cut: _Cut, rows: Sequence[NDArray[np.uint8]]
) -> Iterator[Records]:
    """The records of values that are cut alike."""
    count, begin = len(names), len(cut.head)
    first = b"".join((cut.head, rows[0][0, :MOST_SHAPES].data)) if rows else cut.head
    layout = layout_of(memoryview(first))
    if cut.length - begin > _SMALL:
        heads = np.empty((count, begin), np.uint8)
        payloads = [_payload(cut, [row[number] for row in rows]) for number in range(count)]
        _fill_heads(heads, names, cut, [checksum_of(payload) for payload in payloads])
        for key, head, payload in zip(keys, heads, payloads, strict=True):
            pieces = [head.data, *payload]
            yield Records([key], group, pieces, cut.length, layout, [checksum_of(pieces)])
        return
    stride = cut.length + padding(cut.length)
    block = np.empty((count, stride), np.uint8)
    end = begin
    for place, row in zip(cut.places, rows, strict=True):
        block[:, end:place] = 0
        end = place + row.shape[1]
        block[:, place:end] = row
    block[:, end:] = 0
    flat = block.reshape(-1).data
    starts = range(0, count * stride, stride)
    _fill_heads(block, names, cut, [xxh3_64_intdigest(flat[at + begin : at + cut.length]) for at in starts])
    checksums = [xxh3_64_intdigest(flat[at : at + cut.length]) for at in starts]
    yield Records(keys, group, [flat[: starts[-1] + cut.length]], cut.length, layout, checksums)


def _payload(cut: _Cut, buffers: Sequence[NDArray[np.uint8]]) -> list[Buffer]:
    """The buffers of a record, with the zeros between them."""
    pieces: list[Buffer] = []
    end = len(cut.head)
    for place, buffer in zip(cut.places, buffers, strict=True):
        pieces += [_ZEROS[: place - end], buffer.data]
        end = place + len(buffer)
    return pieces


def _fill_heads(block: NDArray[np.uint8], names: Sequence[bytes], cut: _Cut, payload_sums: Sequence[int]) -> None:
    """Write what stands before the payload of each record of a block."""
    block[:, : len(cut.head)] = np.frombuffer(cut.head, np.uint8)
    own = _rows(b"".join(names), len(names[0]), len(names))
    block[:, cut.names : cut.names + own.shape[1]] = own
    block[:, PAYLOAD_SUM] = _bytes(payload_sums)
    headers = np.concatenate((block[:, : HEADER_SUM.start], block[:, HEADER_SUM.stop : cut.header_size]), axis=1)
    block[:, HEADER_SUM] = _bytes([xxh3_64_intdigest(header) for header in headers])


def _bytes(numbers: Sequence[int]) -> NDArray[np.uint8]:
    """The bytes of 64-bit numbers. Shape: ``(len(numbers), 8)``."""
    return np.asarray(numbers, "<u8").view(np.uint8).reshape(-1, 8)
