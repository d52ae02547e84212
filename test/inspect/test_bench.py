"""How quick a store is, and what limits it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from support.flowers import NoiseVectorizer, flower_stash, managers
from torch import Tensor

from zensols_like.batch import BatchDirectoryCompositeStash, BatchShardStash, BatchStash
from zensols_like.errors import EncodeError
from zensols_like.inspect import StashReader, bench_store, open_store
from zensols_like.persist import DictionaryStash
from zensols_like.vectorize import FeatureContext, TensorFeatureContext

CONTAINERS = [BatchDirectoryCompositeStash, BatchShardStash]


@dataclass
class SlowDecoder(NoiseVectorizer):
    """Takes its time to decode."""

    def _decode(self, context: FeatureContext) -> Tensor | None:
        time.sleep(0.003)
        return super()._decode(context)


@dataclass
class SlowEncoder(NoiseVectorizer):
    """Takes its time to encode."""

    def _encode(self, data: Any) -> TensorFeatureContext:
        time.sleep(0.003)
        return TensorFeatureContext(self.feature_id, torch.zeros(1, 3))


def primed(folder: Path, **options: Any) -> BatchStash:
    stash = flower_stash(folder, **options)
    stash.prime()
    return stash


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_stages_of_a_store_add_up_to_its_load(tmp_path: Path, container: type) -> None:
    stash = primed(tmp_path, container=container)
    report = bench_store(open_store(tmp_path / "batch"), seconds=0.2)
    assert (report.status, report.batches, report.planned) == ("complete", 5, 5)
    assert report.size_bytes == int(stash.store.index.length.sum())
    assert [stage.name for stage in report.stages] == ["read", "verify", "decode"]
    assert report.load is not None
    assert report.limit is not None
    assert report.load.seconds_per_batch == pytest.approx(sum(one.seconds_per_batch for one in report.stages))
    for stage in (*report.stages, report.load, report.limit):
        assert stage.batches_per_second == pytest.approx(1 / stage.seconds_per_batch)
        assert stage.bytes_per_second == pytest.approx(report.size_bytes / 5 * stage.batches_per_second)
    slowest = max(report.stages, key=lambda stage: stage.seconds_per_batch)
    assert report.limiting == slowest.name
    assert (report.decode, report.encode, report.note) == ((), None, None)  # no vectorizer takes part


def test_a_vectorizer_that_decodes_slowly_is_named(tmp_path: Path) -> None:
    stash = primed(tmp_path, vectorizer_manager_set=managers(SlowDecoder))
    report = bench_store(StashReader(stash), seconds=0.2)
    assert report.limiting == "decode of 'noise' by noise (SlowDecoder)"
    by_name = {one.attribute: one.seconds_per_batch for one in report.decode}
    assert list(by_name) == ["label", "size", "leaves", "noise"]
    assert by_name["noise"] >= 0.003
    (decode,) = (stage for stage in report.stages if stage.name == "decode")
    assert decode.seconds_per_batch >= by_name["noise"]


def test_a_vectorizer_that_encodes_slowly_is_named(tmp_path: Path) -> None:
    report = bench_store(StashReader(flower_stash(tmp_path, vectorizer_manager_set=managers(SlowEncoder))), 0.2)
    assert report.encode is not None
    assert report.encode.limiting == "encode of 'noise' by noise (SlowEncoder)"
    rates = {one.attribute: one.data_points_per_second for one in report.encode.vectorizers}
    assert rates["noise"] <= 1 / 0.003
    assert rates["noise"] == min(rates.values())


def test_only_attributes_that_are_decoded_are_read(tmp_path: Path) -> None:
    whole = bench_store(StashReader(primed(tmp_path)), seconds=0)
    label = bench_store(StashReader(flower_stash(tmp_path, decoded_attributes={"label"})), seconds=0)
    assert label.size_bytes / label.batches < whole.size_bytes / whole.batches
    assert [one.attribute for one in label.decode] == ["label"]


def test_nothing_is_written_and_no_store_is_needed(tmp_path: Path) -> None:
    report = bench_store(StashReader(flower_stash(tmp_path)), seconds=0)
    assert (report.status, report.stages, report.limiting) == ("absent", (), None)
    assert report.encode is not None
    assert (report.encode.batches, report.encode.data_points) == (1, 4)
    assert list(tmp_path.iterdir()) == []


def test_a_store_is_measured_where_its_source_is_not(tmp_path: Path) -> None:
    primed(tmp_path)
    report = bench_store(StashReader(flower_stash(tmp_path, source={})), seconds=0)
    assert report.encode is None
    assert report.note is not None
    assert "The source cannot be read: The source has no data point '0'." in report.note
    assert report.batches >= 1


def test_a_data_point_that_cannot_be_encoded_is_an_error(tmp_path: Path) -> None:
    source = {str(i): {"label": "rose", "size": "wide", "leaves": torch.zeros(1, 2)} for i in range(20)}
    with pytest.raises(EncodeError, match="'0'"):
        bench_store(StashReader(flower_stash(tmp_path, source=source)), seconds=0)


def test_a_stash_that_keeps_no_records_is_read_and_decoded(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path, delegate=DictionaryStash())
    stash.prime()
    report = bench_store(StashReader(stash), seconds=0)
    assert [stage.name for stage in report.stages] == ["read", "decode"]
    assert report.limit is None
