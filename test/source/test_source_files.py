import os
import pickle

import pytest

from zensols_like.source import FileStash, SourceError, SourceFileNotFoundError


@pytest.fixture
def folder(tmp_path):
    for name in ("b.txt", "a.txt", "pets/cat.txt", "pets/dog.png", ".hidden/x.txt", "pets/.hidden.txt"):
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "files"


def first_word(path):
    return path.read_text().split(".")[0]


def nothing(path):
    return None


def failing(path):
    raise ValueError("no picture")


def test_files_come_sorted_by_relative_path_without_hidden_ones(folder):
    stash = FileStash(folder)
    assert list(stash.keys()) == ["a.txt", "b.txt", "pets/cat.txt", "pets/dog.png"]
    assert stash["pets/dog.png"] == b"pets/dog.png"
    assert stash.load("pets") is None
    assert stash.load("../files/a.txt") is None


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ("*.txt", ["a.txt", "b.txt"]),
        (["**/*.txt", "a.*"], ["a.txt", "b.txt", "pets/cat.txt"]),
        (["*/*"], ["pets/cat.txt", "pets/dog.png"]),
        (["pets/.*"], ["pets/.hidden.txt"]),
        ([], []),
    ],
)
def test_patterns_say_which_files_there_are_each_once(folder, patterns, names):
    assert list(FileStash(folder, patterns).keys()) == names


@pytest.mark.parametrize("pattern", ["../*", "pets/../*", "/etc/*"])
def test_a_pattern_cannot_lead_out_of_the_folder(folder, pattern):
    with pytest.raises(SourceError, match=r"leads out of the folder"):
        FileStash(folder, pattern).keys()


def test_a_reader_makes_the_values(folder):
    stash = FileStash(folder, "*.txt", first_word)
    assert dict(pickle.loads(pickle.dumps(stash))) == {"a.txt": "a", "b.txt": "b"}


def test_a_reader_that_gives_none_or_fails_is_named_with_the_file(folder):
    with pytest.raises(SourceError, match=r"gives None for 'a.txt'"):
        FileStash(folder, "*.txt", nothing).load("a.txt")
    with pytest.raises(ValueError, match=r"no picture") as raised:
        FileStash(folder, "*.txt", failing).load("a.txt")
    assert str(folder / "a.txt") in raised.value.__notes__[0]


def test_a_file_that_went_away_or_changed_is_an_error(folder):
    def changing(path):
        path.write_text("something else")
        return path.read_text()

    stash = FileStash(folder)
    assert stash.exists("a.txt")
    (folder / "a.txt").unlink()
    with pytest.raises(SourceFileNotFoundError, match=r"No file 'a.txt'"):
        stash.load("a.txt")
    with pytest.raises(SourceError, match=r"'b.txt' changed while it was read"):
        FileStash(folder, reader=changing).load("b.txt")


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(SourceFileNotFoundError, match=r"No folder 'no'"):
        FileStash(tmp_path / "no").keys()


def test_a_digest_tells_of_a_change(folder):
    levels = ("stat", "keys", "content")
    stash = FileStash(folder)
    before = [stash.source_digest(level) for level in levels]
    os.utime(folder / "a.txt", ns=(1, 1))
    assert [stash.source_digest(level) == old for level, old in zip(levels, before, strict=True)] == [False, True, True]
    (folder / "a.txt").write_text("A")
    assert stash.source_digest("content") != before[2]
    (folder / "a.txt").rename(folder / "c.txt")
    stash.clear()
    assert stash.source_digest("keys") != before[1]
