"""Records of a structure that is known are read as any other, whatever happens in between."""

from __future__ import annotations

import copy
import importlib
import mmap
import os
import pickle
import sys
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from types import ModuleType
from typing import Any

import pytest
import torch

from zensols_like.persist import Form, Formed
from zensols_like.persist.formats import Bounded
from zensols_like.persist.formats.record import FORMAT
from zensols_like.persist.records import read_record, write_record
from zensols_like.persist.shards import ShardRecords

MODULE = """
from dataclasses import dataclass
from torch import Tensor
from zensols_like.persist import register
from zensols_like.vectorize import FeatureContext

@register
@dataclass
class Noted(FeatureContext):
    tensor: Tensor
    text: str
"""


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of a user with a context."""
    (tmp_path / "noted_contexts.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("noted_contexts")
    del sys.modules["noted_contexts"]


def read_twice(records: ShardRecords, value: Any) -> Any:
    """A value as it is when a record of its structure was read before."""
    for key in "01":
        found = read_record(records, FORMAT, key, "g", write_record(records, FORMAT, key, "g", value))
    assert isinstance(found, Formed)
    return found


def test_a_value_is_the_same_as_when_it_was_read_first(tmp_path: Path, noted: ModuleType) -> None:
    value = {"b": noted.Noted("x", torch.arange(3), "text"), "a": noted.Noted("y", torch.eye(2), "")}
    found = read_twice(ShardRecords(tmp_path), value)
    for same in (found, pickle.loads(pickle.dumps(found)), copy.deepcopy(found), copy.copy(found)):
        assert list(same) == ["b", "a"]
        assert [list(vars(one)) for one in same.values()] == [["feature_id", "tensor", "text"]] * 2
        assert list(map(bytes, FORMAT.encode(dict(same)))) == list(map(bytes, FORMAT.encode(value)))
    only = found.only(frozenset(["a", "c"]))
    assert (list(only), only["a"].tensor.tolist(), only.get("b")) == (["a"], [[1, 0], [0, 1]], None)


def test_a_class_whose_module_is_loaded_again_is_the_new_one(tmp_path: Path, noted: ModuleType) -> None:
    records = ShardRecords(tmp_path)
    value = {"a": noted.Noted("x", torch.arange(3), "text")}
    former = type(read_twice(records, value)["a"])
    importlib.reload(noted)
    assert former is not noted.Noted
    receipt = records.find_all("g")
    (key, found), *_ = receipt
    assert type(read_record(records, FORMAT, key, "g", found)["a"]) is noted.Noted
    again = write_record(records, FORMAT, "2", "g", {"a": noted.Noted("x", torch.arange(3), "text")})
    assert type(read_record(records, FORMAT, "2", "g", again)["a"]) is noted.Noted


@pytest.mark.parametrize("place", [64, 1 << 31])
def test_a_record_too_large_for_a_structure_of_numpy_has_no_form(place: int, noted: ModuleType) -> None:
    record = memoryview(mmap.mmap(-1, (1 << 31) + 128))  # memory that is never touched
    value = {"a": noted.Noted("x", torch.frombuffer(record, dtype=torch.int64, count=2, offset=place), "text")}
    assert (Form.of(value, record, 0) is None) == (place > 64)


def test_long_texts_are_not_remembered_without_end(tmp_path: Path, noted: ModuleType) -> None:
    records = ShardRecords(tmp_path)
    tracemalloc.start()
    try:
        for number in range(200):
            text = f"{number}".rjust(500_000)
            receipt = write_record(records, FORMAT, "0", "g", {"a": noted.Noted("x", torch.arange(3), text)})
            assert read_record(records, FORMAT, "0", "g", receipt)["a"].text == text
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 64 << 20  # of the 100 MB that there were


def test_a_bounded_dictionary_holds_neither_many_nor_much() -> None:
    kept: Bounded[int, int] = Bounded(most=3, most_bytes=100)
    for number in range(4):
        kept.keep(number, number, size=1)
    assert kept == {3: 3}
    kept.keep(4, 4, size=99)
    assert kept == {3: 3, 4: 4}
    kept.keep(5, 5, size=1000)
    assert kept == {5: 5}


def read_all(records: ShardRecords, receipts: list[Any]) -> list[list[int]]:
    return [
        read_record(records, FORMAT, str(at), "g", receipt)["a"].tensor.tolist() for at, receipt in enumerate(receipts)
    ]


def test_threads_and_processes_read_what_was_written(tmp_path: Path, noted: ModuleType) -> None:
    writer = ShardRecords(tmp_path)
    values = [[at, at + 1] for at in range(50)]
    receipts = [
        write_record(writer, FORMAT, str(at), "g", {"a": noted.Noted("x", torch.tensor(value), "text")})
        for at, value in enumerate(values)
    ]
    records = ShardRecords(tmp_path)  # which has mapped nothing yet
    barrier = Barrier(8)

    def run(_: int) -> list[list[int]]:
        barrier.wait()
        return read_all(records, receipts)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, range(8))) == [values] * 8
    for tensor in (
        read_record(records, FORMAT, str(at), "g", receipt)["a"].tensor for at, receipt in enumerate(receipts)
    ):
        tensor.fill_(-1)  # in this process only
    with warnings.catch_warnings():  # a later Python minds that there were threads
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os._exit(0 if read_all(records, receipts) == values else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert read_all(records, receipts) == values
