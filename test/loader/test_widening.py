"""Few bytes on disk and on the way to the device, wide numbers where the model is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from loader_fakes import FakeBatch, fake_source
from support.flowers import KINDS, NoiseVectorizer, flower_stash
from torch.utils.data import DataLoader

from zensols_like.batch import BatchStash
from zensols_like.loader import BatchLoader, LoaderOptions, Tensors, unwrap
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    AttributeEncodableFeatureVectorizer,
    FeatureVectorizerManager,
    FeatureVectorizerManagerSet,
    IdentityEncodableFeatureVectorizer,
    NominalEncodedEncodableFeatureVectorizer,
)

NARROW = {
    "bool": (torch.bool, torch.float32),
    "uint8": (torch.uint8, torch.float32),
    "int16": (torch.int16, torch.int64),
    "float16": (torch.float16, torch.float32),
    "bfloat16": (torch.bfloat16, torch.float64),
}
WIDE = {name: wide for name, (_, wide) in NARROW.items()}
WAYS: list[dict[str, Any]] = [
    {"workers": 0},
    {},
    {"workers": 2, "prefetch": 4},
    {"cache": "cpu"},
    {"max_bytes": 1},
    {"transform": dict},
    pytest.param({"workers": 2, "worker_type": "process"}, marks=pytest.mark.process),
]


def load_narrow(batch_id: str) -> FakeBatch:
    number = int(batch_id)
    return FakeBatch(batch_id, {name: torch.tensor([number, 1, 0]).to(narrow) for name, (narrow, _) in NARROW.items()})


@pytest.mark.parametrize("way", WAYS)
def test_every_narrow_type_is_widened_where_the_model_is(way: dict[str, Any]) -> None:
    source = fake_source(6, load_narrow, wide_data_types=WIDE)
    with BatchLoader(source, LoaderOptions(**way)) as loader:
        for _ in range(2):
            for batch in loader:
                for name, stored in load_narrow(batch.id).attributes.items():
                    assert stored is not None
                    found = batch.attributes[name]
                    assert found is not None
                    torch.testing.assert_close(found, stored.to(WIDE[name]), rtol=0, atol=0)
        assert loader.stats.nbytes == 12 * 3 * (1 + 1 + 2 + 2 + 2)  # what travelled was narrow


def refuses_wide(tensors: Tensors) -> Tensors:
    assert {name: tensor.dtype for name, tensor in tensors.items() if tensor is not None} == {
        name: narrow for name, (narrow, _) in NARROW.items()
    }
    return tensors


def test_a_transform_gets_what_is_stored() -> None:
    source = fake_source(3, load_narrow, wide_data_types=WIDE)
    assert len(list(BatchLoader(source, LoaderOptions(transform=refuses_wide)))) == 3


class WideLeaves(IdentityEncodableFeatureVectorizer):
    """Leaves are stored as they come, which is int16."""

    wide_data_type = torch.float32


@pytest.fixture
def stash(tmp_path: Path) -> BatchStash:
    vectorizers = [
        NominalEncodedEncodableFeatureVectorizer.of("kind", categories=KINDS),
        AttributeEncodableFeatureVectorizer.of("number"),
        WideLeaves.of("same"),
        NoiseVectorizer.of("noise"),
    ]
    manager = FeatureVectorizerManager.of("flowers", TorchConfig(use_gpu=False), vectorizers)
    return flower_stash(tmp_path, vectorizer_manager_set=FeatureVectorizerManagerSet.of("managers", [manager]))


def test_a_vectorizer_says_what_is_wide(stash: BatchStash) -> None:
    for batch in stash.loader("train"):
        stored = stash.load(batch.id)
        assert stored["leaves"].dtype == torch.int16
        assert batch["leaves"].dtype == torch.float32
        assert batch["leaves"].equal(stored["leaves"].float())
        assert batch["size"].equal(stored["size"])
        for copied in (stored.to(), stored.to("cpu"), batch.to()):
            assert copied["leaves"].equal(batch["leaves"])
            assert copied["leaves"].dtype == torch.float32


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.process)])
def test_the_data_loader_of_torch_gives_the_same(stash: BatchStash, workers: int) -> None:
    data = DataLoader(stash.as_dataset("train"), batch_size=1, collate_fn=unwrap, num_workers=workers)
    for batch, expected in zip(data, stash.loader("train"), strict=True):
        assert batch["leaves"].equal(expected["leaves"])
        assert batch["leaves"].dtype == batch.to("cpu")["leaves"].dtype == torch.float32


def test_what_is_wide_is_not_part_of_what_is_stored(stash: BatchStash, monkeypatch: pytest.MonkeyPatch) -> None:
    stash.prime()
    monkeypatch.setattr(WideLeaves, "wide_data_type", torch.float64)
    assert stash.differences() == []
    assert {batch["leaves"].dtype for batch in stash.loader("train")} == {torch.float64}
