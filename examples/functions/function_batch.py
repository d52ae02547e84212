"""A function as a data point, and its batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zensols_like.batch import Batch, BatchFeatureMapping, DataPoint, FieldFeatureMapping, ManagerFeatureMapping


@dataclass
class FunctionPoint(DataPoint):
    """A function of the standard library."""

    item: dict[str, Any]

    @property
    def words(self) -> list[str]:
        """Name, arguments and body, without what it returns."""
        return self.item["words"]

    @property
    def label(self) -> list[bool]:
        """Whether it returns a value."""
        return [self.item["returns"]]


@dataclass
class FunctionBatch(Batch):
    """Functions, padded to the longest; the mask says where their words are."""

    MAPPINGS = BatchFeatureMapping(
        "label",
        [
            ManagerFeatureMapping(
                "function_manager",
                (
                    FieldFeatureMapping("label", "returns"),
                    FieldFeatureMapping("words", "words", is_agg=True),
                    FieldFeatureMapping("mask", "mask", is_agg=True, attr_access="words"),
                ),
            )
        ],
    )

    def _get_batch_feature_mappings(self) -> BatchFeatureMapping:
        return self.MAPPINGS
