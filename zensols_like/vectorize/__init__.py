"""Python values to tensors: what vectorizers are, how they are found, and those that come with this package."""

from zensols_like.errors import VectorizerError
from zensols_like.vectorize.context import (
    FeatureContext,
    MaskFeatureContext,
    MultiFeatureContext,
    NullFeatureContext,
    PackedFeatureContext,
    SparseTensorFeatureContext,
    TensorFeatureContext,
    put_together,
)
from zensols_like.vectorize.fingerprint import canonical
from zensols_like.vectorize.manager import FeatureVectorizerManager, FeatureVectorizerManagerSet
from zensols_like.vectorize.ragged import NonUniformDimensionEncoder
from zensols_like.vectorize.vectorizer import (
    ConfigurableVectorization,
    EncodableFeatureVectorizer,
    FeatureVectorizer,
    TransformableFeatureVectorizer,
)
from zensols_like.vectorize.vectorizers import (
    AggregateEncodableFeatureVectorizer,
    ArrayEncodableFeatureVectorizer,
    AttributeEncodableFeatureVectorizer,
    CategoryEncodableFeatureVectorizer,
    IdentityEncodableFeatureVectorizer,
    MaskFeatureVectorizer,
    NominalEncodedEncodableFeatureVectorizer,
    NominalMultiLabelEncodedEncodableFeatureVectorizer,
    OneHotEncodedEncodableFeatureVectorizer,
    SeriesEncodableFeatureVectorizer,
)

__all__ = [
    "AggregateEncodableFeatureVectorizer",
    "ArrayEncodableFeatureVectorizer",
    "AttributeEncodableFeatureVectorizer",
    "CategoryEncodableFeatureVectorizer",
    "ConfigurableVectorization",
    "EncodableFeatureVectorizer",
    "FeatureContext",
    "FeatureVectorizer",
    "FeatureVectorizerManager",
    "FeatureVectorizerManagerSet",
    "IdentityEncodableFeatureVectorizer",
    "MaskFeatureContext",
    "MaskFeatureVectorizer",
    "MultiFeatureContext",
    "NominalEncodedEncodableFeatureVectorizer",
    "NominalMultiLabelEncodedEncodableFeatureVectorizer",
    "NonUniformDimensionEncoder",
    "NullFeatureContext",
    "OneHotEncodedEncodableFeatureVectorizer",
    "PackedFeatureContext",
    "SeriesEncodableFeatureVectorizer",
    "SparseTensorFeatureContext",
    "TensorFeatureContext",
    "TransformableFeatureVectorizer",
    "VectorizerError",
    "canonical",
    "put_together",
]
