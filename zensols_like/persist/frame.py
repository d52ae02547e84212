"""The frame around every record: what it is, whose it is, how long it is, and the checksums that prove it.

    offset  size
         0     8  magic
         8     2  version of the frame, 1
        10     2  format of the parts (1 record, 2 pickle)
        12     4  H: bytes of the header, a multiple of 8
        16     4  N: number of buffers
        20     4  bytes of the key
        24     4  bytes of the group
        28     4  0
        32     8  D: bytes of the description
        40     8  P: bytes of the payload
        48    16  layout: xxh3-128 of the description
        64     8  xxh3-64 of the description and the zeros after it
        72     8  xxh3-64 of the payload
        80     8  xxh3-64 of the header without this field
        88   8 N  bytes of each buffer
                  key, group (UTF-8), zeros up to H
         H     D  description, then zeros up to the next multiple of 64
                  payload: the buffers, each at a multiple of 64, zeros between

All numbers are little-endian.  Every byte is covered by one of the three checksums.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from xxhash import xxh3_64, xxh3_64_intdigest, xxh3_128_digest

from zensols_like.errors import CorruptBatch
from zensols_like.persist.formats import Bounded, Buffer, Parts

__all__ = [
    "ALIGNMENT",
    "HEADER_SIZE",
    "MAGIC",
    "REPAIR",
    "Frame",
    "Record",
    "checksum_of",
    "frame",
    "frame_size",
    "layout_of",
    "size_of",
    "unframe",
]

REPAIR = (
    "restore the file from a copy, or make the value again: dump it; for batches zensols-like verify -c FILE --repair, "
    "or stash.repair(['ID', …])"
)
"""What to do about a damaged record."""

MAGIC = b"\x89ZLR\r\n\x1a\n"
VERSION = 1
ALIGNMENT = 64

_START = struct.Struct("<8sHHIIIIIQQ16sQ")
_FIXED = struct.Struct(f"{_START.format}Q")
_SUM = struct.Struct("<Q")
HEADER_SIZE = _FIXED.size + _SUM.size
"""Bytes before the sizes of the buffers."""
_CUT = slice(10, 64)
"""Where a frame says how the record is cut: format, sizes and the digest of the description."""
_CUT_SIZES = struct.Struct("<12x I I 12x Q")
_SHORT = 1 << 12
_SMALL = 1 << 16
"""Bytes of a payload that are copied, since that is quicker than to handle many pieces."""
_MANY = 1 << 16
"""Bytes of shapes from which two records are not expected to have the same."""
_ZEROS = bytes(ALIGNMENT)


@dataclass(frozen=True, slots=True)
class Frame:
    """A record as it was read."""

    format: int
    """The number of the format that understands the parts."""
    key: str
    group: str
    parts: Parts
    """The description and the buffers, as views of the record."""


def _padding(size: int) -> int:
    """How many zeros follow ``size`` bytes up to the next aligned place."""
    return -size % ALIGNMENT


class Record(NamedTuple):
    """A value with its frame, about to be stored."""

    pieces: list[Buffer]
    """The bytes in order; one piece where they are few, so that they belong to nobody else."""
    length: int
    """How many bytes they are together."""
    layout: int
    """See `layout_of`."""


class _Cut(NamedTuple):
    """What the frames of all records that are cut alike have in common."""

    start: bytes
    """The header up to the checksum of the payload."""
    sizes: bytes
    names_end: bytes
    """The group and the zeros after it."""
    description: bytes
    """With the zeros after it."""
    gaps: tuple[bytes, ...]
    """The zeros before each buffer."""
    payload_size: int

    @classmethod
    def of(cls, code: int, group: bytes, key_size: int, description: bytes, sizes: tuple[int, ...]) -> _Cut:
        gaps = []
        payload_size = 0
        for size in sizes:
            gaps.append(_ZEROS[: _padding(payload_size)])
            payload_size += len(gaps[-1]) + size
        names_size = 8 * len(sizes) + key_size + len(group)
        names_end = group + bytes(-(HEADER_SIZE + names_size) % 8)
        header_size = HEADER_SIZE + names_size + len(names_end) - len(group)
        padded = description + _ZEROS[: _padding(header_size + len(description))]
        start = _START.pack(
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
        )
        return cls(start, struct.pack(f"<{len(sizes)}Q", *sizes), names_end, padded, tuple(gaps), payload_size)


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


def frame(key: str, group: str, format_code: int, parts: Parts) -> Record:
    """Put a frame around parts.

    Args:
        key: The key of the value.
        group: The group of attributes that the value holds; empty where there is only one.
        format_code: The number of the format that made the parts.
        parts: The description, then the buffers.

    Returns:
        The record; the buffers of a large one are not copied.
    """
    description, *buffers = parts
    key_bytes = key.encode("utf-8", "surrogatepass")
    sizes = tuple(map(size_of, buffers))
    cut = _cut(format_code, group, len(key_bytes), bytes(description), sizes)
    payload = [piece for pair in zip(cut.gaps, buffers, strict=True) for piece in pair]
    is_small = cut.payload_size <= _SMALL
    if is_small:
        payload = [b"".join(payload)]
    fixed = cut.start + _SUM.pack(checksum_of(payload))
    names = b"".join((cut.sizes, key_bytes, cut.names_end))
    head = b"".join((fixed, _SUM.pack(xxh3_64_intdigest(fixed + names)), names, cut.description))
    layout = _layout(head[_CUT], cut.sizes, buffers[0]) if buffers else 0
    return Record([b"".join((head, *payload))] if is_small else [head, *payload], len(head) + cut.payload_size, layout)


def size_of(buffer: Buffer) -> int:
    """The bytes of a buffer."""
    return buffer.nbytes if isinstance(buffer, memoryview) else len(buffer)


def checksum_of(pieces: Sequence[Buffer]) -> int:
    """The checksum of pieces as if they were one."""
    if len(pieces) == 1:
        return xxh3_64_intdigest(pieces[0])
    total = xxh3_64()
    for piece in pieces:
        total.update(piece)
    return total.intdigest()


def layout_of(record: memoryview) -> int:
    """A checksum of the structure of a record: how it is cut, what describes it, and the shapes in its first buffer.

    Two records of equal layout and length differ in key and in the bytes of tensors only.

    Args:
        record: A record, or its beginning up to the end of its first buffer.

    Returns:
        The xxh3-64 of the fields from the format to the digest of the description, of the sizes of the buffers, and of
        the first buffer; 0 for a record without buffers or with a first one that is large.
    """
    header_size, count, description_size = _CUT_SIZES.unpack_from(record)
    if count == 0:
        return 0
    sizes = record[HEADER_SIZE : HEADER_SIZE + 8 * count]
    (first,) = struct.unpack_from("<Q", sizes)
    begin = header_size + description_size
    begin += _padding(begin)
    return _layout(record[_CUT], sizes, record[begin : begin + first])


def _layout(cut: Buffer, sizes: Buffer, first: Buffer) -> int:
    return xxh3_64_intdigest(b"".join((cut, sizes, first))) if size_of(first) <= _MANY else 0


def frame_size(record: memoryview, where: str) -> int:
    """The length of the record at the beginning of some bytes, by its header.

    Raises:
        CorruptBatch: There is no record.
    """
    if len(record) < HEADER_SIZE or record[:8] != MAGIC:
        raise _corrupt("It is not a record", where)
    _, _, _, header_size, _, _, _, _, description_size, payload_size, *_ = _FIXED.unpack_from(record)
    begin = int(header_size + description_size)
    return begin + _padding(begin) + int(payload_size)


def unframe(record: memoryview, where: str, verify: bool = True, whole: bool = True) -> Frame:
    """Check the frame of a record and take its parts.

    Args:
        record: The bytes of the record.
        where: What to call the record in an error, usually its file.
        verify: Whether the checksums of the description and the payload are compared; the header's always is.
        whole: Whether the record must fill ``record``, as it does in a file of its own.

    Raises:
        CorruptBatch: The bytes are not those that were written.
    """
    if len(record) < HEADER_SIZE or record[:8] != MAGIC:
        raise _corrupt("It is not a record", where)
    (
        _,
        version,
        code,
        header_size,
        count,
        key_size,
        group_size,
        zero,
        description_size,
        payload_size,
        layout,
        d_sum,
        p_sum,
    ) = _FIXED.unpack_from(record)
    if version != VERSION:
        raise CorruptBatch(
            f"The record has version {version}; this release reads version {VERSION}.",
            where,
            "read it with a newer release, or encode the data again",
        )
    if header_size > len(record) or HEADER_SIZE + 8 * count + key_size + group_size > header_size or zero != 0:
        raise _corrupt("Its header does not fit", where)
    header = bytes(record[:header_size])
    (header_sum,) = _SUM.unpack_from(header, _FIXED.size)
    if xxh3_64_intdigest(header[: _FIXED.size] + header[HEADER_SIZE:]) != header_sum:
        raise _corrupt("The checksum of its header differs", where)
    payload_offset = header_size + description_size + _padding(header_size + description_size)
    end = payload_offset + payload_size
    if end > len(record) or (whole and end != len(record)):
        raise _corrupt(f"It should be {end} bytes long, and is {len(record)}", where)
    if xxh3_128_digest(record[header_size : header_size + description_size]) != layout:
        raise _corrupt("The digest of its description differs", where)
    if verify:
        if xxh3_64_intdigest(record[header_size:payload_offset]) != d_sum:
            raise _corrupt("The checksum of its description differs", where)
        if xxh3_64_intdigest(record[payload_offset:end]) != p_sum:
            raise _corrupt("The checksum of its payload differs", where)
    parts: list[Buffer] = [record[header_size : header_size + description_size]]
    at = payload_offset
    for size in struct.unpack_from(f"<{count}Q", header, HEADER_SIZE):
        at += _padding(at - payload_offset)
        if at + size > end:
            raise _corrupt("Its buffers do not fit", where)
        parts.append(record[at : at + size])
        at += size
    names = header[HEADER_SIZE + 8 * count :]
    return Frame(
        code,
        names[:key_size].decode("utf-8", "surrogatepass"),
        names[key_size : key_size + group_size].decode("utf-8", "surrogatepass"),
        parts,
    )


def _corrupt(what: str, where: str) -> CorruptBatch:
    return CorruptBatch(f"A record is damaged. {what}.", where, REPAIR)
