"""A run of records has the bytes that its records have one by one, in the same places."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zensols_like.persist.directory import DirectoryRecords
from zensols_like.persist.formats import Alike, find_format
from zensols_like.persist.records import RecordStore, read_record, write_record, write_records
from zensols_like.persist.shards import ShardRecords
from zensols_like.vectorize import NullFeatureContext, TensorFeatureContext

RECORD = find_format("record")
TYPES = [torch.float32, torch.int64, torch.bool, torch.bfloat16, torch.float16, torch.complex64, torch.uint8]


class Values(Alike):
    """Mappings to contexts of tensors, and to one without."""

    def __init__(self, tensors: Sequence[torch.Tensor], rows: int) -> None:
        self._tensors = tensors
        self._rows = rows

    def __len__(self) -> int:
        return len(self._tensors[0]) // self._rows if self._tensors else 3

    def __getitem__(self, number: Any) -> Any:
        if not 0 <= number < len(self):
            raise IndexError(number)
        pieces = [tensor[number * self._rows : (number + 1) * self._rows] for tensor in self._tensors]
        contexts = {f"x{at}": TensorFeatureContext(f"f{at}", piece) for at, piece in enumerate(pieces)}
        return {**contexts, "none": NullFeatureContext("none")}

    @property
    def tensors(self) -> Sequence[torch.Tensor]:
        return self._tensors


@st.composite
def runs(draw: st.DrawFn) -> Values:
    """Values with some tensors of any type and any size, small and large, which may lie in memory in any way."""
    count, rows = draw(st.integers(1, 12)), draw(st.integers(1, 3))
    tensors = []
    for _ in range(draw(st.integers(0, 3))):
        shape = draw(st.sampled_from([(), (1,), (5, 3), (0,), (64,), (200, 50)]))
        tensor = torch.randint(0, 100, (count * rows, *shape)).to(draw(st.sampled_from(TYPES)))
        tensors.append(tensor.flip(0) if draw(st.booleans()) else tensor.transpose(0, -1).contiguous().transpose(0, -1))
    return Values(tensors, rows)


def stores(folder: Path, limit: int) -> tuple[RecordStore, RecordStore]:
    return ShardRecords(folder / "shards", limit), DirectoryRecords(folder / "files")


@given(values=runs(), first=st.sampled_from([0, 5, 95, 998]), group=st.sampled_from(["g", "grüße"]), limit=st.data())
@settings(max_examples=150)
def test_values_of_one_structure_are_the_same_bytes_together_and_one_by_one(
    values: Values, first: int, group: str, limit: st.DataObject
) -> None:
    keys = [str(first + number) for number in range(len(values))]
    most = limit.draw(st.sampled_from([1, 2000, 1 << 20, 1 << 30]))
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        for together, alone in zip(stores(Path(one), most), stores(Path(other), most), strict=True):
            receipts = [*chain.from_iterable(write_records(together, RECORD, [(keys, group, values)]))]
            others = [write_record(alone, RECORD, key, group, value) for key, value in zip(keys, values, strict=True)]
            together.close()
            alone.close()
            assert [bytes(together.get(one)) for one in receipts] == [bytes(alone.get(one)) for one in others]
            places = [(one.offset, one.length, one.checksum, one.layout) for one in receipts]
            assert places == [(one.offset, one.length, one.checksum, one.layout) for one in others]
            assert len(set(together.files(group))) == len(set(alone.files(group)))
            for key, receipt, value in zip(keys, receipts, values, strict=True):
                found = read_record(together, RECORD, key, group, receipt)
                assert found.keys() == value.keys()
                for name in found.keys() - {"none"}:
                    assert torch.equal(found[name].tensor, value[name].tensor)


@pytest.mark.parametrize("most", [1, 3000, 1 << 30])
def test_a_shard_that_is_full_ends_within_a_run(tmp_path: Path, most: int) -> None:
    records = ShardRecords(tmp_path, most)
    values = Values([torch.arange(8 * 100).reshape(8, 100)], 1)
    receipts = [*chain.from_iterable(write_records(records, RECORD, [(list(map(str, range(8))), "g", values)]))]
    records.close()
    begins = [receipt for receipt in receipts if receipt.offset == 0]
    assert len(begins) == {1: 8, 3000: 3, 1 << 30: 1}[most]
    assert all(receipt.offset < most for receipt in receipts)
    assert [key for key, _ in records.scan("g")] == list(map(str, range(8)))


def test_a_format_that_knows_one_value_only_gets_them_one_by_one(tmp_path: Path) -> None:
    records, storage = ShardRecords(tmp_path), find_format("pickle", trusted=True)
    values = Values([torch.arange(6).reshape(6, 1)], 2)
    receipts = [*chain.from_iterable(write_records(records, storage, [(["a", "b", "c"], "g", values)]))]
    records.close()
    found = [
        read_record(records, storage, key, "g", receipt) for key, receipt in zip(["a", "b", "c"], receipts, strict=True)
    ]
    assert [one["x0"].tensor.tolist() for one in found] == [[[0], [1]], [[2], [3]], [[4], [5]]]
