"""Names of any letters and tensors of any kind: through the whole store, and nothing lies outside of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from support.flowers import Splits, flower_stash

from zensols_like.batch import (
    BatchDirectoryCompositeStash,
    BatchFeatureMapping,
    BatchShardStash,
    DataPoint,
    DefaultBatch,
    FieldFeatureMapping,
    ManagerFeatureMapping,
)
from zensols_like.dataset import DatasetSplitStash
from zensols_like.errors import DatasetError
from zensols_like.inspect import Tier, open_store, verify_store
from zensols_like.persist import DictionaryStash
from zensols_like.testing.stash import HOSTILE_KEYS
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    FeatureVectorizerManager,
    FeatureVectorizerManagerSet,
    IdentityEncodableFeatureVectorizer,
)

CONTAINERS = [BatchDirectoryCompositeStash, BatchShardStash]
NAMES = [
    "../evil",
    "/absolute",
    "a/b",
    "CON",
    "nul\0byte",
    "ö",
    "o\u0308",
    "Case",
    "case",
    "%2E",
    "x" * 300,
    "a-b",
    "a\n",
]


@dataclass
class Odd(DataPoint):
    """Has whatever attribute is in its item."""

    item: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return vars(self)["item"][name]
        except KeyError:
            raise AttributeError(name) from None


def odd_stash(folder, container, items: dict[str, dict[str, Any]], splits=None, batch_size: int = 2):
    """A stash of items as they are, each attribute in a group of its own."""
    names = sorted({name for item in items.values() for name in item})
    manager = FeatureVectorizerManager.of(
        "odd", TorchConfig(use_gpu=False), [IdentityEncodableFeatureVectorizer.of("same")]
    )
    fields = tuple(FieldFeatureMapping(f"a{at}", "same", attr_access=name) for at, name in enumerate(names))
    return flower_stash(
        folder,
        delegate=container(folder / "batch", tuple({f"a{at}"} for at in range(len(names)))),
        data_point_type=Odd,
        batch_type=DefaultBatch,
        batch_feature_mappings=BatchFeatureMapping(None, [ManagerFeatureMapping("odd", fields)]),
        vectorizer_manager_set=FeatureVectorizerManagerSet.of("managers", [manager]),
        split_stash_container=DatasetSplitStash(
            DictionaryStash(items), Splits({"train": tuple(items)} if splits is None else splits)
        ),
        batch_size=batch_size,
    )


def inside(folder) -> None:
    """Nothing lies beside what a store is made of."""
    assert sorted(path.name for path in folder.parent.iterdir()) == [folder.name]
    assert sorted(path.name for path in folder.iterdir()) == ["batch", "ids.json"]


@pytest.mark.parametrize("container", CONTAINERS)
def test_data_points_and_splits_of_any_name_come_back(tmp_path, container):
    keys = list(dict.fromkeys([*HOSTILE_KEYS, *NAMES, "\ud800"]))
    items = {key: {"x": torch.tensor([at])} for at, key in enumerate(keys)}
    splits = {name: (keys[at],) for at, name in enumerate(NAMES)}
    splits["rest"] = tuple(keys[len(NAMES) :])
    folder = tmp_path / "deep"
    stash = odd_stash(folder, container, items, splits)
    stash.prime()
    again = odd_stash(folder, container, items, splits)
    assert list(again.splits) == [*NAMES, "rest"]
    found = {
        id: value
        for batch in again.values()
        for id, value in zip(batch.data_point_ids, batch["a0"].tolist(), strict=True)
    }
    assert found == {key: at for at, key in enumerate(keys)}
    assert verify_store(open_store(folder / "batch"), Tier.DEEP).damaged == ()
    inside(folder)


@pytest.mark.parametrize("container", CONTAINERS)
def test_attributes_of_any_name_have_groups_of_their_own_inside_of_the_store(tmp_path, container):
    folder = tmp_path / "deep"
    stash = odd_stash(folder, container, {"k": {name: torch.tensor([at]) for at, name in enumerate(NAMES)}})
    mapping = BatchFeatureMapping(
        None, [ManagerFeatureMapping("odd", tuple(FieldFeatureMapping(name, "same") for name in NAMES))]
    )
    stash.batch_feature_mappings, stash.delegate.groups = mapping, tuple({name} for name in NAMES)
    stash.prime()
    assert {name: stash["0"][name].tolist() for name in NAMES} == {name: [at] for at, name in enumerate(NAMES)}
    assert verify_store(open_store(folder / "batch"), Tier.DEEP).damaged == ()
    inside(folder)


TENSORS = {
    "bool": torch.tensor([[True, False]]),
    "bfloat16": torch.tensor([[1.5, float("nan")]], dtype=torch.bfloat16),
    "float8": torch.tensor([[1.5, -2.0]]).to(torch.float8_e4m3fn),
    "float16": torch.tensor([[float("inf"), -0.0]], dtype=torch.float16),
    "complex": torch.tensor([[1 + 2j, -1j]]),
    "conjugated": torch.tensor([[1 + 2j, -1j]]).conj(),
    "uint64": torch.tensor([[1, 2]]).to(torch.uint64),
    "nothing": torch.empty(1, 0),
    "no rows": torch.empty(0, 3),
    "not contiguous": torch.arange(12).reshape(2, 3, 2).permute(2, 0, 1)[1:],
    "expanded": torch.tensor([[7.0]]).expand(1, 50),
    "of a column": torch.ones(3, 2, dtype=torch.float16)[:1, 0],
    "part of a large one": torch.zeros(1000, 1000)[3:4, 5:7],
    "with a gradient": torch.ones(1, 2, requires_grad=True),
}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("kind", TENSORS)
def test_tensors_of_any_kind_come_back_with_their_bytes(tmp_path, container, kind):
    tensor = TENSORS[kind]
    stash = odd_stash(tmp_path, container, {str(i): {"x": tensor} for i in range(3)})
    stash.prime()
    for name, count in (("0", 2), ("1", 1)):
        found = odd_stash(tmp_path, container, {"0": {"x": tensor}}, {"train": ()})  # no source is needed
        found.stale = "ignore"
        loaded = found[name]["a0"]
        wanted = torch.cat([tensor.detach()] * count).resolve_conj().contiguous()
        assert (loaded.dtype, loaded.shape) == (wanted.dtype, wanted.shape)
        assert loaded.view(torch.uint8).tolist() == wanted.view(torch.uint8).tolist()
    assert stash.size_bytes("0") < 2000


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_split_without_batches_is_there_and_empty(tmp_path, container):
    stash = odd_stash(tmp_path, container, {"a": {"x": torch.ones(1)}}, {"none": (), "some": ("a",), "last": ()})
    stash.prime()
    assert {name: list(split.keys()) for name, split in stash.splits.items()} == {"none": [], "some": ["0"], "last": []}
    assert verify_store(open_store(tmp_path / "batch"), Tier.DEEP).damaged == ()


def test_no_batches_at_all_are_refused_and_leave_nothing(tmp_path):
    stash = odd_stash(tmp_path, BatchShardStash, {"a": {"x": torch.ones(1)}}, {"none": ()})
    with pytest.raises(DatasetError, match="no data points"):
        stash.prime()
    assert not (tmp_path / "batch/.store/manifest.json").exists()
