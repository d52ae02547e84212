import pytest
import torch
from hash_vectorizer import HashVectorizer

from zensols_like.errors import VectorizerError
from zensols_like.testing.vectorizer import VectorizerContract


class TestHashVectorizer(VectorizerContract):
    vectorizer = HashVectorizer.of("words", size=4)
    values = (["to", "be", "or", "not", "to", "be"], [])
    tensor = torch.tensor([[2.0, 1, 0, 3], [0, 0, 0, 0]])
    empty = None  # no words are a row of zeros, and not nothing


def test_a_text_in_place_of_words_is_refused():
    with pytest.raises(VectorizerError, match="is one text"):
        TestHashVectorizer.vectorizer.transform("to be")
