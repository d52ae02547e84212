"""Batches: planned, encoded once by workers, kept as verified records, decoded when they are used."""

from zensols_like.batch.arrays import ArrayBatchStash
from zensols_like.batch.codec import BatchCodec, StackedFeatureContext
from zensols_like.batch.columns import ColumnSource
from zensols_like.batch.domain import Batch, DefaultBatch
from zensols_like.batch.interface import BatchDirectoryCompositeStash, BatchShardStash, DataPointIDSet, EncodedBatch
from zensols_like.batch.manifest import Manifest, Status
from zensols_like.batch.mapping import (
    BatchFeatureMapping,
    ConfigBatchFeatureMapping,
    FieldFeatureMapping,
    ManagerFeatureMapping,
)
from zensols_like.batch.meta import BatchFieldMetadata, BatchMetadata, MetadataNetworkSettings
from zensols_like.batch.multi import EncodeObserver, TorchMultiProcessStash
from zensols_like.batch.point import DataPoint, PointColumns
from zensols_like.batch.row import RowColumns, RowDataPoint
from zensols_like.batch.stash import BatchStash
from zensols_like.batch.store import BatchStore
from zensols_like.errors import (
    BatchError,
    CorruptBatch,
    EncodeError,
    MappingError,
    MissingBatchError,
    StaleError,
)

__all__ = [
    "ArrayBatchStash",
    "Batch",
    "BatchCodec",
    "BatchDirectoryCompositeStash",
    "BatchError",
    "BatchFeatureMapping",
    "BatchFieldMetadata",
    "BatchMetadata",
    "BatchShardStash",
    "BatchStash",
    "BatchStore",
    "ColumnSource",
    "ConfigBatchFeatureMapping",
    "CorruptBatch",
    "DataPoint",
    "DataPointIDSet",
    "DefaultBatch",
    "EncodeError",
    "EncodeObserver",
    "EncodedBatch",
    "FieldFeatureMapping",
    "ManagerFeatureMapping",
    "Manifest",
    "MappingError",
    "MetadataNetworkSettings",
    "MissingBatchError",
    "PointColumns",
    "RowColumns",
    "RowDataPoint",
    "StackedFeatureContext",
    "StaleError",
    "Status",
    "TorchMultiProcessStash",
]
