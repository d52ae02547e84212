"""Data points and batches of iris, as somebody writes them who followed the public documentation."""

from dataclasses import dataclass

import pandas as pd

from zensols_like.batch import Batch, BatchFeatureMapping, DataPoint, FieldFeatureMapping, ManagerFeatureMapping


@dataclass
class IrisDataPoint(DataPoint):
    """A flower."""

    LABEL_COLUMN = "species"
    DIMENSION_COLUMNS = "sepal_length sepal_width petal_length petal_width".split()

    row: pd.Series

    @property
    def label(self) -> str:
        """The species."""
        return self.row[self.LABEL_COLUMN]

    @property
    def flower_dims(self) -> list[pd.Series]:
        """The measures, as the only row of a table."""
        return [self.row[self.DIMENSION_COLUMNS]]


@dataclass
class IrisBatch(Batch):
    """Flowers."""

    MAPPINGS = BatchFeatureMapping(
        "label",
        [
            ManagerFeatureMapping(
                "iris_vectorizer_manager",
                (FieldFeatureMapping("label", "ilabel", True), FieldFeatureMapping("flower_dims", "iseries")),
            )
        ],
    )

    def _get_batch_feature_mappings(self) -> BatchFeatureMapping:
        return self.MAPPINGS

    def get_flower_dims(self):
        """The measures of each flower."""
        return self.attributes["flower_dims"]
