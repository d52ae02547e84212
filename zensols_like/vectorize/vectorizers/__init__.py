"""The vectorizers that come with this package, one kind a module."""

from zensols_like.vectorize.vectorizers.aggregate import AggregateEncodableFeatureVectorizer
from zensols_like.vectorize.vectorizers.array import ArrayEncodableFeatureVectorizer
from zensols_like.vectorize.vectorizers.attribute import AttributeEncodableFeatureVectorizer
from zensols_like.vectorize.vectorizers.category import CategoryEncodableFeatureVectorizer
from zensols_like.vectorize.vectorizers.identity import IdentityEncodableFeatureVectorizer
from zensols_like.vectorize.vectorizers.mask import MaskFeatureVectorizer
from zensols_like.vectorize.vectorizers.nominal import (
    NominalEncodedEncodableFeatureVectorizer,
    NominalMultiLabelEncodedEncodableFeatureVectorizer,
)
from zensols_like.vectorize.vectorizers.onehot import OneHotEncodedEncodableFeatureVectorizer
from zensols_like.vectorize.vectorizers.series import SeriesEncodableFeatureVectorizer

__all__ = [
    "AggregateEncodableFeatureVectorizer",
    "ArrayEncodableFeatureVectorizer",
    "AttributeEncodableFeatureVectorizer",
    "CategoryEncodableFeatureVectorizer",
    "IdentityEncodableFeatureVectorizer",
    "MaskFeatureVectorizer",
    "NominalEncodedEncodableFeatureVectorizer",
    "NominalMultiLabelEncodedEncodableFeatureVectorizer",
    "OneHotEncodedEncodableFeatureVectorizer",
    "SeriesEncodableFeatureVectorizer",
]
