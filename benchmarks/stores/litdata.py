"""litdata: chunks written by ``optimize``, read by its streaming data set."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

os.environ["DISABLE_VERSION_CHECK"] = os.environ["LITDATA_DISABLE_VERSION_CHECK"] = "1"

import litdata
import torch
from torch import Tensor

from benchmarks.store import Order, Store
from benchmarks.workload import Arrays

__all__ = ["LitdataStore"]


class LitdataStore(Store):
    """An item for each batch, which is how it is quickest."""

    def write(self, arrays: Arrays, folder: Path, workers: int) -> None:
        """``optimize``, with as many processes as there are workers."""

        def item(batch: int) -> dict[str, Tensor]:
            rows = self.workload.rows(batch)
            return {name: torch.from_numpy(array[rows]) for name, array in arrays.items()}

        litdata.optimize(
            fn=item,
            inputs=list(range(self.workload.batches)),
            output_dir=str(folder),
            chunk_bytes="64MB",
            num_workers=workers,
            start_method="fork",
            keep_data_ordered=True,
            verbose=False,
        )

    def open(self, folder: Path, verify: bool) -> None:
        """Nothing is kept between epochs, whose order belongs to the data set."""
        self._folder = str(folder)

    def epoch(self, order: Order) -> Iterator[Iterable[Tensor]]:
        """Its data set in its loader, without worker processes; it shuffles within its chunks."""
        data = litdata.StreamingDataset(self._folder, shuffle=order.is_shuffled, seed=order.seed or 0, drop_last=False)
        for batch in litdata.StreamingDataLoader(data, batch_size=1, collate_fn=_only, num_workers=0):
            yield batch.values()


def _only(items: list[Any]) -> Any:
    return items[0]
