"""This library on a table: columns without a class of one's own, and the unchanged classes of a tutorial."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from torch import Tensor

from benchmarks.table import BATCH_SIZE, CLASSES, COLUMNS, TableStore
from zensols_like.batch import (
    Batch,
    BatchFeatureMapping,
    BatchStash,
    DataPoint,
    FieldFeatureMapping,
    ManagerFeatureMapping,
)
from zensols_like.config import ImportConfigFactory, load_config
from zensols_like.dataframe import DataframeBatchStash
from zensols_like.torchconfig import TorchConfig

__all__ = ["ClassesStore", "FrameStore"]


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
class TutorialBatch(Batch):
    """Rows."""

    MAPPING = BatchFeatureMapping(
        "label",
        [
            ManagerFeatureMapping(
                "vectorizer_manager",
                (FieldFeatureMapping("label", "label", True), FieldFeatureMapping("features", "series")),
            )
        ],
    )

    def _get_batch_feature_mappings(self) -> BatchFeatureMapping:
        return self.MAPPING


class FrameStore(TableStore):
    """``DataframeBatchStash.from_frame``, as the README shows it."""

    def _make(self, workers: int) -> BatchStash:
        return DataframeBatchStash.from_frame(
            self._frame,
            label="label",
            path=self.folder / "batch",
            split="split",
            batch_size=BATCH_SIZE,
            workers=workers,
            torch_config=TorchConfig(use_gpu=False),
        )

    def encode(self, workers: int) -> None:
        """Read the table, and ``prime``."""
        self.prepare()
        self._make(workers).prime()

    def prepare(self) -> None:
        """Whoever uses a data frame has one."""
        self._frame = pd.read_csv(self.csv)

    def open(self) -> None:
        """A new stash."""
        self._stash = self._make(workers=1)

    def epoch(self) -> Iterator[Iterable[Tensor]]:
        """The attributes of all batches."""
        for batch in self._stash.values():
            yield batch.attributes.values()


class ClassesStore(FrameStore):
    """The classes of a tutorial and its configuration."""

    def prepare(self) -> None:
        """Nothing: the configuration names the file."""

    def _make(self, workers: int) -> BatchStash:
        conf = self.folder / "table.conf"
        template = Path(__file__).with_name("table.conf").read_text()
        conf.write_text(
            template.format(
                deeplearn="zensols_like",
                columns="zensols_like.dataframe",
                dataframe="zensols_like.dataframe",
                container="zensols_like.batch.BatchShardStash",
                container_options="groups = eval: ({'label', 'features'},)",
                classes=list(CLASSES),
                csv=self.csv,
                folder=self.folder,
                batch_size=BATCH_SIZE,
                workers=workers,
                point=f"{__name__}.TutorialPoint",
                batch=f"{__name__}.TutorialBatch",
                stash="zensols_like.batch.BatchStash",
                manager="vectorizer_manager",
                decoded="None",
            )
        )
        stash: BatchStash = ImportConfigFactory(load_config(conf)).instance("batch_stash")
        return stash
