"""Look at what is stored, and report it as frozen values; nothing here prints."""

from zensols_like.inspect.errors import NotFoundError
from zensols_like.inspect.open import open_stash, open_store
from zensols_like.inspect.reader import BatchReader, StashReader, StoreReader
from zensols_like.inspect.report import (
    BatchReport,
    ClearReport,
    CountReport,
    EncodeReport,
    ListReport,
    Report,
    StoreReport,
    TensorStats,
    as_value,
)
from zensols_like.inspect.survey import (
    count_batches,
    list_batches,
    report_batch,
    report_clear,
    report_encode,
    report_store,
)

__all__ = [
    "BatchReader",
    "BatchReport",
    "ClearReport",
    "CountReport",
    "EncodeReport",
    "ListReport",
    "NotFoundError",
    "Report",
    "StashReader",
    "StoreReader",
    "StoreReport",
    "TensorStats",
    "as_value",
    "count_batches",
    "list_batches",
    "open_stash",
    "open_store",
    "report_batch",
    "report_clear",
    "report_encode",
    "report_store",
]
