import torch
from byte_vectorizer import ByteVectorizer

from zensols_like.testing.vectorizer import VectorizerContract
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import AggregateEncodableFeatureVectorizer, FeatureVectorizerManager


class TestByteVectorizer(VectorizerContract):
    vectorizer = ByteVectorizer.of("byte")
    values = ("ab", "é")
    tensor = torch.tensor([97, 98, 195, 169], dtype=torch.uint8)
    empty = ""


def test_texts_of_several_lengths_are_padded():
    texts = AggregateEncodableFeatureVectorizer.of("bytes", delegate_feature_id="byte", pad_label=0)
    manager = FeatureVectorizerManager.of("texts", TorchConfig(use_gpu=False), [ByteVectorizer.of("byte"), texts])
    assert manager["bytes"].transform(["ab", "c", ""]).tolist() == [[97, 98], [99, 0], [0, 0]]
