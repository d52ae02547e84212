"""The columns of a table as the features of a batch: which there are, and a vectorizer for each."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from zensols_like.batch import BatchFeatureMapping, FieldFeatureMapping, ManagerFeatureMapping
from zensols_like.config import Dictable
from zensols_like.dataframe.column import is_taken
from zensols_like.dataframe.stash import DataframeStash, SplitColumnDataframeStash
from zensols_like.dataframe.table import require_columns
from zensols_like.errors import DataframeError, VectorizerError
from zensols_like.vectorize import (
    AttributeEncodableFeatureVectorizer,
    EncodableFeatureVectorizer,
    FeatureVectorizerManager,
    NominalEncodedEncodableFeatureVectorizer,
    OneHotEncodedEncodableFeatureVectorizer,
    canonical,
)

__all__ = ["DataframeFeatureVectorizerManager", "DataframeMetadata", "LabelEncoding", "NumberVectorizer"]

logger = logging.getLogger(__name__)

_MANY = 20
"""Categories that are never too many."""
_FEW = 10
"""Of the columns that an error names."""

LabelEncoding = Literal["onehot", "nominal", "number"]
"""A label as a row with a one, as the number of its class (int64), or as the number that it is."""

_ENCODINGS = ("onehot", "nominal", "number")


@dataclass(frozen=True)
class DataframeMetadata(Dictable):
    """The columns of a table that become features, in the order of the table."""

    prefix: str
    """What the IDs of the vectorizers begin with."""
    label_col: str
    """The column of the label."""
    label_values: tuple[Any, ...]
    """The labels there are; none when the label is a number."""
    columns: tuple[str, ...]
    """The features."""
    discrete: Mapping[str, tuple[Any, ...]]
    """The categories of each feature that has some."""

    @property
    def continuous(self) -> tuple[str, ...]:
        """The features that are numbers."""
        return tuple(column for column in self.columns if column not in self.discrete)


@dataclass
class NumberVectorizer(AttributeEncodableFeatureVectorizer):
    """The numbers of a column, of which none is missing: what the table may not have, an unseen row may not have."""

    def fingerprint(self) -> Mapping[str, Any]:
        """That of the class that makes the bytes."""
        return {**super().fingerprint(), "class": canonical(AttributeEncodableFeatureVectorizer)}

    def encodes_rows(self, column: Sequence[Any]) -> bool:
        """Whether it is a column of the table: what `_numbers` adds here changes none of these."""
        return super().encodes_rows(column)

    def _numbers(self, data: Any) -> np.ndarray[Any, Any]:
        numbers = super()._numbers(data)
        # whole columns are those of the table, which was looked at already
        if not isinstance(data, np.ndarray) and numbers.dtype.kind == "f" and np.isnan(numbers).any():
            raise VectorizerError(
                "The number is missing (NaN).", self._where(), "fill it in as in the table, or leave out the row"
            )
        return numbers


@dataclass
class DataframeFeatureVectorizerManager(FeatureVectorizerManager):
    """A vectorizer for each column of a table, by its type: numbers stay numbers, text becomes one-hot.

    The order of the columns is that of the table, in every process.  Columns and categories are read from the table,
    which therefore must be there for decoding, too.

        [iris_vectorizer_manager]
        class_name = zensols_like.dataframe.DataframeFeatureVectorizerManager
        torch_config = instance: torch_config
        configured_vectorizers = eval: ()
        prefix = iris_
        label_col = species
        stash = instance: iris_dataframe_stash
    """

    prefix: str
    """What the IDs of the vectorizers begin with."""
    label_col: str
    """The column of the label."""
    stash: DataframeStash = field(repr=False)
    """The table."""
    include_columns: Collection[str] | None = None
    """The columns to use as features; all but the label and the split when ``None``."""
    exclude_columns: Collection[str] | None = None
    """The columns not to use as features."""

    label_encoding: LabelEncoding = field(default="onehot", kw_only=True)
    """How the label is encoded."""

    def __post_init__(self) -> None:
        if self.label_encoding not in _ENCODINGS:
            raise DataframeError(
                f"No label_encoding {self.label_encoding!r}.",
                f"manager {self.name!r}",
                f"use one of {list(_ENCODINGS)}",
            )
        for option, columns in (("include", self.include_columns), ("exclude", self.exclude_columns)):
            if isinstance(columns, str):
                raise DataframeError(
                    f"{option}_columns is the text {columns!r}.",
                    f"manager {self.name!r}",
                    f"use [{columns!r}]",
                )

    @cached_property
    def dataset_metadata(self) -> DataframeMetadata:
        """The features, their categories and the labels.

        Raises:
            DataframeError: A column is not there, cannot be an attribute, has missing values, or holds neither numbers
                nor text.
        """
        frame = self.stash.dataframe
        columns = self._feature_columns(frame)
        for column in (self.label_col, *columns):
            self._check_name(column)
        for column in columns:
            self._check_type(frame[column])
        self._check_missing(frame, columns)
        for column in columns:
            self._check_text(frame[column])
        return DataframeMetadata(
            self.prefix,
            self.label_col,
            () if self.label_encoding == "number" else self._categories(frame[self.label_col]),
            columns,
            {column: self._categories(frame[column]) for column in columns if not _is_number(frame[column])},
        )

    def _feature_columns(self, frame: pd.DataFrame) -> tuple[str, ...]:
        include, exclude = self.include_columns, set(self.exclude_columns or ())
        require_columns(frame, [self.label_col, *(include or ()), *exclude], self._where)
        split_col = self.stash.split_col if isinstance(self.stash, SplitColumnDataframeStash) else None
        reserved = {self.label_col, split_col}
        columns = [
            column
            for column in frame.columns
            if column not in reserved and column not in exclude and (include is None or column in include)
        ]
        if not columns:
            others = [column for column in frame.columns if column not in reserved]
            raise DataframeError(
                "No column is left to be a feature.",
                self._where,
                f"include some of {others}" if others else "give a table with more columns than label and split",
            )
        return tuple(columns)

    def _check_name(self, column: Any) -> None:
        if not isinstance(column, str) or is_taken(column):
            raise DataframeError(
                f"The column name {column!r} cannot be that of an attribute.",
                self._where,
                "make it the index, which is the ID of a row: frame.set_index('id'); or rename it, or exclude_columns"
                if column == "id"
                else "rename it to a string that no attribute of a DataframeDataPoint has, or use exclude_columns",
            )

    def _check_type(self, column: pd.Series) -> None:
        if not (_is_number(column) or _is_text(column)):
            raise DataframeError(
                f"The column {column.name!r} is of type {column.dtype}, neither numbers nor text.",
                f"{self._where}, column {column.name!r}",
                "make numbers or categories of it, or leave it out with exclude_columns",
            )

    def _check_missing(self, frame: pd.DataFrame, columns: Collection[str]) -> None:
        """Refuse missing values, and name every column that has some: a wide table often has many."""
        missing = {name: rows for name in columns if len(rows := frame.index[frame[name].isna()])}
        if not missing:
            return
        first, *others = missing
        also = f"; so have {len(others)} more columns, as {others[:_FEW]}" if others else ""
        raise DataframeError(
            f"The column {first!r} has {len(missing[first])} missing values, "
            f"as in rows {list(missing[first][:5])}{also}.",
            f"{self._where}, column {first!r}",
            "fill them in, as by frame.fillna(…), leave out the rows, or leave out the columns with exclude_columns",
        )

    def _check_text(self, column: pd.Series) -> None:
        """Refuse numbers with a few words among them, which would become a category for each number.

        Text of which nearly each value is a category of its own is told, since it is seldom meant.
        """
        if _is_number(column) or isinstance(column.dtype, pd.CategoricalDtype):
            return
        categories = column.nunique()
        if categories > max(_MANY, len(column) / 2):
            logger.warning(
                "column %r of %s is text with %d values in %d rows, each of which becomes a column of its own; "
                "leave it out with exclude_columns if that is not meant, or encode its words in a BatchStash",
                column.name,
                self._where,
                categories,
                len(column),
            )
        words = column[pd.to_numeric(column, errors="coerce").isna()]
        if 0 < len(words) < len(column) / 2:
            raise DataframeError(
                f"The column {column.name!r} holds numbers, but {list(words[:3])} in rows {list(words.index[:3])}.",
                f"{self._where}, column {column.name!r}",
                "mend the values, leave out the column with exclude_columns, or give it a categorical type if these "
                "are names",
            )

    def _categories(self, column: pd.Series) -> tuple[Any, ...]:
        is_categorical = isinstance(column.dtype, pd.CategoricalDtype)
        found = column.cat.categories if is_categorical else column.dropna().unique()
        known = [_as_python(value) for value in found.tolist()]
        strange = next((value for value in known if not isinstance(value, (str, int, float))), None)
        if strange is not None:
            raise DataframeError(
                f"The column {column.name!r} holds {strange!r}, a {type(strange).__name__}, which is no category.",
                f"{self._where}, column {column.name!r}",
                f"make text of them: frame[{column.name!r}].astype(str)",
            )
        try:
            return tuple(sorted(known))
        except TypeError as error:
            raise DataframeError(
                f"The column {column.name!r} mixes values that cannot be compared: {error}.",
                f"{self._where}, column {column.name!r}",
                "make text of all of them",
            ) from error

    @property
    def _where(self) -> str:
        return f"manager {self.name!r}, table of {self.stash.source}"

    def column_to_feature_id(self, col: str) -> str:
        """The ID of the vectorizer of a column."""
        return f"{self.prefix}{col}"

    @property
    def label_attribute_name(self) -> str:
        """The attribute of the label in a batch: its column."""
        return self.label_col

    @cached_property
    def _members(self) -> dict[str, EncodableFeatureVectorizer]:
        made = super()._members
        for vectorizer in self._column_vectorizers():
            if vectorizer.feature_id in made:
                raise DataframeError(
                    f"A vectorizer {vectorizer.feature_id!r} is configured, and a column has that name.",
                    self._where,
                    "give the manager a prefix",
                )
            self._adopt(vectorizer)
            made[vectorizer.feature_id] = vectorizer
        return dict(sorted(made.items()))

    def _column_vectorizers(self) -> Iterable[EncodableFeatureVectorizer]:
        metadata = self.dataset_metadata
        yield self._label_vectorizer(self.column_to_feature_id(self.label_col), metadata.label_values)
        for column in metadata.columns:
            feature_id = self.column_to_feature_id(column)
            if column in metadata.discrete:
                yield OneHotEncodedEncodableFeatureVectorizer.of(
                    feature_id, categories=metadata.discrete[column], optimize_bools=True
                )
            else:
                yield NumberVectorizer.of(feature_id)

    def _label_vectorizer(self, feature_id: str, labels: tuple[Any, ...]) -> EncodableFeatureVectorizer:
        if self.label_encoding == "number":
            return AttributeEncodableFeatureVectorizer.of(feature_id)
        if self.label_encoding == "nominal":
            return NominalEncodedEncodableFeatureVectorizer.of(feature_id, categories=labels)
        return OneHotEncodedEncodableFeatureVectorizer.of(feature_id, categories=labels, optimize_bools=False)

    @cached_property
    def batch_feature_mapping(self) -> BatchFeatureMapping:
        """The label and each feature, by the name of its column."""
        metadata = self.dataset_metadata
        is_agg = {self.label_col: self.label_encoding != "number"} | dict.fromkeys(metadata.discrete, True)
        fields = tuple(
            FieldFeatureMapping(column, self.column_to_feature_id(column), is_agg.get(column, False))
            for column in (self.label_col, *metadata.columns)
        )
        return BatchFeatureMapping(self.label_col, [ManagerFeatureMapping(self.name, fields)])

    @property
    def label_shape(self) -> tuple[int, ...]:
        """The shape of the label of a data point."""
        return self._row_shape(self.label_col)

    def get_flattened_features_shape(self, attributes: Collection[str] | None = None) -> tuple[int, ...]:
        """The shape of the features of a data point, one after the other.

        Args:
            attributes: The features; all when ``None``.

        Raises:
            DataframeError: One of them is no feature.
        """
        columns = self.dataset_metadata.columns
        wanted = columns if attributes is None else tuple(attributes)
        unknown = sorted(set(wanted).difference(columns))
        if unknown:
            raise DataframeError(f"No features {unknown}.", self._where, f"use some of {list(columns)}")
        return (sum(math.prod(self._row_shape(column)) for column in wanted),)

    def _row_shape(self, column: str) -> tuple[int, ...]:
        """The shape that a vectorizer gives, but for the data points; at least one value."""
        shape = self[self.column_to_feature_id(column)].shape
        return shape[1:] or (1,)


def _as_python(value: Any) -> Any:
    """A number of numpy, as some columns hold them, as one of Python."""
    is_number = isinstance(value, (np.bool_, np.integer, np.floating)) and not isinstance(value, np.timedelta64)
    return value.item() if is_number else value


def _is_number(column: pd.Series) -> bool:
    kind = column.dtype
    return pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)


def _is_text(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.infer_dtype(column, skipna=True) in (
        "string",
        "empty",
    )
