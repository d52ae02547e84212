"""A growing file goes to the disk while more of it is made."""

import os
from pathlib import Path

import pytest
import torch

from zensols_like.persist import shardwriter, writeback
from zensols_like.persist.formats import find_format
from zensols_like.persist.records import read_record, write_record
from zensols_like.persist.shards import ShardRecords

RECORD = find_format("record")
MUCH = 1 << 20


def test_the_disk_begins_with_all_that_is_new_of_a_shard_as_soon_as_it_is_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[int, int]] = []

    def watched(descriptor: int, start: int, end: int) -> None:
        assert os.fstat(descriptor).st_size == end, "they were written before"
        begun.append((start, end))
        writeback.begin_writeback(descriptor, start, end)

    monkeypatch.setattr(shardwriter, "begin_writeback", watched)
    records = ShardRecords(tmp_path)
    tensors = [torch.full((size,), number) for number, size in enumerate((10, 60_000, 50_000, 40_000, 200_000, 5))]
    receipts = [write_record(records, RECORD, "k", "g", {"x": tensor}) for tensor in tensors]
    starts, ends = zip(*begun, strict=True)
    assert starts == (0, *ends[:-1])
    assert all(end - start >= MUCH for start, end in begun)
    assert receipts[-1].offset - ends[-1] < MUCH
    records.close()
    for tensor, receipt in zip(tensors, receipts, strict=True):
        assert torch.equal(read_record(records, RECORD, "k", "g", receipt)["x"], tensor)


def test_begun_bytes_are_those_that_were_written(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb", buffering=0) as file:
        file.write(b"a" * MUCH)
        writeback.begin_writeback(file.fileno(), 0, MUCH)
        file.write(b"b" * MUCH)
        writeback.begin_writeback(file.fileno(), MUCH, 2 * MUCH)
        os.fsync(file.fileno())
    assert (tmp_path / "file").read_bytes() == b"a" * MUCH + b"b" * MUCH


def test_what_cannot_be_begun_is_left_to_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    writeback.begin_writeback(write, 0, 10)  # a pipe has no disk
    monkeypatch.setattr(writeback, "_CALL", None)
    writeback.begin_writeback(write, 0, 10)
    os.close(read)
    os.close(write)


def test_other_systems_have_no_such_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writeback.sys, "platform", "darwin")
    assert writeback._find_call() is None
