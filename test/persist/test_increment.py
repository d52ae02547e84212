from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from zensols_like.errors import PersistableError
from zensols_like.persist import IncrementKeyDirectoryStash


def test_values_are_numbered_one_after_the_other(tmp_path: Path) -> None:
    stash = IncrementKeyDirectoryStash(tmp_path / "runs", name="run")
    assert (stash.load(), stash.get_last_key(), stash.get_last_key(inc=True)) == (None, None, "0")
    assert not (tmp_path / "runs").exists()
    for value in range(12):
        stash.dump({"value": value})
    assert list(stash.keys()) == [str(number) for number in range(12)]
    assert stash.load() == {"value": 11}
    assert stash["3"] == {"value": 3}
    assert (stash.get_last_key(), stash.get_last_key(inc=True)) == ("11", "12")
    assert sorted(path.name for path in (tmp_path / "runs").iterdir())[:2] == ["run-0.dat", "run-1.dat"]


def test_numbers_go_on_where_they_were(tmp_path: Path) -> None:
    IncrementKeyDirectoryStash(tmp_path).dump("first")
    again = pickle.loads(pickle.dumps(IncrementKeyDirectoryStash(tmp_path)))
    again.dump("second")
    again.delete("0")
    again.dump("third")
    assert dict(again) == {"1": "second", "2": "third"}


def test_a_value_may_be_stored_under_a_number(tmp_path: Path) -> None:
    stash = IncrementKeyDirectoryStash(tmp_path)
    stash.dump("7", "seven")
    stash.dump(None)
    assert dict(stash.items()) == {"7": "seven", "8": None}
    with pytest.raises(PersistableError, match="'x' is no number"):
        stash.dump("x", "value")


@pytest.mark.parametrize("key", ["", "x", "01", "-1", "1.5", "٣", "../0", "9" * 5000])
def test_what_is_no_number_is_absent(tmp_path: Path, key: str) -> None:
    stash = IncrementKeyDirectoryStash(tmp_path / "runs")
    stash.dump("zero")
    assert stash.load(key) is None
    assert not stash.exists(key)


def test_stashes_of_other_names_share_a_folder(tmp_path: Path) -> None:
    first, second = (IncrementKeyDirectoryStash(tmp_path, name) for name in ("a", "b"))
    first.dump(1)
    second.dump(2)
    second.dump(3)
    first.clear()
    assert (dict(first), dict(second)) == ({}, {"0": 2, "1": 3})
    (tmp_path / "b-notes.dat").write_text("mine")
    assert second.load() == 3


def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PersistableError, match="pattern"):
        IncrementKeyDirectoryStash(tmp_path, "../x")
