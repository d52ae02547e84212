from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from zensols_like.persist import DictionaryStash, KeyLimitStash, PreemptiveStash, PrimablePreemptiveStash
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    AggregateEncodableFeatureVectorizer,
    AttributeEncodableFeatureVectorizer,
    EncodableFeatureVectorizer,
    FeatureContext,
    FeatureVectorizerManager,
    IdentityEncodableFeatureVectorizer,
    MaskFeatureVectorizer,
    MultiFeatureContext,
    NominalEncodedEncodableFeatureVectorizer,
    NullFeatureContext,
    OneHotEncodedEncodableFeatureVectorizer,
    SeriesEncodableFeatureVectorizer,
    TensorFeatureContext,
    TransformableFeatureVectorizer,
    VectorizerError,
)


@dataclass
class Bare(EncodableFeatureVectorizer):
    """As short as a vectorizer can be, with any parameter."""

    parameter: Any = None

    def _get_shape(self):
        return (1,)

    def _encode(self, data):
        return TensorFeatureContext(self.feature_id, torch.tensor([data]))


class Decoding(Bare):
    def _decode(self, context):
        return super()._decode(context) + 1


class StillIdentity(Bare):
    decoding = "identity"

    def _decode(self, context):
        return super()._decode(context)


class Versioned(Bare):
    version = 2


class HandWritten(Bare):
    def __init__(self, feature_id):
        super().__init__(feature_id, None, feature_id, None)
        self.hidden = 1


class VersionedHandWritten(HandWritten):
    version = "a"


class OwnFingerprint(HandWritten):
    def fingerprint(self):
        return {"hidden": self.hidden}


@dataclass
class WithDecodeOnly(Bare):
    shown: int = field(default=1, metadata={"fingerprint": False})


@dataclass
class DecodingEarly(TransformableFeatureVectorizer):
    encodes_data_type = False
    shown: int = field(default=1, metadata={"fingerprint": False})

    def _get_shape(self):
        return (1,)

    def _encode(self, data):
        return TensorFeatureContext(self.feature_id, torch.tensor([data]))


def test_the_documented_fields_come_in_the_documented_order():
    vectorizer = Bare("section", None, "id", None, 3)
    assert (vectorizer.name, vectorizer.feature_id, vectorizer.parameter) == ("section", "id", 3)
    assert vectorizer.transform(5).tolist() == [5]
    assert "feature 'id'" in vectorizer.description
    assert list(vectorizer.lines()) == [(0, "id: feature (Bare), shape (1,)")]


def test_a_context_of_another_vectorizer_is_refused_with_both_names():
    with pytest.raises(VectorizerError, match=r"'mine' cannot be decoded by 'yours'(.|\n)*vectorizer 'yours' \(Bare\)"):
        Bare.of("yours").decode(Bare.of("mine").encode(1))


def test_a_context_without_a_tensor_needs_a_decode_of_its_own():
    with pytest.raises(VectorizerError, match="override _decode in Bare"):
        Bare.of("f").decode(FeatureContext("f"))


def test_an_empty_multi_context_never_decodes_to_a_context():  # weakness C15
    empty = (MultiFeatureContext("f", ()), MultiFeatureContext("f", (NullFeatureContext("g"),)))
    for vectorizer in (Bare.of("f"), AggregateEncodableFeatureVectorizer.of("f", delegate_feature_id="g")):
        assert [vectorizer.decode(context) for context in empty] == [None, None]


def test_what_a_vectorizer_raises_passes():
    with pytest.raises(RuntimeError, match="Could not infer dtype"):
        Bare.of("f").encode(object())


def test_what_is_encoded_to_no_context_is_refused_with_the_context_to_return():
    @dataclass
    class Direct(Bare):
        def _encode(self, data):
            return data

    for data in (torch.ones(1), None):
        with pytest.raises(
            VectorizerError, match=rf"Direct._encode gave a {type(data).__name__}(.|\n)*TensorFeatureContext\("
        ):
            Direct.of("direct").transform(data)


def test_a_class_that_overrides_decode_says_how_it_decodes_or_is_custom():
    assert Bare.decoding == "identity"
    assert Decoding.decoding == "custom"
    assert StillIdentity.decoding == "identity"
    assert type("Sub", (Decoding,), {}).decoding == "custom"
    assert NominalEncodedEncodableFeatureVectorizer.decoding == "rowwise"
    assert SeriesEncodableFeatureVectorizer.decoding == "identity"
    assert MaskFeatureVectorizer.decoding == TransformableFeatureVectorizer.decoding == "custom"


def test_a_column_goes_through_what_a_subclass_overrides():
    class Doubled(AttributeEncodableFeatureVectorizer):
        def _encode(self, data):
            return super()._encode([2 * data])

    class Mixin:
        def _encode(self, data):
            return TensorFeatureContext(self.feature_id, torch.zeros(1))

    class Mixed(Mixin, AttributeEncodableFeatureVectorizer):
        pass

    class OnlyRenamed(AttributeEncodableFeatureVectorizer):
        DESCRIPTION = "other"

    class DecodedOtherwise(AttributeEncodableFeatureVectorizer):
        def _decode(self, context):
            return super()._decode(context)[:1]

    for cls, expected in ((Doubled, [2, 4]), (Mixed, [0, 0]), (DecodedOtherwise, [1, 2])):
        contexts = cls.of("f").encode_column([1, 2])
        assert torch.cat([cls.of("f").decode(context) for context in contexts]).tolist() == expected
    assert isinstance(OnlyRenamed.of("f").encode_column([1, 2]), FeatureContext)


@pytest.mark.parametrize(
    ("vectorizer", "column"),
    [
        (NominalEncodedEncodableFeatureVectorizer.of("f", categories=["a", "b"]), [["a"], ["b", "a"]]),
        (
            OneHotEncodedEncodableFeatureVectorizer.of("f", categories=["a", "b"], optimize_bools=True),
            [["a"], ["b", "a"]],
        ),
        (AttributeEncodableFeatureVectorizer.of("f"), [1, [2.5], np.float32(3)]),
        (SeriesEncodableFeatureVectorizer.of("f"), [[1, 2], [3]]),
        (IdentityEncodableFeatureVectorizer.of("f"), [torch.ones(1, 2), torch.ones(2, 2)]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_column_is_one_context(vectorizer, column):
    assert vectorizer.decode(vectorizer.encode_column(column)).shape[0] == 3


@pytest.mark.parametrize("cls", [AttributeEncodableFeatureVectorizer, SeriesEncodableFeatureVectorizer])
def test_an_empty_column_is_an_empty_tensor(cls):
    vectorizer = cls.of("f")
    assert vectorizer.decode(vectorizer.encode_column([])).tolist() == []


def test_everything_works_with_debug_logging(caplog):  # weakness C4
    caplog.set_level(logging.DEBUG)
    one_hot = OneHotEncodedEncodableFeatureVectorizer.of("o", categories=list("abc"), optimize_bools=True)
    assert one_hot.transform(["a", "c"]).tolist() == [[1, 0, 0], [0, 0, 1]]
    mask = MaskFeatureVectorizer.of("m")
    assert mask.transform(["a"]).tolist() == [[True]]


# fingerprints


def objects(*values):
    return np.array(values, dtype=object)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"b", "a"}, {"a", "b"}),
        ({"x": 1, "y": {2, 1}}, {"y": {1, 2}, "x": 1}),
        ({1: "a", 2: "b"}, {2: "b", 1: "a"}),
        (Path("a") / "b", Path("a/b")),
        (torch.float16, torch.float16),
        (torch.ones(2), torch.ones(2)),
        (torch.tensor([1 + 2j]).conj(), torch.tensor([1 - 2j])),
        (torch._neg_view(torch.ones(2)), -torch.ones(2)),
        (torch.empty_strided((0,), (0,)), torch.empty(0)),
        (objects("".join("ab"), 1.5), objects("".join("ab"), 1.5)),
        (float("nan"), float("nan")),
        (b"a", b"a"),
        (Versioned, Versioned),
        (TorchConfig(use_gpu=False), TorchConfig(use_gpu=True)),
        (Bare.of("x", parameter=1), Bare.of("x", parameter=1)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_equal_parameters_have_equal_fingerprints(one, other):
    assert Bare.of("f", parameter=one).fingerprint() == Bare.of("f", parameter=other).fingerprint()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        ("1", 1),
        (["a", "b"], ["b", "a"]),
        (torch.float16, torch.float32),
        (torch.ones(2), torch.ones(3)),
        (objects("ab"), objects("ac")),
        (objects("ab"), objects("ab").reshape(1, 1)),
        (np.empty((0, 2), object), np.empty((2, 0), object)),
        (TorchConfig(data_type="float16"), TorchConfig()),
        (Bare.of("x", parameter=1), Bare.of("x", parameter=2)),
    ],
)
def test_other_parameters_have_other_fingerprints(one, other):
    assert Bare.of("f", parameter=one).fingerprint() != Bare.of("f", parameter=other).fingerprint()


@pytest.mark.parametrize("front", [PreemptiveStash, PrimablePreemptiveStash, partial(KeyLimitStash, limit=2)])
def test_a_parameter_that_is_a_stash_has_the_same_fingerprint_when_it_was_used(front):
    stash = front(DictionaryStash({"a": 1, "b": 2}))
    vectorizer = Bare.of("f", parameter=stash)
    before = vectorizer.fingerprint()
    assert stash.load("a") == 1
    assert vectorizer.fingerprint() == before


def test_an_array_of_what_is_no_plain_value_has_no_fingerprint():
    with pytest.raises(VectorizerError, match="'parameter' is no plain value: object"):
        Bare.of("f", parameter=objects(object())).fingerprint()


def test_a_fingerprint_has_class_version_parameters_and_data_type():
    assert Bare.of("f", parameter=None).fingerprint() == {
        "class": f"{__name__}.Bare",
        "version": 1,
        "parameters": {"feature_id": "f", "parameter": None},
        "data_type": "float32",
    }


def test_names_devices_and_decode_only_parameters_do_not_matter():
    def fingerprint(name, torch_config, shown):
        vectorizer = WithDecodeOnly(name, None, "f", None, shown=shown)
        return FeatureVectorizerManager.of(name, torch_config, [vectorizer])["f"].fingerprint()

    assert fingerprint("a", TorchConfig(use_gpu=False), 1) == fingerprint("b", TorchConfig(), 2)
    assert fingerprint("a", TorchConfig(), 1) != fingerprint("a", TorchConfig(data_type="float64"), 1)


def test_what_matters_when_decoding_matters_to_what_is_decoded_while_encoding():
    def fingerprint(encode_transformed, shown=1, data_type="float32"):
        vectorizer = DecodingEarly("a", None, "f", None, encode_transformed, shown=shown)
        return FeatureVectorizerManager.of("m", TorchConfig(False, data_type), [vectorizer])["f"].fingerprint()

    for changed in ({"shown": 2}, {"data_type": "float64"}):
        assert fingerprint(False) == fingerprint(False, **changed)
        assert fingerprint(True) != fingerprint(True, **changed)


def test_the_data_type_matters_only_to_what_is_encoded_with_it():
    def fingerprint(vectorizer, data_type):
        return FeatureVectorizerManager.of("m", TorchConfig(False, data_type), [vectorizer])["f"].fingerprint()

    for make, differs in (
        (lambda: OneHotEncodedEncodableFeatureVectorizer.of("f", categories="a b".split(), optimize_bools=True), False),
        (lambda: IdentityEncodableFeatureVectorizer.of("f"), False),
        (lambda: SeriesEncodableFeatureVectorizer.of("f"), True),
    ):
        assert (fingerprint(make(), "float32") != fingerprint(make(), "float16")) == differs


def test_the_order_of_categories_does_not_matter_but_another_label_does():
    def fingerprint(categories):
        return NominalEncodedEncodableFeatureVectorizer.of("f", categories=categories).fingerprint()

    assert fingerprint(["a", "b"]) == fingerprint({"b", "a"}) == fingerprint(("b", "a", "a"))
    assert fingerprint(["a", "b"]) != fingerprint(["a", "b", "c"])


def test_the_fingerprint_of_an_aggregate_holds_that_of_its_delegate():
    def fingerprint(categories):
        delegate = NominalEncodedEncodableFeatureVectorizer.of("n", categories=categories)
        aggregate = AggregateEncodableFeatureVectorizer.of("a", delegate_feature_id="n")
        return FeatureVectorizerManager.of("m", TorchConfig(False), [delegate, aggregate])["a"].fingerprint()

    assert fingerprint(["a"]) != fingerprint(["b"])


@pytest.mark.parametrize(
    ("vectorizer", "message"),
    [(Bare.of("f", parameter=object()), "parameter 'parameter' is no plain value"), (HandWritten("f"), "by hand")],
)
def test_unknown_parameters_need_a_version_or_a_fingerprint(vectorizer, message):
    with pytest.raises(VectorizerError, match=rf"{message}(.|\n)*give it a version or a fingerprint\(\)"):
        vectorizer.fingerprint()


def test_a_version_or_a_fingerprint_is_enough():
    assert Versioned.of("f", parameter=object()).fingerprint()["version"] == 2
    assert Versioned.of("f", parameter=object()).fingerprint()["parameters"] == {"feature_id": "f"}
    assert VersionedHandWritten("f").fingerprint()["version"] == "a"
    assert OwnFingerprint("f").fingerprint() == {"hidden": 1}
