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

from xxhash import xxh3_64, xxh3_64_intdigest, xxh3_128_digest

from zensols_like.errors import CorruptBatch
from zensols_like.persist.formats import Buffer, Parts

__all__ = [
    "ALIGNMENT",
    "HEADER",
    "HEADER_SIZE",
    "HEADER_SUM",
    "MAGIC",
    "PAYLOAD_SUM",
    "REPAIR",
    "VERSION",
    "Frame",
    "checksum_of",
    "frame_size",
    "layout_of",
    "layout_with",
    "padding",
    "size_of",
    "structure_of",
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

HEADER = struct.Struct("<8sHHIIIIIQQ16sQQQ")
"""What stands before the sizes of the buffers."""
HEADER_SIZE = HEADER.size
PAYLOAD_SUM, HEADER_SUM = slice(72, 80), slice(80, 88)
"""Where the checksums of payload and header stand."""
_CUT = slice(10, 64)
"""Where a frame says how the record is cut: format, sizes and the digest of the description."""
_CUT_SIZES = struct.Struct("<12x I I 12x Q")
_MANY = 1 << 16
"""Bytes of shapes from which two records are not expected to have the same."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A record as it was read."""

    format: int
    """The number of the format that understands the parts."""
    key: str
    group: str
    parts: Parts
    """The description and the buffers, as views of the record."""


def padding(size: int) -> int:
    """How many zeros follow ``size`` bytes up to the next aligned place."""
    return -size % ALIGNMENT


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
    (first,) = struct.unpack_from("<Q", record, HEADER_SIZE)
    begin = header_size + description_size
    begin += padding(begin)
    return layout_with(structure_of(record, count), record[begin : begin + first])


def structure_of(record: Buffer, count: int) -> bytes:
    """How a record is cut, and what describes it; from its header, with the number of its buffers."""
    return b"".join((record[_CUT], record[HEADER_SIZE : HEADER_SIZE + 8 * count]))


def layout_with(structure: bytes, first: Buffer) -> int:
    """The layout of a record of which the structure and the first buffer are known."""
    return xxh3_64_intdigest(b"".join((structure, first))) if size_of(first) <= _MANY else 0


def frame_size(record: memoryview, where: str) -> int:
    """The length of the record at the beginning of some bytes, by its header.

    Raises:
        CorruptBatch: There is no record.
    """
    if len(record) < HEADER_SIZE or record[:8] != MAGIC:
        raise _corrupt("It is not a record", where)
    _, _, _, header_size, _, _, _, _, description_size, payload_size, *_ = HEADER.unpack_from(record)
    begin = int(header_size + description_size)
    return begin + padding(begin) + int(payload_size)


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
        header_sum,
    ) = HEADER.unpack_from(record)
    if version != VERSION:
        raise CorruptBatch(
            f"The record has version {version}; this release reads version {VERSION}.",
            where,
            "read it with a newer release, or encode the data again",
        )
    if header_size > len(record) or HEADER_SIZE + 8 * count + key_size + group_size > header_size or zero != 0:
        raise _corrupt("Its header does not fit", where)
    header = bytes(record[:header_size])
    if xxh3_64_intdigest(header[: HEADER_SUM.start] + header[HEADER_SUM.stop :]) != header_sum:
        raise _corrupt("The checksum of its header differs", where)
    payload_offset = header_size + description_size + padding(header_size + description_size)
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
        at += padding(at - payload_offset)
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
