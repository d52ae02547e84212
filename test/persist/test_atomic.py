"""What the system says about a file that is being written names the file."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from zensols_like.errors import PersistableError
from zensols_like.persist.atomic import append_durably, make_folder, write_atomically
from zensols_like.persist.framing import Records
from zensols_like.persist.lock import write_lock
from zensols_like.persist.shardwriter import ShardWriter


def shard(path: Path) -> None:
    writer = ShardWriter(path.parent, path.name)
    try:
        writer.append(Records(["a"], "all", [b"1234"], 4, 0, [0]))
        writer.write()
        writer.flush()
    finally:
        writer.close()


def lock(path: Path) -> None:
    with write_lock(path):
        pass


WRITERS = {
    "whole": lambda path: write_atomically(path, [b"1234"]),
    "journal": lambda path: append_durably(path, b"1234"),
    "shard": shard,
    "lock": lock,
}


CALLS = [(writer, call) for writer in ("whole", "journal", "shard") for call in ("writev", "fsync")]


@pytest.mark.parametrize(("writer", "call"), [*CALLS, ("lock", "pwrite")])
def test_an_error_of_the_system_names_the_file(tmp_path, monkeypatch, writer, call):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space left") as caught:
        WRITERS[writer](path)
    assert caught.value.filename in (str(path), str(path.parent))


def test_a_signal_that_comes_while_a_file_is_made_leaves_none(tmp_path, monkeypatch):
    opened = os.open

    def interrupted(path, flags, *more):
        os.close(opened(path, flags, *more))
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "open", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "file", [b"1234"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("writer", WRITERS)
def test_where_there_can_be_no_folder_an_error_says_so(tmp_path, writer):
    (tmp_path / "file").write_text("")
    with pytest.raises(PersistableError, match="No folder can be made here: File exists") as caught:
        WRITERS[writer](tmp_path / "file" / "below" / "x")
    assert caught.value.where == str(tmp_path / "file")


def test_a_folder_that_the_system_does_not_make_is_an_error_of_ours():
    with pytest.raises(PersistableError, match="No folder can be made here"):
        make_folder(Path("/proc/nothing/here"))
