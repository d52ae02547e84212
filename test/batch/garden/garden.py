"""The classes of a garden, as somebody writes them."""

from dataclasses import dataclass, field

import pandas as pd
import torch

from zensols_like.batch import Batch, BatchFeatureMapping, DataPoint, FieldFeatureMapping, ManagerFeatureMapping
from zensols_like.vectorize import EncodableFeatureVectorizer, TensorFeatureContext


@dataclass
class Plant(DataPoint):
    version = 1

    row: pd.Series

    @property
    def kind(self):
        return self.row["kind"]

    @property
    def color(self):
        return self.row["color"]

    @property
    def size(self):
        return float(self.row["size"])

    @property
    def width(self):
        return self.size / 2


@dataclass
class ColorVectorizer(EncodableFeatureVectorizer):
    version = 1

    colors: set[str]
    scale: float = 1.0
    names: tuple[str, ...] = field(default=(), metadata={"fingerprint": False})
    """Shown when it decodes."""

    def _get_shape(self):
        return (-1, 1)

    def _encode(self, data):
        return TensorFeatureContext(self.feature_id, torch.tensor([[self.scale * sorted(self.colors).index(data)]]))


@dataclass
class PlantBatch(Batch):
    version = 1

    MAPPINGS = BatchFeatureMapping(
        "kind",
        [
            ManagerFeatureMapping(
                "manager",
                (
                    FieldFeatureMapping("kind", "kind", is_agg=True),
                    FieldFeatureMapping("color", "color"),
                    FieldFeatureMapping("size", "size", is_agg=True),
                ),
            )
        ],
    )

    def _get_batch_feature_mappings(self):
        return self.MAPPINGS
