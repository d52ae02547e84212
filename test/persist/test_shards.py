from __future__ import annotations

import os
import pickle
import struct
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from xxhash import xxh3_64_intdigest

from zensols_like.errors import CorruptBatch, PersistableError, UnsafeError
from zensols_like.persist import Receipt, ReceiptColumns, ShardStash
from zensols_like.persist.formats import find_format
from zensols_like.persist.frame import unframe
from zensols_like.persist.framing import frame
from zensols_like.persist.records import read_record, read_records, write_record, write_records
from zensols_like.persist.shards import ShardRecords
from zensols_like.vectorize import TensorFeatureContext

GROUPS = ({"a", "b"}, {"c"})
RECORD = find_format("record")


def make(path: Path, **options: int) -> ShardStash:
    return ShardStash(path / "s", GROUPS, **options)


def columns_of(receipts: list[Receipt]) -> ReceiptColumns:
    return ReceiptColumns(*([receipt[field] for receipt in receipts] for field in range(5)))


def value(i: int) -> dict[str, object]:
    return {"a": torch.full((5,), i), "b": f"text {i}", "c": np.arange(i)}


def test_many_values_lie_in_few_files_and_come_back(tmp_path: Path) -> None:
    stash = make(tmp_path)
    for i in range(100):
        stash.dump(str(i), value(i))
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2
    for again in (stash, make(tmp_path), pickle.loads(pickle.dumps(stash))):
        assert len(again) == 100
        found = again["42"]
        assert found["a"].tolist() == [42] * 5
        assert found["b"] == "text 42"
        assert len(found["c"]) == 42
        assert again.load("nope") is None


def test_a_value_that_is_dumped_again_is_replaced(tmp_path: Path) -> None:
    stash = make(tmp_path)
    stash.dump("k", value(1))
    make(tmp_path).dump("k", value(2))
    assert make(tmp_path)["k"]["b"] == "text 2"


def test_a_value_that_cannot_be_stored_leaves_what_was_there(tmp_path: Path) -> None:
    stash = make(tmp_path)
    bad = {"a": np.zeros(1 << 18), "b": 2, "c": object()}  # so large that it does not wait for others to be written
    with pytest.raises(UnsafeError):
        stash.dump("k", bad)
    for again in (stash, make(tmp_path)):
        assert (again.exists("k"), again.load("k"), list(again.keys())) == (False, None, [])
    stash.dump("k", {"a": 1, "b": 1, "c": 1})
    with pytest.raises(UnsafeError):
        stash.dump("k", bad)
    for again in (stash, make(tmp_path)):
        assert again["k"] == {"a": 1, "b": 1, "c": 1}


@given(data=st.data())
@settings(max_examples=30)
def test_a_crash_at_any_byte_leaves_the_old_value_or_the_new_one(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        old, new = {"a": 1, "b": "old", "c": [1]}, {"a": 2, "b": "new", "c": [2] * 99}
        stash = make(Path(folder))
        keys = data.draw(st.lists(st.sampled_from(["k", "", "x\0", "x\0deadbeef", "x"]), unique=True, min_size=1))
        for key in keys:
            stash.dump(key, old)
        shards = [stash.records.shards(group)[0] for group in ("a-b", "c")]
        sizes = [shard.stat().st_size for shard in shards]
        for key in keys:
            stash.dump(key, new)
        stash.close()
        for shard, size in zip(shards, sizes, strict=True):
            os.truncate(shard, data.draw(st.integers(size, shard.stat().st_size)))
        again = make(Path(folder))
        assert sorted(again.keys()) == sorted(keys)
        found = [again[key] for key in keys]
        assert sorted(found, key=lambda one: -one["a"]) == found  # what was stored first is there first
        assert all(one in (old, new) for one in found)
        for key in keys:
            again.dump(key, new)
        assert all(make(Path(folder))[key] == again[key] == new for key in keys)


def test_a_key_is_there_when_it_has_a_record_in_every_group(tmp_path: Path) -> None:
    stash = make(tmp_path)
    stash.put("k", "a-b", {"a": 1, "b": 1})
    stash.flush()
    assert (make(tmp_path).exists("k"), make(tmp_path).load("k"), len(make(tmp_path))) == (False, None, 0)
    stash.put("k", "c", {"c": 1})
    stash.flush()
    assert make(tmp_path)["k"] == {"a": 1, "b": 1, "c": 1}


def test_a_key_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PersistableError, match="1 is no text, as keys are; try '1'"):
        make(tmp_path).dump(1, value(1))  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="1 is no text, as keys are; try '1'"):
        make(tmp_path)[1]  # type: ignore[index]
    assert not list(tmp_path.iterdir())


def test_looking_makes_nothing(tmp_path: Path) -> None:
    stash = make(tmp_path)
    assert not stash.exists("k")
    assert list(stash.keys()) == []
    stash.delete("k")
    assert not list(tmp_path.iterdir())


def test_a_key_cannot_be_deleted_alone(tmp_path: Path) -> None:
    stash = make(tmp_path)
    stash.dump("k", value(1))
    with pytest.raises(PersistableError, match="cannot be deleted alone"):
        stash.delete("k")
    stash.clear()
    assert len(stash) == 0


def test_a_new_shard_is_begun_when_one_is_full(tmp_path: Path) -> None:
    stash = make(tmp_path, shard_size=1000)
    for i in range(10):
        stash.dump(str(i), value(i))
    assert 2 < len(stash.records.shards("c")) < 10
    assert [make(tmp_path)[str(i)]["b"] for i in range(10)] == [f"text {i}" for i in range(10)]


def test_what_is_torn_at_the_end_is_passed_over_and_never_written_after(tmp_path: Path) -> None:
    stash = make(tmp_path)
    for i in range(3):
        stash.dump(str(i), value(i))
    stash.records.close()
    (shard,) = stash.records.shards("c")
    whole = shard.read_bytes()
    for length in range(len(whole) - 1, 0, -97):
        shard.write_bytes(whole[:length])
        keys = {key.partition("\0")[0] for key, _ in ShardRecords(stash.records.root).scan("c")}
        assert keys == {str(i) for i in range(len(keys))}
    again = make(tmp_path)
    again.dump("9", value(9))
    assert shard.read_bytes() == whole[:length]
    assert len(again.records.shards("c")) == 2


def test_a_failing_write_leaves_a_shard_that_is_not_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stash = make(tmp_path)
    stash.dump("0", value(0))
    writev = os.writev

    def full(descriptor: int, pieces: list[memoryview]) -> int:
        writev(descriptor, [pieces[0][:70]])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "writev", full)
    with pytest.raises(OSError, match="No space"):
        stash.dump("1", value(1))
    monkeypatch.undo()
    stash.dump("2", value(2))
    assert sorted(make(tmp_path).keys()) == ["0", "2"]


@pytest.mark.parametrize("verify", [True, False])
def test_records_of_one_structure_are_read_alike(tmp_path: Path, verify: bool) -> None:
    records = ShardRecords(tmp_path)
    receipts = [
        write_record(records, RECORD, str(i), "g", {"x": torch.arange(i, i + 6).reshape(2, 3)}) for i in range(20)
    ]
    for i, receipt in enumerate(receipts):
        assert torch.equal(
            read_record(records, RECORD, str(i), "g", receipt, verify)["x"], torch.arange(i, i + 6).reshape(2, 3)
        )


@pytest.mark.parametrize("verify", [True, False])
def test_records_of_many_shards_are_read_together(tmp_path: Path, verify: bool) -> None:
    records = ShardRecords(tmp_path, limit=3_000)

    def write(numbers: range) -> list[Receipt]:
        contexts = [TensorFeatureContext("f", torch.full((40,), number)) for number in numbers]
        return [
            write_record(records, RECORD, str(number), "g", {"x": context})
            for number, context in zip(numbers, contexts, strict=True)
        ]

    def read(numbers: Sequence[int]) -> list[int]:
        some = columns_of([receipts[number] for number in numbers])
        found = read_records(records, RECORD, [*map(str, numbers)], "g", some, verify)
        return [int(value["x"].tensor[-1]) for value in found]

    receipts = write(range(2))
    assert records.get_all(columns_of(receipts)) is None  # nothing is mapped
    assert read(range(2)) == [0, 1]
    receipts += write(range(2, 4))
    assert len({receipt.file for receipt in receipts}) == 1
    assert records.get_all(columns_of(receipts)) is None  # the shard has grown since
    assert read(range(4)) == [*range(4)]
    receipts += write(range(4, 30))
    assert len({receipt.file for receipt in receipts}) > 3
    assert read(range(30)) == [*range(30)]
    for order in ([*range(30)], [*range(29, -1, -3)], [7] * 5, []):
        chosen = [receipts[number] for number in order]
        assert records.get_all(columns_of(chosen)) == [records.get(receipt) for receipt in chosen]
        assert read(order) == order

    def files() -> Iterator[str]:
        for receipt in receipts:
            yield receipt.file
            records.keep_only({receipts[0].file})  # as another thread may

    assert records.get_all(replace(columns_of(receipts), files=files())) is None
    with pytest.raises(CorruptBatch, match="gone"):
        read(range(30))


def test_every_flipped_bit_of_a_shard_is_found_and_other_keys_still_load(tmp_path: Path) -> None:
    records = ShardRecords(tmp_path)
    receipts = [write_record(records, RECORD, str(i), "g", {"x": torch.arange(i, i + 6)}) for i in range(2)]
    records.close()
    path = tmp_path / receipts[0].file
    whole = path.read_bytes()
    for position in range(receipts[0].length):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        reader = ShardRecords(tmp_path)
        with pytest.raises(CorruptBatch):
            read_record(reader, RECORD, "0", "g", receipts[0])
        assert read_record(reader, RECORD, "1", "g", receipts[1])["x"].tolist() == [1, 2, 3, 4, 5, 6]


def test_writing_into_a_view_is_noticed_by_the_next_load(tmp_path: Path) -> None:
    records = ShardRecords(tmp_path)
    receipt = write_record(records, RECORD, "k", "g", {"x": torch.arange(3)})
    first = read_record(records, RECORD, "k", "g", receipt)["x"]
    first.sub_(1)
    assert read_record(records, RECORD, "k", "g", receipt)["x"].tolist() == [0, 1, 2]
    assert first.tolist() == [-1, 0, 1]


def test_a_missing_or_cut_shard_is_named(tmp_path: Path) -> None:
    records = ShardRecords(tmp_path)
    receipt = write_record(records, RECORD, "k", "g", {"x": torch.arange(3)})
    records.close()
    path = tmp_path / receipt.file
    path.write_bytes(path.read_bytes()[:-70])
    with pytest.raises(CorruptBatch, match="its shard is cut"):
        read_record(ShardRecords(tmp_path), RECORD, "k", "g", receipt)
    path.unlink()
    with pytest.raises(CorruptBatch, match=r"g/000000-.*\.shard at 0"):
        read_record(ShardRecords(tmp_path), RECORD, "k", "g", receipt)
    with pytest.raises(CorruptBatch, match=r"g/000000-.*\.shard at 0"):
        ShardRecords(tmp_path).get_again(receipt)


def test_shards_without_a_committed_record_are_removed(tmp_path: Path) -> None:
    first, second = ShardRecords(tmp_path), ShardRecords(tmp_path)
    kept = write_record(first, RECORD, "k", "g", 1)
    write_record(second, RECORD, "k", "g", 1)
    first.close()
    second.close()
    first.keep_only({kept.file})
    assert [str(path.relative_to(tmp_path)) for path in first.shards("g")] == [kept.file]


def test_clearing_leaves_nothing_but_the_files_of_others(tmp_path: Path) -> None:
    others = [tmp_path / name for name in ("notes.txt", "g/notes.txt", "g/mine-0.shard", "mine/train.shard")]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_text("precious")
    records = ShardRecords(tmp_path)
    for group in ("g", "h"):
        write_record(records, RECORD, "k", group, 1)
    records.close()
    assert len(records.files("g")) == 1
    records.keep_only(records.files("g"))
    assert records.files("h") == []
    records.clear()
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(others)
    for path in others:
        path.unlink()
    records.clear()
    assert not tmp_path.exists()


def test_damage_in_the_middle_is_no_torn_end(tmp_path: Path) -> None:
    stash = make(tmp_path)
    for i in range(3):
        stash.dump(str(i), value(i))
    stash.records.close()
    (shard,) = stash.records.shards("c")
    data = bytearray(shard.read_bytes())
    data[100] ^= 1
    shard.write_bytes(data)
    with pytest.raises(CorruptBatch):
        list(make(tmp_path).keys())


def test_a_value_without_all_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PersistableError, match=r"\['b', 'c'\]"):
        make(tmp_path).dump("k", {"a": 1})


def test_a_value_that_is_no_plain_object_loads_as_often_as_one_likes(tmp_path: Path) -> None:
    stash = ShardStash(tmp_path / "s", ({"a"},))
    stash.dump("k", {"a": OrderedDict(x=1, y=torch.arange(2))})
    for _ in range(3):
        assert list(stash["k"]["a"]) == ["x", "y"]


def test_a_record_with_the_digest_of_another_description_is_refused() -> None:
    data = bytearray(b"".join(frame("k", "g", 1, RECORD.encode({"x": torch.arange(3)})).pieces))
    data[48] ^= 1
    (header_size,) = struct.unpack_from("<I", data, 12)
    data[80:88] = struct.pack("<Q", xxh3_64_intdigest(bytes(data[:80]) + bytes(data[88:header_size])))
    with pytest.raises(CorruptBatch, match="digest of its description"):
        unframe(memoryview(data), "here", verify=False)


def test_what_was_put_before_a_failing_write_is_forced_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records, synced = ShardRecords(tmp_path), []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    def full(descriptor: int, pieces: list[memoryview]) -> int:
        raise OSError(28, "No space left on device")

    receipt = write_record(records, RECORD, "0", "g", {"x": 1})
    with monkeypatch.context() as patch:
        patch.setattr(os, "writev", full)
        with pytest.raises(OSError, match="No space"):
            write_record(records, RECORD, "1", "g", {"x": 2})
    monkeypatch.setattr(os, "fsync", watched)
    records.close()  # what was put is committed after this
    assert tmp_path / receipt.file in synced
    later = write_record(records, RECORD, "2", "g", {"x": 3})
    assert later.file != receipt.file


def test_no_receipt_is_given_where_making_one_of_many_records_fails(tmp_path: Path) -> None:
    records = ShardRecords(tmp_path)

    def values(last: object) -> list[tuple[list[str], str, list[object]]]:
        return [(["0"], "g", [{"x": 1}]), (["1"], "h", [{"x": 2}]), (["2"], "g", [last])]

    with pytest.raises(UnsafeError):
        write_records(records, RECORD, values({"x": object()}))
    receipts = [*chain.from_iterable(write_records(records, RECORD, values({"x": 3})))]
    records.close()
    found = [
        read_record(records, RECORD, key, group, receipt, True)
        for ((key,), group, _), receipt in zip(values(None), receipts, strict=True)
    ]
    assert found == [{"x": 1}, {"x": 2}, {"x": 3}]
    assert [receipt.offset for receipt in receipts] == [0, 0, receipts[0].length + -receipts[0].length % 64]


@given(sizes=st.lists(st.integers(0, 300_000), min_size=1, max_size=12))
@settings(max_examples=20)
def test_small_and_large_records_lie_one_after_another(sizes: list[int]) -> None:
    with TemporaryDirectory() as folder:
        records = ShardRecords(Path(folder))
        written = [torch.full((size,), number, dtype=torch.uint8) for number, size in enumerate(sizes)]
        values = (([str(number)], "g", [{"x": tensor}]) for number, tensor in enumerate(written))
        receipts = [*chain.from_iterable(write_records(records, RECORD, values))]
        records.close()
        for number, (tensor, receipt) in enumerate(zip(written, receipts, strict=True)):
            assert torch.equal(read_record(records, RECORD, str(number), "g", receipt, True)["x"], tensor)
        assert [key for key, _ in records.scan("g")] == [str(number) for number in range(len(sizes))]


def test_a_tensor_that_is_written_into_after_it_was_given_is_stored_as_it_was(tmp_path: Path) -> None:
    records, tensor = ShardRecords(tmp_path), torch.zeros(4)

    def values() -> Iterator[tuple[list[str], str, list[object]]]:
        for number in range(3):
            tensor.fill_(number)  # as a vectorizer that uses its memory again
            yield [str(number)], "g", [{"x": tensor}]

    receipts = [*chain.from_iterable(write_records(records, RECORD, values()))]
    found = [
        read_record(records, RECORD, str(number), "g", receipt, True)["x"] for number, receipt in enumerate(receipts)
    ]
    assert [one.tolist() for one in found] == [[0.0] * 4, [1.0] * 4, [2.0] * 4]


def test_a_shard_that_cannot_be_begun_leaves_nothing_that_is_closed_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = ShardRecords(tmp_path, limit=1)
    write_record(records, RECORD, "0", "g", {"x": 1})

    def too_many(*_: object) -> int:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", too_many)
        with pytest.raises(OSError, match="Too many"):
            write_record(records, RECORD, "1", "g", {"x": 2})
    with (tmp_path / "other").open("wb") as other:  # may have the number that the full shard had
        records.close()
        other.write(b"still open")
    assert (tmp_path / "other").read_bytes() == b"still open"


def test_what_is_written_into_a_tensor_is_no_damage_where_only_the_place_of_its_record_is_known(tmp_path: Path) -> None:
    records = ShardRecords(tmp_path)
    write_record(records, RECORD, "0", "g", {"x": torch.arange(3)})
    records.close()
    ((key, found),) = records.find_all("g")  # as where an index is damaged
    assert found.checksum == 0
    for _ in range(2):
        tensor = read_record(records, RECORD, key, "g", found)["x"]
        assert tensor.tolist() == [0, 1, 2]
        tensor.fill_(9)
