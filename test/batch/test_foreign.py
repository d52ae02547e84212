"""A number of workers from 2 on is that many processes, unless all code is of this library and the work is small."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from zensols_like.batch import ArrayBatchStash, DefaultBatch, RowDataPoint
from zensols_like.dataset import SortedDatasetSplitStash
from zensols_like.multi.crew import Crew
from zensols_like.persist import DelegateStash
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


class OwnSource(DelegateStash):
    pass


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


def with_own_vectorizer(stash: ArrayBatchStash) -> None:
    own = [OwnVectorizer.of("size", row_shape=()), ArrayEncodableFeatureVectorizer.of("kind", row_shape=())]
    manager = FeatureVectorizerManager.of("arrays", TorchConfig(use_gpu=False), own)
    stash.vectorizer_manager_set = FeatureVectorizerManagerSet.of("managers", [manager])


def with_own_source(stash: ArrayBatchStash) -> None:
    behind = OwnSource(stash.split_stash_container.delegate)
    stash.split_stash_container = dataclasses.replace(stash.split_stash_container, delegate=behind)


def with_own_order(stash: ArrayBatchStash) -> None:
    container = stash.split_stash_container
    stash.split_stash_container = SortedDatasetSplitStash(
        container.delegate, container.split_container, sort_function=lambda key: -int(key)
    )


FOREIGN: dict[str, Callable[[ArrayBatchStash], None]] = {
    "data point": lambda stash: setattr(stash, "data_point_type", OwnPoint),
    "batch": lambda stash: setattr(stash, "batch_type", OwnBatch),
    "vectorizer": with_own_vectorizer,
    "source": with_own_source,
    "function": with_own_order,
}


def test_what_is_all_of_this_library_is_encoded_here_while_it_is_little(tmp_path, caplog):
    stash = stash_of(tmp_path)
    with caplog.at_level(logging.INFO):
        stash.prime()
    assert len(stash) == 10
    assert "did all 10 in this process" in caplog.text


@pytest.mark.parametrize("change", FOREIGN.values(), ids=FOREIGN)
def test_foreign_code_runs_in_processes_where_they_are_asked_for(tmp_path, change):
    stash = stash_of(tmp_path / "two")
    change(stash)
    with pytest.raises(ProcessesStart):
        stash.prime()
    left_to_us = stash_of(tmp_path / "left", workers=1.0)
    change(left_to_us)
    left_to_us.prime()


def test_a_stash_of_a_foreign_class_runs_in_processes(tmp_path):
    with pytest.raises(ProcessesStart):
        stash_of(tmp_path, OwnStash).prime()


def test_with_a_limit_of_time_there_are_processes_whatever_runs(tmp_path):
    stash = stash_of(tmp_path)
    stash.timeout_s = 60
    with pytest.raises(ProcessesStart):
        stash.prime()
