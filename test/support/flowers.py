"""A small made-up data set of flowers, its vectorizers and its batches; importable in worker processes."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from zensols_like.batch import (
    Batch,
    BatchDirectoryCompositeStash,
    BatchFeatureMapping,
    BatchStash,
    DataPoint,
    FieldFeatureMapping,
    ManagerFeatureMapping,
)
from zensols_like.dataset import DatasetSplitStash, SplitKeyContainer
from zensols_like.persist import DictionaryStash, GroupedStash, Stash
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    AttributeEncodableFeatureVectorizer,
    EncodableFeatureVectorizer,
    FeatureVectorizerManager,
    FeatureVectorizerManagerSet,
    IdentityEncodableFeatureVectorizer,
    NominalEncodedEncodableFeatureVectorizer,
    TensorFeatureContext,
)

KINDS = ("rose", "lily", "iris")


@dataclass
class Flower(DataPoint):
    item: dict[str, Any]

    @property
    def label(self) -> str | None:
        return self.item["label"]

    @property
    def size(self) -> float:
        return self.item["size"]

    @property
    def leaves(self) -> torch.Tensor:
        return self.item["leaves"]

    @property
    def noise(self) -> float:
        return self.item["size"]


@dataclass
class FlowerBatch(Batch):
    MAPPINGS = BatchFeatureMapping(
        "label",
        [
            ManagerFeatureMapping(
                "flowers",
                (
                    FieldFeatureMapping("label", "kind", is_agg=True),
                    FieldFeatureMapping("size", "number", is_agg=True),
                    FieldFeatureMapping("leaves", "same"),
                    FieldFeatureMapping("noise", "noise"),
                ),
            )
        ],
    )

    def _get_batch_feature_mappings(self) -> BatchFeatureMapping:
        return self.MAPPINGS


@dataclass
class NoiseVectorizer(EncodableFeatureVectorizer):
    """Random numbers from all three generators: what an encode must make the same whoever does it."""

    def _get_shape(self) -> tuple[int, ...]:
        return (-1, 3)

    def _encode(self, data: Any) -> TensorFeatureContext:
        import numpy as np

        numbers = [random.random() + data, float(np.random.rand()), float(torch.rand(()))]
        return TensorFeatureContext(self.feature_id, torch.tensor([numbers]))


@dataclass
class FailingVectorizer(NoiseVectorizer):
    """Refuses one value."""

    bad: float = 7.0

    def _encode(self, data: Any) -> TensorFeatureContext:
        if data == self.bad:
            raise ArithmeticError(f"cannot stand {data}")
        return super()._encode(data)


@dataclass
class Splits(SplitKeyContainer):
    keys: dict[str, tuple[str, ...]] = field(metadata={"fingerprint": False})

    def _get_keys_by_split(self) -> dict[str, tuple[str, ...]]:
        return self.keys


def items(n: int, labeled: bool = True) -> dict[str, dict[str, Any]]:
    return {
        str(i): {
            "label": KINDS[i % 3] if labeled else None,
            "size": float(i),
            "leaves": torch.arange(i, i + 2, dtype=torch.int16)[None],
        }
        for i in range(n)
    }


def splits(n: int) -> dict[str, tuple[str, ...]]:
    keys = tuple(str(i) for i in range(n))
    return {"train": keys[: n * 6 // 10], "test": keys[n * 6 // 10 :]}


def managers(
    noise: type[NoiseVectorizer] = NoiseVectorizer, kinds: Sequence[str] = KINDS
) -> FeatureVectorizerManagerSet:
    manager = FeatureVectorizerManager.of(
        "flowers",
        TorchConfig(use_gpu=False),
        [
            NominalEncodedEncodableFeatureVectorizer.of("kind", categories=kinds),
            AttributeEncodableFeatureVectorizer.of("number"),
            IdentityEncodableFeatureVectorizer.of("same"),
            noise.of("noise"),
        ],
    )
    return FeatureVectorizerManagerSet.of("managers", [manager])


GROUPS = ({"label"}, {"size", "leaves"}, {"noise"})


def flower_stash(
    path: Path | None,
    n: int = 20,
    delegate: Stash | None = None,
    source: dict[str, dict[str, Any]] | None = None,
    keys: dict[str, tuple[str, ...]] | None = None,
    decoded_attributes: Collection[str] | None = None,
    container: type[GroupedStash] = BatchDirectoryCompositeStash,
    **options: Any,
) -> BatchStash:
    """A stash of batches of flowers, in a container of records unless there is another delegate."""
    if delegate is None:
        assert path is not None
        delegate = container(path / "batch", GROUPS)
    arguments: dict[str, Any] = {
        "name": "flower_stash",
        "config_factory": None,
        "delegate": delegate,
        "config": None,
        "chunk_size": 0,
        "workers": 1,
        "data_point_type": Flower,
        "batch_type": FlowerBatch,
        "split_stash_container": DatasetSplitStash(
            DictionaryStash(items(n) if source is None else source), Splits(splits(n) if keys is None else keys)
        ),
        "vectorizer_manager_set": managers(),
        "batch_size": 4,
        "model_torch_config": TorchConfig(use_gpu=False),
        "data_point_id_sets_path": None if path is None else path / "ids.json",
        "decoded_attributes": decoded_attributes,
    }
    return BatchStash(**{**arguments, **options})
