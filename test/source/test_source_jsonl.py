import json
import os
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.source import JsonLinesStash, SourceError, SourceFileNotFoundError

VALUES = st.recursive(
    st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture
def write(tmp_path):
    def write_lines(*lines, end=b"\n"):
        path = tmp_path / "values.jsonl"
        path.write_bytes(end.join(line.encode() if isinstance(line, str) else line for line in lines))
        return path

    return write_lines


@given(st.lists(VALUES, max_size=20), st.sampled_from(["\n", "\r\n", "\n\n"]), st.booleans(), st.booleans())
def test_every_value_comes_back_by_its_line(tmp_path_factory, values, end, has_end, has_mark):
    path = tmp_path_factory.mktemp("json") / "values.jsonl"
    text = end.join(json.dumps(value) for value in values) + end * has_end
    path.write_bytes((b"\xef\xbb\xbf" if has_mark else b"") + text.encode())
    stash = JsonLinesStash(path)
    assert list(stash.values()) == values
    assert len(stash) == len(values)
    assert [stash[key] for key in list(stash.keys())] == values
    step = 2 if end == "\n\n" else 1
    assert list(stash.keys()) == [str(number) for number in range(1, len(values) * step + 1, step)]


def test_keys_are_line_numbers_and_empty_lines_are_none(write):
    stash = JsonLinesStash(write("", "1", "", "\r", "22", ""))
    assert dict(stash) == {"2": 1, "5": 22}
    assert [stash.load(key) for key in ("1", "3", "4", "6", "7", "0", "-1", "02", "x", "")] == [None] * 10
    assert not stash.exists("1")
    assert list(stash.load_many(["5", "9", "2"])) == [("5", 22), ("9", None), ("2", 1)]


def test_a_field_can_be_the_key(write):
    stash = JsonLinesStash(write('{"id": "b", "n": 1}', "", '{"id": 7, "n": 2}'), "id")
    assert list(stash.keys()) == ["b", "7"]
    assert stash["7"]["n"] == 2
    assert stash.load("1") is None


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (['{"id": 1}', '{"id"'], r"(?s)Line 2 is not JSON.*values.jsonl, line 2"),
        (['{"id": 1}', b'"\xff"'], "Line 2 is not JSON in UTF-8"),
        (['{"id": 1}', "", "null"], "Line 3 holds null"),
        (["  "], "Line 1 is not JSON"),
        (["[" * 100_000], "Line 1 is not JSON"),
    ],
)
def test_a_bad_line_is_named(write, lines, said):
    stash = JsonLinesStash(write(*lines))
    with pytest.raises(SourceError, match=said):
        list(stash.values())
    with pytest.raises(SourceError, match=said):
        list(JsonLinesStash(stash.path, "id").keys())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"name": 1}', r"(?s)Line 1 has no field 'id'.*\['name'\]"),
        ("[1]", "(?s)Line 1 has no field 'id'.*write JSON objects only"),
        ('{"id": 1.5}', "Line 1 has the key 1.5"),
        ('{"id": true}', "Line 1 has the key True"),
    ],
)
def test_a_line_without_a_key_is_named(write, line, said):
    with pytest.raises(SourceError, match=said):
        JsonLinesStash(write(line), "id").keys()


def test_a_key_that_comes_twice_is_refused(write):
    with pytest.raises(SourceError, match=r"such as \['1'\]"):
        JsonLinesStash(write('{"id": 1}', '{"id": "1"}'), "id").load("1")


def test_a_missing_file_is_an_error_with_its_path(tmp_path):
    with pytest.raises(SourceFileNotFoundError, match=r"(?s)No file 'no.jsonl'.*fix"):
        JsonLinesStash(tmp_path / "no.jsonl").load("1")
    with pytest.raises(SourceFileNotFoundError):
        JsonLinesStash(tmp_path / "no.jsonl").source_digest("stat")


def test_text_in_place_of_a_path_is_refused():
    with pytest.raises(SourceError, match=r"path: "):
        JsonLinesStash("values.jsonl")


def test_compressed_files_are_refused_with_a_sentence(write):
    with pytest.raises(SourceError, match=r"(?s)compressed with gzip.*decompress it"):
        list(JsonLinesStash(write(b"\x1f\x8b\x08 and so on")).keys())


@pytest.mark.parametrize("change", ["same size", "longer", "replaced", "gone"])
def test_a_file_that_changes_after_it_was_indexed_is_refused(write, change):
    stash = JsonLinesStash(write("1", "2"))
    values = stash.load_many(iter(["1"] * 1024 + ["2"]))  # two groups
    assert next(values) == ("1", 1)
    path = stash.path
    if change == "replaced":
        other = path.with_name("other")
        other.write_text("1\n3")
        other.replace(path)
    elif change == "gone":
        path.unlink()
    else:
        path.write_text("1\n3" if change == "same size" else "1\n22\n3")
        os.utime(path, ns=(1, 1))
    with pytest.raises(SourceError, match=r"changed while it was read|No file"):
        list(values)
    with pytest.raises(SourceError):
        stash.load("2")
    if change != "gone":
        stash.clear()
        assert stash["2"] in (3, 22)


def test_it_travels_small(write):
    stash = JsonLinesStash(write(*map(str, range(10_000))))
    assert len(stash) == 10_000
    assert len(pickle.dumps(stash)) < 500
    assert pickle.loads(pickle.dumps(stash))["10000"] == 9999


def test_a_digest_tells_of_a_change(write):
    stash = JsonLinesStash(write("1", "2"))
    stat, keys, content = before = [stash.source_digest(level) for level in ("stat", "keys", "content")]
    assert len(set(before)) == 3
    os.utime(stash.path, ns=(1, 1))
    assert (stash.source_digest("stat") != stat, stash.source_digest("content")) == (True, content)
    stash.path.write_text("1\n3")
    stash.clear()
    assert stash.source_digest("keys") == keys
    assert stash.source_digest() != content
