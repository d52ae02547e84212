"""Descriptions of any shape with an import somewhere are refused, and what they would call is not called."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torture.malice import GLOBALS, PLACES, WAYS, bombs, imports, made, text

from zensols_like.errors import CorruptBatch, UnsafeError
from zensols_like.persist.formats.record import FORMAT

atoms = st.sampled_from(
    [b"N", b"\x88", b"K\x07", b"]", b"}", b")", b"\x8f", b"0", b"(", b"e", text("x"), made(text("path"))]
)
evil = st.builds(
    lambda way, name: way(*name, text("touch canary")), st.sampled_from(list(WAYS.values())), st.sampled_from(GLOBALS)
)
nested = st.recursive(
    evil,
    lambda inner: st.builds(
        lambda wrap, value: wrap[0] + value + wrap[1],
        st.sampled_from([(b"](", b"e"), (b"](", b"t"), (b"(", b"\x91"), (b"}(N", b"u"), (b")\x85", b"\x86")]),
        inner,
    ),
)
programs = st.builds(
    lambda place, before, value, after: place(b"".join(before) + value + b"".join(after)),
    st.sampled_from(list(PLACES.values())), st.lists(atoms), nested, st.lists(atoms),
)  # fmt: skip


@settings(max_examples=200)
@given(programs)
def test_a_program_with_an_import_is_refused(description: bytes) -> None:
    with pytest.raises((UnsafeError, CorruptBatch)):
        FORMAT.decode([description, b""])
    assert not Path("canary").exists()


def test_there_are_many() -> None:
    assert len(list(imports())) > 1000
    assert len(list(bombs())) > 100
