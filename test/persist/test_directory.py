from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from zensols_like.errors import CorruptBatch, PersistableError, UnsafeError
from zensols_like.persist import DirectoryStash
from zensols_like.persist.directory import DirectoryRecords
from zensols_like.persist.formats import find_format
from zensols_like.persist.names import file_name, group_name, key_of
from zensols_like.persist.records import write_record


@given(st.text())
def test_a_file_name_is_one_name_in_its_folder_and_gives_its_key_back(key: str) -> None:
    name = file_name(key)
    assert "/" not in name
    assert "\0" not in name
    assert not name.startswith(".")
    assert 0 < len(name.encode()) <= 255
    assert key_of(name) in (key, None)


@given(st.sets(st.text(), min_size=2, max_size=8))
def test_different_keys_have_different_file_names(keys: set[str]) -> None:
    assert len({file_name(key) for key in keys}) == len(keys)


@given(st.lists(st.sets(st.text(min_size=1), min_size=1, max_size=4), min_size=2, max_size=4, unique_by=frozenset))
@example([{"-."}, {"."}, {"%-."}])
def test_different_groups_have_different_names(groups: list[set[str]]) -> None:
    assert len({group_name(group) for group in groups}) == len(groups)
    assert all("/" not in group_name(group) and not group_name(group).startswith(".") for group in groups)


def test_a_path_that_is_a_string_is_refused() -> None:
    with pytest.raises(PersistableError, match="is a str, not a Path"):
        DirectoryStash("target")  # type: ignore[arg-type]


@pytest.mark.parametrize("pattern", ["x.dat", "{name}{name}", "a/{name}", ".{name}"])
def test_a_pattern_that_names_no_file_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(PersistableError, match="pattern"):
        DirectoryStash(tmp_path, pattern)


def test_keys_too_long_for_a_file_name_are_kept_exactly(tmp_path: Path) -> None:
    stash = DirectoryStash(tmp_path / "s")
    key = "ü/" * 2000
    stash.dump(key, 1)
    assert stash[key] == 1
    assert list(stash.keys()) == [key]


def test_a_key_cannot_leave_the_folder(tmp_path: Path) -> None:
    stash = DirectoryStash(tmp_path / "s")
    for key in ("../../pwn", "/etc/pwn", "..", ".", "a/../../b"):
        stash.dump(key, key)
        assert stash[key] == key
        stash.delete(key)
    assert {path.name for path in tmp_path.iterdir()} == {"s"}


@pytest.mark.parametrize("key", [1, 1.5, None, b"1", Path("1")])
def test_a_key_that_is_no_text_is_refused_with_the_text_to_try(tmp_path: Path, key: Any) -> None:
    stash = DirectoryStash(tmp_path / "s")
    for use in (stash.load, stash.exists, stash.delete, stash.__getitem__, lambda key: stash.dump(key, 1)):
        with pytest.raises(PersistableError) as found:
            use(key)
        assert str(found.value) == f"{key!r} is no text, as keys are; try {str(key)!r}"
    assert not list(tmp_path.iterdir())


def test_writing_into_a_loaded_tensor_changes_neither_the_file_nor_the_next_load(tmp_path: Path) -> None:
    stash = DirectoryStash(tmp_path / "s")
    stash.dump("a", {"x": torch.arange(5.0), "y": np.arange(3)})
    before = stash.key_to_path("a").read_bytes()
    loaded = stash["a"]
    loaded["x"].sub_(1)
    loaded["y"][:] = 9
    assert stash.key_to_path("a").read_bytes() == before
    assert stash["a"]["x"].tolist() == [0, 1, 2, 3, 4]
    assert stash["a"]["y"].tolist() == [0, 1, 2]
    assert loaded["x"].tolist() == [-1, 0, 1, 2, 3]


def test_a_loaded_tensor_outlives_its_stash_and_its_file(tmp_path: Path) -> None:
    stash = DirectoryStash(tmp_path / "s")
    stash.dump("a", torch.arange(10_000))
    tensor = stash["a"]
    stash.clear()
    del stash
    assert int(tensor.sum()) == 49_995_000


def test_a_flipped_bit_names_the_key_and_the_file(tmp_path: Path) -> None:  # weakness A5
    stash = DirectoryStash(tmp_path / "s")
    stash.dump("a", torch.zeros(100))
    path = stash.key_to_path("a")
    data = bytearray(path.read_bytes())
    data[-30] ^= 4
    path.write_bytes(data)
    with pytest.raises(CorruptBatch) as found:
        stash.load("a")
    assert str(path) in str(found.value)
    assert "key 'a'" in str(found.value)


def test_a_swapped_file_is_found(tmp_path: Path) -> None:
    stash = DirectoryStash(tmp_path / "s")
    stash.dump("a", 1)
    stash.dump("b", 2)
    stash.key_to_path("b").replace(stash.key_to_path("a"))
    with pytest.raises(CorruptBatch, match="lies in the place of another"):
        stash.load("a")


def test_an_empty_or_truncated_file_is_found(tmp_path: Path) -> None:
    stash = DirectoryStash(tmp_path / "s")
    stash.dump("a", "x" * 100)
    data = stash.key_to_path("a").read_bytes()
    for length in (0, 1, 50, len(data) - 1):
        stash.key_to_path("a").write_bytes(data[:length])
        with pytest.raises(CorruptBatch):
            stash.load("a")


def test_a_failing_dump_leaves_the_old_value_and_no_other_file(tmp_path: Path) -> None:
    stash = DirectoryStash(tmp_path / "s")
    stash.dump("a", 1)
    with pytest.raises(UnsafeError):
        stash.dump("a", object())
    assert stash["a"] == 1
    assert len(list((tmp_path / "s").iterdir())) == 1


@pytest.mark.process
def test_a_writer_killed_at_any_moment_leaves_whole_values_only(tmp_path: Path) -> None:  # weakness B1
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        import numpy as np
        from zensols_like.persist import DirectoryStash
        stash = DirectoryStash(Path(sys.argv[1]))
        print("go", flush=True)
        for i in range(10**9):
            stash.dump(str(i % 3), np.full(200_000, i))
        """
    )
    stash = DirectoryStash(tmp_path / "s")
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "s")], stdout=subprocess.PIPE)
        with process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                process.wait(0.15)
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
        for key in list(stash.keys()):
            value = stash[key]
            assert len(value) == 200_000
            assert (value == value[0]).all()
        assert set(stash.keys()) <= {"0", "1", "2"}


def test_any_object_can_be_stored_in_a_trusted_pickle_and_is_still_verified(tmp_path: Path) -> None:
    with pytest.raises(UnsafeError, match="runs whatever code"):
        DirectoryStash(tmp_path, format="pickle")
    stash = DirectoryStash(tmp_path / "s", format="pickle", trusted=True)
    stash.dump("a", {"f": os.path.join})
    assert stash["a"]["f"] is os.path.join
    path = stash.key_to_path("a")
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(CorruptBatch):
        stash.load("a")


def test_a_record_of_another_format_is_not_tried(tmp_path: Path) -> None:
    DirectoryStash(tmp_path / "s", format="pickle", trusted=True).dump("a", os.path.join)
    with pytest.raises(CorruptBatch, match="format number 2"):
        DirectoryStash(tmp_path / "s").load("a")


def test_verify_never_is_an_option_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    stash = DirectoryStash(tmp_path / "s", verify="never")
    stash.dump("a", torch.zeros(100))
    path = stash.key_to_path("a")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert stash["a"].shape == (100,)
    with pytest.raises(PersistableError, match="use one of"):
        DirectoryStash(tmp_path, verify="sometimes")


def test_trusted_is_true_or_false_and_nothing_that_looks_like_it(tmp_path: Path) -> None:
    with pytest.raises(PersistableError, match="trusted is 'false'"):
        DirectoryStash(tmp_path, format="pickle", trusted="false")  # type: ignore[arg-type]


def test_removing_what_a_crash_left_touches_no_other_folder_and_no_other_file(tmp_path: Path) -> None:
    stash = DirectoryStash(tmp_path)
    other = DirectoryStash(tmp_path / "points")
    other.dump("a", 1)
    stash.dump("0", 1)
    stash.dump("1", 2)
    (tmp_path / "notes.txt").write_text("mine")
    stash.keep_only(["0.dat"])
    assert list(stash.keys()) == ["0"]
    assert other["a"] == 1
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_names_are_forced_to_the_disk_again_where_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = DirectoryRecords(tmp_path)
    write_record(records, find_format("record"), "a", "g", 1)
    fsync, synced = os.fsync, []

    def watched(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        if len(synced) == 1:
            raise OSError(5, "Input/output error")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    with pytest.raises(OSError, match="Input/output"):
        records.flush()
    records.flush()
    assert synced == [tmp_path / "g"] * 2


def test_what_was_cleared_need_not_be_forced_to_the_disk(tmp_path: Path) -> None:
    records = DirectoryRecords(tmp_path / "records")
    write_record(records, find_format("record"), "a", "g", 1)
    records.clear()
    records.flush()
    assert not list(tmp_path.iterdir())


def test_threads_store_at_once(tmp_path: Path) -> None:
    stash = DirectoryStash(tmp_path / "s")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: stash.dump(str(number), number), range(200)))
    assert sorted(value for _, value in stash) == list(range(200))
