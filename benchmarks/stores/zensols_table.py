"""zensols.deeplearn on a table: as its tutorial does it, and in its quicker ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
from torch import Tensor
from zensols.config import ImportConfigFactory, IniConfig
from zensols.deeplearn.batch import Batch, BatchFeatureMapping, DataPoint, FieldFeatureMapping, ManagerFeatureMapping

from benchmarks.table import BATCH_SIZE, CLASSES, COLUMNS, TableStore

__all__ = ["AggregatedStore", "ColumnsStore", "TutorialStore"]


@dataclass
class TutorialPoint(DataPoint):
    """A row."""

    row: pd.Series

    @property
    def label(self) -> str:
        """The class."""
        return self.row["label"]

    @property
    def features(self) -> list[pd.Series]:
        """The numbers, as the only row of a table."""
        return [self.row[list(COLUMNS)]]


@dataclass
class AggregatedPoint(TutorialPoint):
    """A row whose numbers are put together with those of the other rows of the batch."""

    @property
    def features(self) -> pd.Series:
        """The numbers."""
        return self.row[list(COLUMNS)]


def _mapping(is_agg: bool) -> BatchFeatureMapping:
    fields = (FieldFeatureMapping("label", "label", True), FieldFeatureMapping("features", "series", is_agg))
    return BatchFeatureMapping("label", [ManagerFeatureMapping("vectorizer_manager", fields)])


@dataclass
class TutorialBatch(Batch):
    """Rows, each with contexts of its own."""

    MAPPING = _mapping(is_agg=False)

    def _get_batch_feature_mappings(self) -> BatchFeatureMapping:
        return self.MAPPING


@dataclass
class AggregatedBatch(TutorialBatch):
    """Rows that share a context."""

    MAPPING = _mapping(is_agg=True)


class TutorialStore(TableStore):
    """A context for each row."""

    point: ClassVar[str] = f"{__name__}.TutorialPoint"
    batch: ClassVar[str] = f"{__name__}.TutorialBatch"
    stash: ClassVar[str] = "zensols.deeplearn.batch.BatchStash"
    manager: ClassVar[str] = "vectorizer_manager"
    decoded: ClassVar[str] = "None"

    def _make(self, workers: int) -> Any:
        conf = self.folder / "table.conf"
        template = Path(__file__).with_name("table.conf").read_text()
        conf.write_text(
            template.format(
                deeplearn="zensols.deeplearn",
                columns="zensols.deeplearn.dataframe",
                dataframe="zensols.dataframe",
                container="zensols.persist.DirectoryStash",
                container_options="",
                classes=list(CLASSES),
                csv=self.csv,
                folder=self.folder,
                batch_size=BATCH_SIZE,
                workers=workers,
                point=self.point,
                batch=self.batch,
                stash=self.stash,
                manager=self.manager,
                decoded=self.decoded,
            )
        )
        return ImportConfigFactory(IniConfig(conf))("batch_stash")

    def encode(self, workers: int) -> None:
        """``prime``."""
        self._make(workers).prime()

    def open(self) -> None:
        """A new factory."""
        self._stash = self._make(workers=1)

    def epoch(self) -> Iterator[Iterable[Tensor]]:
        """The attributes of all batches."""
        for _, batch in self._stash:
            yield batch.attributes.values()


class AggregatedStore(TutorialStore):
    """A context for each batch."""

    point = f"{__name__}.AggregatedPoint"
    batch = f"{__name__}.AggregatedBatch"


class ColumnsStore(TutorialStore):
    """Its own stash for tables: a vectorizer for each column."""

    point = "zensols.deeplearn.dataframe.DataframeDataPoint"
    batch = "zensols.deeplearn.dataframe.DataframeBatch"
    stash = "zensols.deeplearn.dataframe.DataframeBatchStash"
    manager = "column_manager"
    decoded = f"eval: { ({'label', *COLUMNS})!r}"
