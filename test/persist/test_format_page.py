"""The pages on the bytes promise what the code does: read here by the page alone, and compared with the code."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.flowers import FailingVectorizer, flower_stash, items, managers, splits
from xxhash import xxh3_64_intdigest, xxh3_128_digest, xxh3_128_hexdigest

from zensols_like.batch import BatchDirectoryCompositeStash, BatchShardStash
from zensols_like.errors import EncodeError
from zensols_like.persist.formats import find_format, nesting, record
from zensols_like.persist.framing import frame

PAGES = Path(__file__).parents[2] / "docs/formats"
RECORD, STORE = ((PAGES / name).read_text() for name in ("record.md", "store.md"))


def part(page: str, title: str) -> str:
    """What stands under a heading."""
    return re.split(r"\n#+ ", page.split(f"# {title}\n")[1])[0]


def first_cells(text: str) -> list[str]:
    """The names in the first cells of the tables of a text."""
    cells = (row.split("|")[1] for row in re.findall(r"^\|.*\|$", text, re.MULTILINE))
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def bytes_of(key: str, group: str, value: Any) -> bytes:
    storage = find_format("record")
    return b"".join(map(bytes, frame(key, group, storage.code, storage.encode(value)).pieces))


def test_the_example_is_byte_for_byte_what_is_written():
    shown = bytearray()
    for place, digits in re.findall(
        r"^    ([0-9a-f]{4})  ((?:[0-9a-f]{2}(?: |$))+)", part(RECORD, "5. Example"), re.MULTILINE
    ):
        shown.extend(bytes(int(place, 16) - len(shown)))  # zeros that the page does not show
        shown.extend(bytes.fromhex(digits))
    assert bytes(shown) == bytes_of("0", "", {"x": np.array([1, 2], "<i2")})


@pytest.mark.parametrize("key", ["0", "ö/\ud800", "k" * 99])
@pytest.mark.parametrize("group", ["", "label"])
def test_a_record_is_read_by_the_page_alone(key, group):
    value = {"x": torch.arange(5, dtype=torch.int16), "y": np.ones((2, 3)), "z": "text"}
    data = bytes_of(key, group, value)
    magic, version, code, header, count, key_size, group_size, zero = struct.unpack_from("<8sHHIIIII", data)
    described, payload, layout = struct.unpack_from("<QQ16s", data, 32)
    sums = struct.unpack_from("<QQQ", data, 64)
    sizes = struct.unpack_from(f"<{count}Q", data, 88)
    begin = -(-(header + described) // 64) * 64
    assert (magic, version, code, zero) == (b"\x89ZLR\r\n\x1a\n", 1, 1, 0)
    assert len(data) == begin + payload
    assert sums == (
        xxh3_64_intdigest(data[header:begin]),
        xxh3_64_intdigest(data[begin:]),
        xxh3_64_intdigest(data[:80] + data[88:header]),
    )
    assert layout == xxh3_128_digest(data[header : header + described])
    names = data[88 + 8 * count : header]
    assert names[:key_size].decode("utf-8", "surrogatepass") == key
    assert names[key_size : key_size + group_size].decode() == group
    assert names[key_size + group_size :].strip(b"\0") == b""
    assert header % 8 == 0
    assert len(names) - key_size - group_size < 8
    at, buffers = begin, []
    for size in sizes:
        at += (begin - at) % 64
        buffers.append(data[at : at + size])
        at += size
    assert at == len(data)
    assert struct.unpack("<3q", buffers[0]) == (5, 2, 3)
    assert buffers[1:] == [value["x"].numpy().tobytes(), value["y"].tobytes()]


def test_the_operations_are_exactly_those_of_the_page():
    listed = re.findall(r"^    (.+)$", part(RECORD, "Operations"), re.MULTILINE)
    assert set(" ".join(listed).split()) == record._OPERATIONS


def test_the_kinds_are_exactly_those_of_the_page():
    assert set(first_cells(part(RECORD, "Names"))) == {*record._VALUES, "tensor", "array", "object"}


def test_the_limits_are_those_of_the_page():
    refused = " ".join(part(RECORD, "3. What a reader refuses").split())
    assert f"more than {record._MAX_OPERATIONS:,} operations" in refused
    assert f"more than {nesting.MAX_NESTING} levels deep" in refused
    assert record._MAX_DESCRIPTION == 1 << 28
    assert "longer than 2²⁸ bytes" in refused


ALLOWED = """
import json, zensols_like.batch, zensols_like.dataframe, zensols_like.inspect, zensols_like.loader, zensols_like.source
from zensols_like.cli import main
from zensols_like.persist.formats import allowlist
print(json.dumps(sorted(allowlist._CLASSES)))
"""


@pytest.mark.process
def test_the_allow_list_is_exactly_that_of_the_page():
    rows, module = [], ""
    for line in part(RECORD, "Registered classes of this package").splitlines():
        cells = [re.findall(r"`([^`]+)`", cell) for cell in line.split("|")[1:3]]
        if len(cells) == 2 and cells[1]:
            module = cells[0][0] if cells[0] else module
            rows += [[module, name] for name in cells[1]]
    done = subprocess.run([sys.executable, "-c", ALLOWED], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == sorted(rows)


def test_the_manifest_has_exactly_the_fields_of_the_page_and_its_checksum(tmp_path):
    flower_stash(tmp_path).prime()
    value = json.loads((tmp_path / "batch/.store/manifest.json").read_bytes())
    assert set(first_cells(part(STORE, "manifest.json"))) == set(value)
    assert value.pop("checksum") == xxh3_128_hexdigest(json.dumps(value).encode())
    assert list(value["groups"][0]) == ["key", "attributes", "fingerprint"]
    described = part(STORE, "manifest.json").lower()
    assert [name for name in value["provenance"] if name not in described] == []


def layout(data: bytes) -> int:
    """What a record has in common with others."""
    header, count = struct.unpack_from("<II", data, 12)
    (described,) = struct.unpack_from("<Q", data, 32)
    (shapes,) = struct.unpack_from("<Q", data, 88)
    begin = -(-(header + described) // 64) * 64
    return xxh3_64_intdigest(data[10:64] + data[88 : 88 + 8 * count] + data[begin : begin + shapes])


def ids_by_the_page(value: dict[str, Any], batch: int) -> list[str]:
    """The IDs of a batch of a plan."""
    points = slice(*(0 if at < 0 else value["batch_ends"][at] for at in (batch - 1, batch)))
    if "steps" in value:
        return [*map(str, value["first_numbers"][batch] + np.cumsum([0, *value["steps"][points][1:]]))]
    begin = 0 if batch == 0 else value["text_ends"][batch - 1]
    lengths = value["id_lengths"][points].astype(int)
    ends = begin + np.cumsum(lengths)
    return [bytes(value["id_bytes"][end - size : end]).decode() for end, size in zip(ends, lengths, strict=True)]


@pytest.mark.parametrize("kind", ["numbers", "texts"])
def test_a_plan_holds_what_the_page_says(tmp_path, kind):
    before = "" if kind == "numbers" else "\u00f6"
    keys = {name: tuple(before + key for key in own) for name, own in splits(20).items()}
    source = {before + key: item for key, item in items(20).items()}
    stash = flower_stash(tmp_path, source=source, keys=keys)
    stash.prime()
    value = stash.store._read_value("plan.rec", dict)
    own = {"first_numbers": "<i8", "steps": "|i1"}
    other = {"text_ends": "<i8", "id_lengths": "|u1", "id_bytes": "|u1"}
    if kind == "texts":
        own, other = other, own
    types = {"split_ends": "<i8", "batch_ends": "<i8", **own}
    assert [name for name in first_cells(part(STORE, "plan.rec")) if name not in other] == list(value)
    assert {one: value[one].dtype.str for one in types} == types
    planned = [key for own in keys.values() for key in own]
    assert [key for batch in range(len(value["batch_ends"])) for key in ids_by_the_page(value, batch)] == planned


@pytest.mark.parametrize("container", [BatchDirectoryCompositeStash, BatchShardStash])
def test_an_index_holds_what_the_page_says(tmp_path, container):
    stash = flower_stash(tmp_path, container=container)
    stash.prime()
    value = stash.store._read_value("index.rec", dict)
    types = {
        "file": "<i4",
        "offset": "<i8",
        "length": "<i8",
        "checksum": "<u8",
        "layout": "<u8",
        "unlabeled": "|b1",
    }
    assert set(value) == {"files", *types}
    assert {value[one].shape for one in types} == {(3, 5)}
    root = tmp_path / "batch" / ("comp" if container is BatchDirectoryCompositeStash else "shards")
    names = value["files"].split("\0")
    for group, position in np.ndindex(3, 5):
        data = (root / names[value["file"][group, position]]).read_bytes()
        begin = value["offset"][group, position]
        data = data[begin : begin + value["length"][group, position]]
        assert xxh3_64_intdigest(data) == value["checksum"][group, position]
        assert layout(data) == value["layout"][group, position]
    assert {one: value[one].dtype.str for one in types} == types


def test_a_line_of_the_journal_is_what_the_page_says(tmp_path, monkeypatch):
    stash = flower_stash(tmp_path, vectorizer_manager_set=managers(FailingVectorizer), chunk_size=1)
    with pytest.raises(EncodeError):
        stash.prime()
    lines = (tmp_path / "batch/.store/journal.jsonl").read_text().split("\n")
    assert (lines[0], lines[-1]) == ("", "")
    for line in filter(None, lines):
        position, group, is_unlabeled, file, offset, length, checksum, _, own = fields = json.loads(line)
        assert own == xxh3_64_intdigest(json.dumps(fields[:-1]).encode())
        data = (tmp_path / "batch/comp" / file).read_bytes()
        assert (position in range(5), group in range(3), is_unlabeled, offset) == (True, True, False, 0)
        assert (len(data), xxh3_64_intdigest(data)) == (length, checksum)
