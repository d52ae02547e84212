"""The stores of `test-resources/golden`: what is in them, and how they were made.

They were written by the first release of a version of the format, and every later release reads them.  They are never
made again (`numbers-as-text` could not be: it is the store `numbers` by the last code that kept numbers as text); for a
new version of the format there will be others beside them:

    PYTHONPATH=test python -m support.golden test-resources/golden/2
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor

from support.flowers import Splits
from zensols_like.batch import (
    ArrayBatchStash,
    BatchDirectoryCompositeStash,
    BatchFeatureMapping,
    BatchShardStash,
    BatchStash,
    DefaultBatch,
    FieldFeatureMapping,
    ManagerFeatureMapping,
    RowDataPoint,
)
from zensols_like.dataset import DatasetSplitStash
from zensols_like.persist import DictionaryStash, DirectoryStash, RecordStash
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    AggregateEncodableFeatureVectorizer,
    ArrayEncodableFeatureVectorizer,
    EncodableFeatureVectorizer,
    FeatureVectorizerManager,
    FeatureVectorizerManagerSet,
    MaskFeatureVectorizer,
    NominalEncodedEncodableFeatureVectorizer,
    SparseTensorFeatureContext,
)

CONTAINERS = ("shards", "composite", "directory")
KINDS = ("iris", "lily", "rose")
SIZE = 10
GROUPS = ({"kind"}, {"picture", "half", "brain", "flag"}, {"words", "mask", "sparse"})
PROVENANCE: Mapping[str, Any] = {"began": "2026-11-28T00:00:00+00:00", "finished": None, "command": "support.golden"}


@dataclass
class SparseVectorizer(EncodableFeatureVectorizer):
    """A row that is zero nearly everywhere."""

    is_random: ClassVar[bool] = False
    encodes_data_type: ClassVar[bool] = False

    def _get_shape(self) -> tuple[int, ...]:
        return -1, 200

    def _encode(self, data: int) -> SparseTensorFeatureContext:
        row = torch.zeros(1, 200)
        row[0, data] = data + 0.5
        return SparseTensorFeatureContext.instance(self.feature_id, row)


def rows() -> dict[str, dict[str, Any]]:
    """The data points."""
    return {
        f"bl\u00fcte {number}": {
            "kind": [KINDS[number % 3]],
            "picture": (np.arange(6, dtype=np.uint8) + number).reshape(2, 3),
            "half": np.float16(number / 8),
            "brain": torch.tensor([number, -number], dtype=torch.bfloat16),
            "flag": np.bool_(number % 2),
            "words": [KINDS[(number + at) % 3] for at in range(number % 4 + 1)],
            "sparse": number * 7,
        }
        for number in range(SIZE)
    }


def expected() -> dict[str, dict[str, Tensor]]:
    """The tensors of each batch, by their own arithmetic."""
    found: dict[str, dict[str, Tensor]] = {}
    for batch, numbers in enumerate((range(0, 4), range(4, 6), range(6, 10))):
        lengths = [number % 4 + 1 for number in numbers]
        words = torch.full((len(numbers), max(lengths)), -100, dtype=torch.int64)
        sparse = torch.zeros(len(numbers), 200)
        for at, (number, length) in enumerate(zip(numbers, lengths, strict=True)):
            words[at, :length] = torch.tensor([(number + step) % 3 for step in range(length)])
            sparse[at, number * 7] = number * 7 + 0.5
        found[str(batch)] = {
            "kind": torch.tensor([number % 3 for number in numbers], dtype=torch.uint8),
            "picture": torch.stack([(torch.arange(6) + number).to(torch.uint8).reshape(2, 3) for number in numbers]),
            "half": torch.tensor([number / 8 for number in numbers], dtype=torch.float16),
            "brain": torch.tensor([[number, -number] for number in numbers], dtype=torch.bfloat16),
            "flag": torch.tensor([bool(number % 2) for number in numbers]),
            "words": words,
            "mask": torch.arange(max(lengths)) < torch.tensor(lengths)[:, None],
            "sparse": sparse,
        }
    return found


def golden_stash(path: Path, container: str) -> BatchStash:
    """The stash of a store, where it is or will be."""
    delegates: dict[str, RecordStash] = {
        "shards": BatchShardStash(path / "shards", GROUPS),
        "composite": BatchDirectoryCompositeStash(path / "composite", GROUPS),
        "directory": DirectoryStash(path / "directory"),
    }
    names = ("picture", "half", "brain", "flag")
    manager = FeatureVectorizerManager.of(
        "flowers",
        TorchConfig(use_gpu=False),
        [
            NominalEncodedEncodableFeatureVectorizer.of("kind", categories=KINDS, data_type="uint8"),
            NominalEncodedEncodableFeatureVectorizer.of("word", categories=KINDS),
            AggregateEncodableFeatureVectorizer.of("words", delegate_feature_id="word"),
            MaskFeatureVectorizer.of("mask"),
            SparseVectorizer.of("sparse"),
            *(ArrayEncodableFeatureVectorizer.of(name) for name in names),
        ],
    )
    fields = (
        FieldFeatureMapping("kind", "kind"),
        *(FieldFeatureMapping(name, name) for name in names),
        FieldFeatureMapping("words", "words", is_agg=True),
        FieldFeatureMapping("mask", "mask", is_agg=True, attr_access="words"),
        FieldFeatureMapping("sparse", "sparse"),
    )
    data = rows()
    keys = tuple(data)
    return BatchStash(
        name="golden",
        config_factory=None,  # type: ignore[arg-type]  # there is none
        config=None,
        delegate=delegates[container],
        chunk_size=0,
        workers=1,
        data_point_type=RowDataPoint,
        batch_type=DefaultBatch,
        split_stash_container=DatasetSplitStash(DictionaryStash(data), Splits({"train": keys[:6], "test": keys[6:]})),
        vectorizer_manager_set=FeatureVectorizerManagerSet.of("managers", [manager]),
        batch_size=4,
        model_torch_config=TorchConfig(use_gpu=False),
        data_point_id_sets_path=None,
        decoded_attributes=None,
        batch_feature_mappings=BatchFeatureMapping("kind", [ManagerFeatureMapping("flowers", fields)]),
    )


def numbered_arrays() -> dict[str, np.ndarray[Any, Any]]:
    """Rows, which have numbers as keys."""
    return {"size": np.arange(30, dtype=np.float32).reshape(15, 2) / 4, "kind": np.arange(15) % 3}


def numbered_stash(path: Path) -> BatchStash:
    """The stash of rows with numbers, where it is or will be; they are in another order than their numbers."""
    return ArrayBatchStash.from_arrays(
        numbered_arrays(),
        path,
        label="kind",
        batch_size=4,
        split={"train": 0.6, "test": 0.4},
        seed=7,
        delegate=BatchShardStash(path, ({"size", "kind"},)),
        workers=1,
        torch_config=TorchConfig(use_gpu=False),
    )


def make(path: Path) -> None:
    """Write the stores, and the digests of what is in them."""
    lines = []
    stashes = {name: golden_stash(path, name) for name in CONTAINERS}
    for name, stash in {**stashes, "numbers": numbered_stash(path / "numbers")}.items():
        with patch("zensols_like.batch.describe.begin_provenance", lambda seed: {**PROVENANCE, "seed": seed}):
            stash.prime()
        lines.append(f"{name} {stash.store.content_digest(stash.delegate)}\n")
        for lock in path.rglob("lock"):
            lock.unlink()
    (path / "digests.txt").write_text("".join(lines))


def main() -> None:
    """Make the stores of another version."""
    target = Path(sys.argv[1])
    if target.exists():
        sys.exit(f"{target} is there already, and stays as it is")
    try:
        make(target)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


if __name__ == "__main__":
    from support import golden  # so that its classes have the names that they have for others

    golden.main()
