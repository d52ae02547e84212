"""Forcing a growing file to the disk while more of it is made."""

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from zensols_like.persist.writeback import Writeback

MUCH = 4 << 20


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT)
    yield descriptor
    os.close(descriptor)


def grow(descriptor: int, size: int) -> None:
    os.write(descriptor, bytes(size))


def test_much_is_synced_beside_the_writer_and_the_rest_by_flush(file: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync, by, may_go_on = os.fsync, [], threading.Event()

    def watched(descriptor: int) -> None:
        by.append((descriptor, threading.current_thread() is threading.main_thread()))
        assert threading.current_thread() is threading.main_thread() or may_go_on.wait(30)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    writeback = Writeback(file)
    for size in range(MUCH, 5 * MUCH, MUCH):
        grow(file, MUCH)
        writeback.wrote(size)  # returns while the first one is under way, and begins no other
    may_go_on.set()
    writeback.flush()
    assert by == [(file, False), (file, True)]


def test_little_begins_nothing(file: int) -> None:
    writeback = Writeback(file)
    grow(file, MUCH - 1)
    before = threading.active_count()
    writeback.wrote(MUCH - 1)
    assert threading.active_count() == before


def test_a_failure_beside_the_writer_is_told_by_every_flush(file: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    writeback = Writeback(file)
    with monkeypatch.context() as patch:  # the system tells of it once
        patch.setattr(os, "fsync", fails)
        grow(file, MUCH)
        writeback.wrote(MUCH)
        writeback.wait()
    for _ in range(2):
        with pytest.raises(OSError, match="Input/output error"):
            writeback.flush()


def test_where_there_are_no_more_threads_flush_does_all(file: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    writeback = Writeback(file)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", none_left)
        grow(file, MUCH)
        writeback.wrote(MUCH)
    writeback.flush()
