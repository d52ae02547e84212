"""A number of workers from 2 on is that many processes, unless all code is of this library and the work is small."""

from __future__ import annotations

import dataclasses
import logging
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zensols_like.batch import ArrayBatchStash, BatchFeatureMapping, BatchShardStash, DefaultBatch, RowDataPoint
from zensols_like.dataframe import DataframeBatchStash
from zensols_like.dataset import SortedDatasetSplitStash
from zensols_like.multi.crew import Crew
from zensols_like.persist import DelegateStash, DictionaryStash, Stash, UnionStash
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    ArrayEncodableFeatureVectorizer,
    FeatureVectorizerManager,
    FeatureVectorizerManagerSet,
)


class OwnStash(ArrayBatchStash):
    pass


class OwnPoint(RowDataPoint):
    pass


class OwnBatch(DefaultBatch):
    pass


class OwnVectorizer(ArrayEncodableFeatureVectorizer):
    pass


class OwnManager(FeatureVectorizerManager):
    pass


class OwnMapping(BatchFeatureMapping):
    pass


class OwnContainer(BatchShardStash):
    pass


class OwnSource(DelegateStash):
    pass


class OwnRow(dict):
    """Its attributes are its items, and nothing else is asked of it."""

    def __getattr__(self, name):
        return self[name]


class ProcessesStart(Exception):
    pass


@pytest.fixture(autouse=True)
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(_: Crew[int]) -> None:
        raise ProcessesStart

    monkeypatch.setattr(Crew, "fill", fill)


def stash_of(folder: Path, cls: type[ArrayBatchStash] = ArrayBatchStash, workers: int | float = 2) -> ArrayBatchStash:
    arrays = {"size": np.arange(100.0), "kind": np.arange(100) % 2}
    return cls.from_arrays(arrays, folder, label="kind", batch_size=10, workers=workers)


def with_managers(stash: ArrayBatchStash, manager: type, vectorizer: type) -> None:
    vectorizers = [vectorizer.of("size", row_shape=()), ArrayEncodableFeatureVectorizer.of("kind", row_shape=())]
    made = manager.of("arrays", TorchConfig(use_gpu=False), vectorizers)
    stash.vectorizer_manager_set = FeatureVectorizerManagerSet.of("managers", [made])


def with_source(stash: ArrayBatchStash, source: Stash) -> None:
    stash.split_stash_container = dataclasses.replace(stash.split_stash_container, delegate=source)


def with_order(stash: ArrayBatchStash, order: Callable[[str], int]) -> None:
    container = stash.split_stash_container
    stash.split_stash_container = SortedDatasetSplitStash(
        container.delegate, container.split_container, sort_function=order
    )


def source_of(stash: ArrayBatchStash) -> Stash:
    source: Stash = stash.split_stash_container.delegate
    return source


def rows(row: type) -> DictionaryStash:
    return DictionaryStash({str(number): row(size=number / 2, kind=number % 2) for number in range(100)})


def descending(key: str) -> int:
    return -int(key)


FOREIGN: dict[str, Callable[[ArrayBatchStash], None]] = {
    "data point": lambda stash: setattr(stash, "data_point_type", OwnPoint),
    "data point that a call made": lambda stash: setattr(
        stash, "data_point_type", type(RowDataPoint)("MadePoint", (RowDataPoint,), {})
    ),
    "data class that a call made": lambda stash: with_source(
        stash, rows(dataclasses.make_dataclass("MadeRow", [("size", float), ("kind", int)]))
    ),
    "batch": lambda stash: setattr(stash, "batch_type", OwnBatch),
    "vectorizer": lambda stash: with_managers(stash, FeatureVectorizerManager, OwnVectorizer),
    "manager": lambda stash: with_managers(stash, OwnManager, ArrayEncodableFeatureVectorizer),
    "mapping": lambda stash: setattr(
        stash, "batch_feature_mappings", OwnMapping("kind", stash.batch_feature_mappings.manager_mappings)
    ),
    "container": lambda stash: setattr(stash, "delegate", OwnContainer(stash.delegate.path, stash.delegate.groups)),
    "source": lambda stash: with_source(stash, OwnSource(source_of(stash))),
    "source behind others": lambda stash: with_source(stash, DelegateStash(OwnSource(source_of(stash)))),
    "source among others": lambda stash: with_source(stash, UnionStash((OwnSource(source_of(stash)),))),
    "rows": lambda stash: with_source(stash, rows(OwnRow)),
    "function": lambda stash: with_order(stash, descending),
    "function in another": lambda stash: with_order(stash, partial(descending)),
}

KNOWN: dict[str, Callable[[ArrayBatchStash], None]] = {
    "all as it was": lambda _: None,
    "source among others": lambda stash: with_source(stash, UnionStash((source_of(stash),))),
    "rows": lambda stash: with_source(stash, rows(dict)),
    "function of Python": lambda stash: with_order(stash, int),
}


@pytest.mark.parametrize("change", KNOWN.values(), ids=KNOWN)
def test_what_is_all_of_this_library_is_encoded_here_while_it_is_little(tmp_path, caplog, change):
    stash = stash_of(tmp_path)
    change(stash)
    with caplog.at_level(logging.INFO):
        stash.prime()
    assert len(stash) == 10
    assert "did all 10 in this process" in caplog.text


@pytest.mark.parametrize("change", FOREIGN.values(), ids=FOREIGN)
def test_foreign_code_runs_in_processes_where_they_are_asked_for(tmp_path, caplog, change):
    stash = stash_of(tmp_path / "two")
    change(stash)
    with caplog.at_level(logging.INFO), pytest.raises(ProcessesStart):
        stash.prime()
    assert re.search(rf"since ({__name__}\.\w+|abc\.MadePoint|types\.MadeRow) is not of this library", caplog.text)


def test_where_the_number_is_left_to_us_little_foreign_work_is_done_here(tmp_path):
    stash = stash_of(tmp_path, OwnStash, workers=1.0)
    stash.prime()
    assert len(stash) == 10


def test_a_stash_of_a_foreign_class_runs_in_processes(tmp_path):
    with pytest.raises(ProcessesStart):
        stash_of(tmp_path, OwnStash).prime()


def test_with_a_limit_of_time_there_are_processes_whatever_runs(tmp_path):
    stash = stash_of(tmp_path)
    stash.timeout_s = 60
    with pytest.raises(ProcessesStart):
        stash.prime()


def test_a_table_is_encoded_here_while_it_is_little(tmp_path):
    table = pd.DataFrame({"size": np.arange(100.0), "kind": ["rose", "lily"] * 50})
    stash = DataframeBatchStash.from_frame(table, label="kind", path=tmp_path, batch_size=10, workers=2)
    stash.prime()
    assert len(stash) >= 10
