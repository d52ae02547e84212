from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.errors import CorruptBatch
from zensols_like.persist.frame import ALIGNMENT, unframe
from zensols_like.persist.framing import frame


def record(
    key: str = "7", group: str = "label", parts: tuple[bytes, ...] = (b"description", b"\xff\xfe", b"", b"c" * 70)
) -> bytes:
    return b"".join(frame(key, group, 1, parts).pieces)


@given(st.text(), st.text(), st.lists(st.binary(max_size=200), max_size=5), st.binary(max_size=200))
def test_parts_come_back_equal(key: str, group: str, buffers: list[bytes], description: bytes) -> None:
    found = unframe(memoryview(b"".join(frame(key, group, 1, [description, *buffers]).pieces)), "here")
    assert (found.key, found.group, found.format) == (key, group, 1)
    assert [bytes(part) for part in found.parts] == [description, *buffers]


def test_buffers_are_aligned() -> None:
    data = record()
    for part in (b"\xff\xfe", b"c" * 70):
        assert data.index(part) % ALIGNMENT == 0


def test_every_flipped_bit_is_found() -> None:  # weakness A5
    data = record()
    for position in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[position] ^= 1 << bit
            with pytest.raises(CorruptBatch):
                unframe(memoryview(damaged), "here")


def test_a_record_cut_anywhere_is_found() -> None:
    data = record()
    for length in range(len(data)):
        with pytest.raises(CorruptBatch):
            unframe(memoryview(data[:length]), "here")


def test_bytes_after_a_record_are_found_unless_more_may_follow() -> None:
    data = record()
    with pytest.raises(CorruptBatch, match=f"should be {len(data)} bytes long, and is {len(data) + 1}"):
        unframe(memoryview(data + b"\0"), "here")
    assert unframe(memoryview(data + b"\0"), "here", whole=False).key == "7"


def test_another_version_says_to_use_another_release() -> None:
    data = bytearray(record())
    data[8] = 9
    with pytest.raises(CorruptBatch, match=r"version 9; this release reads version 1(.|\n)*newer release"):
        unframe(memoryview(data), "here")


def test_without_verifying_a_damaged_payload_passes_but_not_a_damaged_header() -> None:
    data = bytearray(record())
    data[-1] ^= 1
    assert bytes(unframe(memoryview(data), "here", verify=False).parts[-1])[-1] != ord("c")
    data[90] ^= 1
    with pytest.raises(CorruptBatch, match="header"):
        unframe(memoryview(data), "here", verify=False)
