import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.source import LineStash, SourceError, SourceFileNotFoundError
from zensols_like.source import lineindex as module

LINE = st.text(st.characters(exclude_characters="\r\n\ufeff", exclude_categories=["Cs"]), max_size=10)


@given(st.lists(st.lists(LINE, max_size=8), max_size=4), st.sampled_from(["\n", "\r\n"]), st.integers(1, 7))
def test_every_line_comes_back_however_the_file_is_read(tmp_path_factory, files, end, piece):
    folder = tmp_path_factory.mktemp("lines")
    for number, lines in enumerate(files):
        (folder / f"{number}.txt").write_bytes("".join(line + end for line in lines).encode())
    expected = {f"{file}.txt:{n}": line for file, lines in enumerate(files) for n, line in enumerate(lines, 1)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PIECE", piece)
        stash = LineStash(folder)
        assert dict(stash) == expected
        assert len(stash) == len(expected)
        backwards = sorted(expected, reverse=True)
        assert list(stash.load_many(backwards)) == [(key, expected[key]) for key in backwards]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "poems").mkdir()
    (tmp_path / "poems/rose:1.txt").write_bytes(b"\xef\xbb\xbfa rose\n\nis a \xff rose")
    (tmp_path / "b.txt").write_bytes(b"")
    (tmp_path / "c.md").write_bytes(b"not text")
    return tmp_path


def test_keys_are_files_and_line_numbers(folder):
    stash = LineStash(folder, errors="replace")
    assert dict(stash) == {
        "poems/rose:1.txt:1": "a rose",
        "poems/rose:1.txt:2": "",
        "poems/rose:1.txt:3": "is a \N{REPLACEMENT CHARACTER} rose",
    }
    for name in ("poems/rose:1.txt", "poems/rose:1.txt:0", "poems/rose:1.txt:4", "poems/rose:1.txt:01", "b.txt:1", ""):
        assert stash.load(name) is None
        assert not stash.exists(name)
    assert list(LineStash(folder, "*.md").keys()) == ["c.md:1"]


def test_a_line_that_is_not_utf_8_is_named(folder):
    stash = LineStash(folder)
    assert stash["poems/rose:1.txt:1"] == "a rose"
    with pytest.raises(SourceError, match=r"(?s)Line 3 is not UTF-8.*rose:1.txt, line 3.*errors = replace"):
        stash.load("poems/rose:1.txt:3")


def test_a_missing_folder_and_a_compressed_file_are_errors(tmp_path):
    with pytest.raises(SourceFileNotFoundError, match=r"No folder"):
        list(LineStash(tmp_path / "no").keys())
    (tmp_path / "a.txt").write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(SourceError, match=r"compressed with gzip"):
        LineStash(tmp_path).load("a.txt:1")


def test_it_travels_without_what_it_read(folder):
    stash = LineStash(folder, errors="ignore")
    values = dict(stash)
    assert len(pickle.dumps(stash)) < 500
    assert dict(pickle.loads(pickle.dumps(stash))) == values


def test_a_digest_tells_of_a_change(folder):
    stash = LineStash(folder, errors="ignore")
    before = [stash.source_digest(level) for level in ("stat", "keys", "content")]
    (folder / "b.txt").write_text("more\n")
    stash.clear()
    after = [stash.source_digest(level) for level in ("stat", "keys", "content")]
    assert all(new != old for new, old in zip(after, before, strict=True))
