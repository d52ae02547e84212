"""Records of a structure that is known are read as any other, whatever happens in between."""

from __future__ import annotations

import copy
import importlib
import pickle
import sys
import tracemalloc
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from zensols_like.persist import Formed
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
