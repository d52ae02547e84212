import pickle
from zipfile import ZipFile

import pytest
from zip_stash import ZipStash

from zensols_like.source import SourceError, SourceFileNotFoundError


@pytest.fixture
def stash(tmp_path):
    with ZipFile(tmp_path / "pets.zip", "w") as archive:
        archive.mkdir("cats")
        archive.writestr("cats/tom.txt", "meow")
        archive.writestr("ape.txt", "")
    return ZipStash(tmp_path / "pets.zip")


def test_files_come_by_their_path(stash):
    assert dict(stash) == {"ape.txt": b"", "cats/tom.txt": b"meow"}
    assert list(stash.load_many(["dog", "cats/tom.txt"])) == [("dog", None), ("cats/tom.txt", b"meow")]


def test_it_travels_to_a_worker(stash):
    assert dict(pickle.loads(pickle.dumps(stash))) == dict(stash)


def test_a_change_is_noticed(stash):
    assert stash.exists("ape.txt")
    before = [stash.source_digest(level) for level in ("stat", "content")]
    with ZipFile(stash.path, "a") as archive:
        archive.writestr("bee.txt", "hum")
    assert not set(before).intersection(stash.source_digest(level) for level in ("stat", "content"))
    with pytest.raises(SourceError, match="changed while it was read"):
        dict(stash)


def test_a_missing_archive_is_an_error(tmp_path):
    with pytest.raises(SourceFileNotFoundError, match=r"No file 'no.zip'"):
        ZipStash(tmp_path / "no.zip").load("a")
