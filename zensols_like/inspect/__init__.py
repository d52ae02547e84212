"""Look at what is stored, and report it as frozen values; nothing here prints."""

from zensols_like.inspect.bench import BenchReport, bench_store
from zensols_like.inspect.checks import BatchChecks, CheckReport, check_store
from zensols_like.inspect.doctor import DoctorReport, report_health
from zensols_like.inspect.duplicates import DuplicatesReport, find_duplicates
from zensols_like.inspect.errors import FailedCheckError, NotFoundError
from zensols_like.inspect.find import StoresReport, find_stores, is_store, list_stores
from zensols_like.inspect.open import open_stash, open_store
from zensols_like.inspect.point import RowReport, report_point
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
from zensols_like.inspect.stale import StaleReport, report_differences
from zensols_like.inspect.step import StepPlace, StepReport, report_step
from zensols_like.inspect.survey import (
    count_batches,
    list_batches,
    report_batch,
    report_clear,
    report_encode,
    report_store,
)
from zensols_like.inspect.usage import UsageReport, report_usage
from zensols_like.inspect.verify import Tier, VerifyReport, repair_store, report_unreadable, verify_store

__all__ = [
    "BatchChecks",
    "BatchReader",
    "BatchReport",
    "BenchReport",
    "CheckReport",
    "ClearReport",
    "CountReport",
    "DoctorReport",
    "DuplicatesReport",
    "EncodeReport",
    "FailedCheckError",
    "ListReport",
    "NotFoundError",
    "Report",
    "RowReport",
    "StaleReport",
    "StashReader",
    "StepPlace",
    "StepReport",
    "StoreReader",
    "StoreReport",
    "StoresReport",
    "TensorStats",
    "Tier",
    "UsageReport",
    "VerifyReport",
    "as_value",
    "bench_store",
    "check_store",
    "count_batches",
    "find_duplicates",
    "find_stores",
    "is_store",
    "list_batches",
    "list_stores",
    "open_stash",
    "open_store",
    "repair_store",
    "report_batch",
    "report_clear",
    "report_differences",
    "report_encode",
    "report_health",
    "report_point",
    "report_step",
    "report_store",
    "report_unreadable",
    "report_usage",
    "verify_store",
]
