from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.overrides import TorchFunctionMode

from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    AggregateEncodableFeatureVectorizer,
    ArrayEncodableFeatureVectorizer,
    AttributeEncodableFeatureVectorizer,
    EncodableFeatureVectorizer,
    FeatureVectorizerManager,
    IdentityEncodableFeatureVectorizer,
    MaskFeatureVectorizer,
    MultiFeatureContext,
    NominalEncodedEncodableFeatureVectorizer,
    NominalMultiLabelEncodedEncodableFeatureVectorizer,
    OneHotEncodedEncodableFeatureVectorizer,
    PackedFeatureContext,
    SeriesEncodableFeatureVectorizer,
    TensorFeatureContext,
    VectorizerError,
)
from zensols_like.vectorize.values import as_tensor


def nominal(categories, **parameters):
    return NominalEncodedEncodableFeatureVectorizer.of("n", categories=categories, **parameters)


def one_hot(categories, optimize_bools=True, **options):
    options = {"categories": categories, "optimize_bools": optimize_bools, **options}
    return OneHotEncodedEncodableFeatureVectorizer.of("o", **options)


def with_type(vectorizer, data_type):
    return FeatureVectorizerManager.of("m", TorchConfig(False, data_type), [vectorizer])[vectorizer.feature_id]


# categories


@given(st.sets(st.text(), min_size=1) | st.sets(st.integers(), min_size=1), st.data())
def test_ids_follow_the_sorted_order_of_labels_whatever_holds_them(labels, data):  # weakness C9
    expected = {label: index for index, label in enumerate(sorted(labels))}
    shuffled = data.draw(st.permutations(sorted(labels)))
    for categories in (labels, frozenset(labels), tuple(shuffled), [*shuffled, shuffled[0]]):
        vectorizer = nominal(categories)
        assert vectorizer.by_label == expected
        ids = vectorizer.transform(shuffled)
        assert ids.tolist() == [expected[label] for label in shuffled]
        assert vectorizer.get_classes(ids) == vectorizer.get_classes(ids.tolist()) == shuffled


@given(st.integers(1, 300), st.booleans(), st.data())
def test_one_hot_rows_are_those_of_the_identity_matrix(count, optimize_bools, data):
    vectorizer = one_hot(range(count), optimize_bools)
    labels = data.draw(st.lists(st.integers(0, count - 1), max_size=20))
    rows = vectorizer.transform(labels)
    expected = torch.eye(count)[torch.tensor(labels, dtype=torch.int64)]
    assert torch.equal(rows, expected[:, 1] if optimize_bools and count == 2 else expected)
    assert vectorizer.get_classes(rows) == labels
    assert vectorizer.encode(labels).tensor.nbytes <= 2 * len(labels)


def test_one_hot_decoding_of_nominals_equals_one_hot():
    labels = ["c", "a", "a"]
    rows = nominal("a b c".split(), decode_one_hot=True, data_type="float32").transform(labels)
    assert torch.equal(rows, one_hot("a b c".split()).transform(labels))


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("iris-setosa", r"Unknown category 'iris-setosa'.(.|\n)*vectorizer 'n'(.|\n)*mean 'Iris-setosa'(.|\n)*'rose'"),
        ("x", r"Unknown category 'x'.(.|\n)*use one of \['Iris-setosa', 'rose'\]"),
        (None, r"Unknown category None"),
        (["rose"], r"Unknown category \['rose'\]"),
        (float("nan"), r"Unknown category nan"),
    ],
)
def test_an_unknown_category_is_named_with_the_known_ones(label, message):
    vectorizer = nominal({"rose", "Iris-setosa"})
    for encode in (vectorizer.encode, lambda values: vectorizer.encode_column([values])):
        with pytest.raises(VectorizerError, match=message):
            encode(["rose", label])


@pytest.mark.parametrize("make", [nominal, one_hot])
def test_an_unknown_category_becomes_the_one_that_stands_for_others(make):
    vectorizer = make(["rose", "<other>", "lily"], unknown="<other>")
    labels = ["rose", "thistle", None, "lily"]
    rows = vectorizer.transform(labels)
    assert vectorizer.get_classes(rows) == ["rose", "<other>", "<other>", "lily"]
    assert torch.equal(rows, vectorizer.decode(vectorizer.encode_column([[label] for label in labels])))
    with pytest.raises(VectorizerError, match=r"Unknown category \['rose'\]"):
        vectorizer.encode([["rose"]])


def test_the_category_for_others_is_one_of_the_categories_and_of_the_fingerprint():
    with pytest.raises(VectorizerError, match="'<other>' for unknown labels is not one of the categories"):
        nominal(["rose"], unknown="<other>")
    plain, other = nominal(["a", "b"]).fingerprint(), nominal(["a", "b"], unknown="a").fingerprint()
    assert "unknown" not in plain["parameters"]
    assert other["parameters"]["unknown"] == "a"


def test_an_error_does_not_list_thousands_of_categories():
    with pytest.raises(VectorizerError, match="and 980 more") as caught:
        nominal(range(1000)).encode([-1])
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("categories", "message"),
    [
        ([], "no categories"),
        ("abc", "one text"),
        ([1, "a"], "cannot be sorted"),
        ([1.0, float("nan")], "NaN"),
    ],
)
@pytest.mark.parametrize("make", [nominal, one_hot])
def test_senseless_categories_are_refused_when_the_vectorizer_is_made(make, categories, message):
    with pytest.raises(VectorizerError, match=message):
        make(categories)


@pytest.mark.parametrize("data", ["a", 1, {"a"}, None])
def test_labels_come_in_lists(data):
    with pytest.raises(VectorizerError, match="Expecting a list of labels"):
        nominal(["a"]).encode(data)


def test_labels_from_arrays_are_labels():
    vectorizer = nominal(["a", "b"])
    for labels in (np.array(["b", "a"]), np.array(["b", "a"], dtype=object), pd.Series(["b", "a"])):
        assert vectorizer.transform(labels).tolist() == [1, 0]
    assert nominal(np.array([1, 2])).transform([np.int8(2), 1]).tolist() == [1, 0]


def test_classes_come_back_from_scores():
    assert nominal("a b c".split()).get_classes(torch.tensor([[0.1, 0.2, 0.7], [0.9, 0.0, 0.1]])) == ["c", "a"]


@pytest.mark.parametrize("ids", [[-100], [2], torch.zeros(2, 3), torch.tensor(1)])
def test_what_is_no_id_has_no_class(ids):
    with pytest.raises(VectorizerError, match=r"is not the number of a category|holds no IDs"):
        nominal(["a", "b"]).get_classes(ids)


def test_a_data_type_too_narrow_for_the_ids_is_refused():
    assert nominal(range(128), data_type="int8").transform([127]).dtype == torch.int8
    with pytest.raises(VectorizerError, match=r"int8 cannot hold the numbers of 129 categories"):
        nominal(range(129), data_type="int8").transform([128])


def test_shapes_are_the_documented_ones():
    assert nominal(["a", "b"]).shape == (1, 1)
    assert nominal(["a", "b"], decode_one_hot=True).shape == (-1, 2)
    assert one_hot(["a", "b"]).shape == (1,)
    assert one_hot(["a", "b"], optimize_bools=False).shape == one_hot(["a", "b"], False).shape == (-1, 2)
    assert MaskFeatureVectorizer.of("m", size=3).shape == (-1, 3)
    assert SeriesEncodableFeatureVectorizer.of("s").shape == (-1, -1)
    assert AttributeEncodableFeatureVectorizer.of("a").shape == (1,)
    aggregate = AggregateEncodableFeatureVectorizer.of("agg", delegate_feature_id="o")
    manager = FeatureVectorizerManager.of("m", TorchConfig(False), [one_hot("a b c".split()), aggregate])
    assert manager["agg"].shape == (-1, 3)


def test_several_labels_come_back_as_several():
    vectorizer = NominalMultiLabelEncodedEncodableFeatureVectorizer.of("m", categories="a b c".split())
    assert vectorizer.shape == (1, 3)
    assert vectorizer.get_classes(vectorizer.transform([["c", "a"], [], ["b", "b"]])) == [["a", "c"], [], ["b"]]
    with pytest.raises(VectorizerError, match="Unknown category 'd'"):
        vectorizer.encode(["a", "d"])


# numbers


@given(st.lists(st.lists(st.floats(width=32) | st.integers(-1000, 1000), min_size=2, max_size=2), min_size=1))
def test_rows_of_series_are_their_numbers(rows):
    vectorizer = SeriesEncodableFeatureVectorizer.of("s")
    expected = torch.tensor([[float(value) for value in row] for row in rows])
    for data_type in (float, object):
        actual = vectorizer.transform([pd.Series(row, dtype=data_type) for row in rows])
        torch.testing.assert_close(actual, expected, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([pd.Series([1, 2]), pd.Series([1])], "columns of a row"),
        ([pd.Series({"a": 1, "b": 2}), pd.Series({"b": 2, "a": 1})], r"columns of a row, \['b', 'a'\]"),
        ([pd.Series([1, "2"], dtype=object)], "Not all of these are numbers"),
        ([pd.Series([1, None], dtype=object)], "Not all of these are numbers"),
        ([pd.Series([1, pd.NA], dtype=object)], "Not all of these are numbers"),
        ([pd.Series(pd.to_datetime(["2020-01-01"]))], "Not all of these are numbers"),
        ([pd.Series([1]), 2], "mixed"),
        ([[1, 2], [3]], "different lengths"),
        (pd.Series([1]), "list of Series"),
        (1.5, "list of Series"),
        ("1", "list of Series"),
    ],
)
def test_what_is_no_row_of_numbers_is_refused(rows, message):
    with pytest.raises(VectorizerError, match=message):
        SeriesEncodableFeatureVectorizer.of("s").encode(rows)


@pytest.mark.parametrize("value", ["1", None, [1, "2"], [[1], [2, 3]], np.ones((2, 2)), np.array(["2020"], "M8[D]")])
def test_what_is_no_number_is_refused(value):
    vectorizer = AttributeEncodableFeatureVectorizer.of("a")
    with pytest.raises(VectorizerError, match=r"vectorizer 'a'"):
        vectorizer.encode(value)
    with pytest.raises(VectorizerError, match=r"vectorizer 'a'"):
        vectorizer.encode_column([1, value])


@pytest.mark.parametrize("make", [AttributeEncodableFeatureVectorizer, ArrayEncodableFeatureVectorizer])
def test_what_is_below_a_mask_is_no_number(make):
    vectorizer = make.of("a")
    masked, whole = np.ma.array([1.0, 2.0], mask=[False, True]), np.ma.array([1.0, 2.0])
    for encode, value in ((vectorizer.encode, masked), (vectorizer.encode_column, [whole[1:], masked[1:]])):
        with pytest.raises(VectorizerError, match=r"masked: (.|\n)*vectorizer 'a'(.|\n)*filled"):
            encode(value)
    assert torch.equal(vectorizer.transform(whole), vectorizer.transform(whole.data))


@pytest.mark.parametrize("value", [[1.5, 2], [], np.ones(7, dtype=bool)])
def test_a_data_point_with_another_number_of_numbers_than_one_is_refused(value):
    vectorizer = AttributeEncodableFeatureVectorizer.of("a")
    assert vectorizer.transform(value).shape == (len(value),)  # as a whole column, which is_agg gives
    with pytest.raises(VectorizerError, match=rf"has {len(value)} numbers(.|\n)*vectorizer 'a'"):
        vectorizer.encode_column([value])
    with pytest.raises(VectorizerError, match=rf"has {len(value)} numbers"):
        vectorizer.encode_column([1.5, value, 2])


@pytest.mark.parametrize(
    ("data_type", "value"), [("uint8", 256), ("int8", -129), ("int64", 1.5), ("bool", 2), ("int64", 2**64 - 1)]
)
def test_a_number_that_the_data_type_cannot_hold_is_refused(data_type, value):
    vectorizer = with_type(AttributeEncodableFeatureVectorizer.of("a"), data_type)
    with pytest.raises(VectorizerError, match=r"cannot hold|too large"):
        vectorizer.encode(np.asarray(value))


@pytest.mark.parametrize("numpy_type", ["u1", "u2", "u4", "u8", "i1", ">i4", "f2", ">f8", "g", "?"])
def test_numbers_of_every_numpy_type_are_numbers(numpy_type):
    values = np.array([0, 1, 1, 0], dtype=numpy_type)
    vectorizer = AttributeEncodableFeatureVectorizer.of("a")
    assert vectorizer.transform(values[::-1]).tolist() == [0, 1, 1, 0]
    assert vectorizer.transform(values[::3]).tolist() == [0, 0]
    assert vectorizer.decode(vectorizer.encode_column(values)).tolist() == [0, 1, 1, 0]


def test_a_context_does_not_change_with_the_array_it_was_made_of():
    values = np.ones(2, dtype=np.float32)
    context = AttributeEncodableFeatureVectorizer.of("a").encode(values)
    values[:] = 5
    assert context.tensor.tolist() == [1, 1]


# tensors


def test_an_identity_keeps_the_tensor_and_nothing_of_its_graph():
    vectorizer = IdentityEncodableFeatureVectorizer.of("i")
    arr = torch.ones(2, 2, requires_grad=True)
    assert torch.equal(vectorizer.transform(arr), arr)
    assert not vectorizer.transform(arr).requires_grad
    assert vectorizer.transform(torch.tensor(3)).shape == ()
    assert vectorizer.transform([]).tolist() == []


@pytest.mark.parametrize("data", [[torch.ones(1, 2), torch.ones(1, 3)], [torch.ones(1), 2], [torch.ones(1), None], 5])
def test_tensors_that_do_not_fit_are_refused(data):
    with pytest.raises(VectorizerError, match=r"cannot be joined|Expecting tensors"):
        IdentityEncodableFeatureVectorizer.of("i").encode(data)


def test_tensors_without_rows_are_no_column():
    with pytest.raises(VectorizerError, match="is_agg=True"):
        IdentityEncodableFeatureVectorizer.of("i").encode_column([torch.tensor(1), torch.tensor(2)])


class Operations(TorchFunctionMode):
    """Counts what torch is asked for."""

    count = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.count += 1
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    "vectorizer",
    [one_hot(list("abc")), nominal(list("abc"), decode_one_hot=True), MaskFeatureVectorizer.of("m")],
    ids=["one-hot", "nominal", "mask"],
)
def test_decoding_takes_as_many_operations_for_many_rows_as_for_few(vectorizer):  # weakness D12
    counts = set()
    for labels in ("abc", "abc" * 100):
        context = vectorizer.encode(list(labels))
        with Operations() as operations:
            assert len(vectorizer.decode(context)) == len(labels)
        counts.add(operations.count)
    assert len(counts) == 1


# masks and sequences


@given(st.lists(st.integers(0, 9)), st.integers(-1, 12))
def test_a_mask_has_a_one_for_each_value(lengths, size):
    mask = MaskFeatureVectorizer.of("m", size=size).transform([[0] * length for length in lengths])
    width = max(lengths, default=0) if size < 0 else size
    assert mask.tolist() == [[column < length for column in range(width)] for length in lengths]


def test_the_data_type_of_a_mask_is_given_by_name():
    for data_type, expected in (("bool", torch.bool), ("DEFAULT_INT", torch.int16), (torch.float64, torch.float64)):
        vectorizer = with_type(MaskFeatureVectorizer.of("m", data_type=data_type), "float16")
        assert vectorizer.transform(["a"]).dtype == expected


def test_what_has_no_length_has_no_mask():
    with pytest.raises(VectorizerError, match="5 has no length"):
        MaskFeatureVectorizer.of("m").encode([[1], 5])


def aggregate(delegate, **parameters):
    vectorizer = AggregateEncodableFeatureVectorizer.of("agg", delegate_feature_id=delegate.feature_id, **parameters)
    return FeatureVectorizerManager.of("m", TorchConfig(False), [delegate, vectorizer])["agg"]


@given(st.lists(st.lists(st.integers(0, 3), max_size=5), min_size=1, max_size=5), st.integers(-1, 7))
def test_sequences_are_padded_or_cut(sequences, size):
    actual = aggregate(nominal(range(4)), size=size).transform(sequences)
    width = max(map(len, sequences)) if size < 0 else size
    assert actual.tolist() == [(row + [-100] * width)[:width] for row in sequences]


def test_rows_are_padded_with_rows():
    actual = aggregate(one_hot(range(3)), pad_label=7).transform([[0, 2], [1]])
    assert actual.tolist() == [[[1, 0, 0], [0, 0, 1]], [[0, 1, 0], [7, 7, 7]]]


def test_no_sequences_have_no_tensor():
    assert aggregate(nominal(["a"])).transform([]) is None


def test_padding_is_ignored_by_the_cross_entropy_loss():
    assert AggregateEncodableFeatureVectorizer.DEFAULT_PAD_LABEL == torch.nn.CrossEntropyLoss().ignore_index == -100
    padded = aggregate(nominal(["a"])).create_padded_tensor((2, 3), torch.int64)
    assert torch.equal(padded, torch.full((2, 3), -100))


def test_padding_that_the_data_type_cannot_hold_is_refused():
    vectorizer = aggregate(nominal(["a"], data_type="uint8"))
    with pytest.raises(VectorizerError, match=r"uint8 cannot hold the pad_label -100"):
        vectorizer.transform([["a"], []])
    assert aggregate(nominal(["a"], data_type="uint8"), pad_label=255).transform([["a"], []]).tolist() == [[0], [255]]


@pytest.mark.parametrize(
    ("make", "wrong"),
    [
        *((AggregateEncodableFeatureVectorizer, {"size": size}) for size in ("3", 2.5, None, True)),
        *((AggregateEncodableFeatureVectorizer, {"pad_label": pad}) for pad in ("0", None, torch.float32)),
        *((MaskFeatureVectorizer, {"size": size}) for size in ("3", 2.5, None)),
    ],
)
def test_what_is_no_size_or_padding_is_refused_before_anything_is_encoded(make, wrong):
    needed = {"delegate_feature_id": "a"} if make is AggregateEncodableFeatureVectorizer else {}
    option, value = next(iter(wrong.items()))
    with pytest.raises(VectorizerError, match=rf"The {option} is {re.escape(repr(value))}.(.|\n)*'words'(.|\n)*number"):
        make.of("words", **needed, **wrong)


def test_an_aggregate_does_not_delegate_to_itself():
    words = AggregateEncodableFeatureVectorizer.of("words", delegate_feature_id="words")
    FeatureVectorizerManager.of("text", TorchConfig(use_gpu=False), [words])["words"]
    with pytest.raises(VectorizerError, match="its own delegate"):
        _ = words.shape


def test_an_aggregate_without_a_manager_says_so():
    with pytest.raises(VectorizerError, match="without a manager"):
        AggregateEncodableFeatureVectorizer.of("agg", delegate_feature_id="n").encode([["a"]])


@pytest.mark.parametrize("data_type", [torch.float16, torch.float32])
@pytest.mark.parametrize("mode", ["raise", "warn"])
def test_what_numpy_is_told_to_mind_does_not_matter(data_type, mode, recwarn):
    signaling = np.array([0x7FF0000000000001], np.uint64).view(np.float64)
    with np.errstate(all=mode):
        assert as_tensor(np.array([1e-320, -1e-300, 0.0]), data_type, "here").tolist() == [0, 0, 0]
        assert as_tensor(signaling, data_type, "here").isnan().all()
        with pytest.raises(VectorizerError, match="makes infinity of some"):
            as_tensor(np.array([1.0, 1e300]), data_type, "here")
    assert not recwarn.list


@given(st.lists(st.floats(width=64), min_size=1, max_size=40), st.sampled_from(["<f8", ">f8", "f4", "f2", "g"]))
def test_floats_become_the_nearest_of_another_type_or_are_refused(values, given_type):
    with np.errstate(all="ignore"):
        array = np.array(values).astype(given_type)
    array.flags.writeable = False
    for data_type, own in ((torch.float16, np.float16), (torch.float32, np.float32), (torch.float64, np.float64)):
        with np.errstate(all="ignore"):
            expected = array.astype(own)
        try:
            found = as_tensor(array, data_type, "here")
        except VectorizerError:
            assert (np.isinf(expected) & ~np.isinf(array)).any()
        else:
            assert not (np.isinf(expected) & ~np.isinf(array)).any()
            assert np.array_equal(found.numpy(), expected, equal_nan=True)
            found.zero_()
            assert np.array_equal(array.astype(own, copy=True), expected, equal_nan=True)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12)[::-1],
        np.arange(12).reshape(3, 4)[:, ::-1],
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12, dtype=">i4")[::2],
        np.broadcast_to(np.float32(2), (3, 2)),
        np.zeros(3, [("a", "i1"), ("b", "i4")])["b"],
    ],
)
def test_arrays_may_lie_in_memory_as_they_like(array):
    column = ArrayEncodableFeatureVectorizer.of("a").encode_column(array)
    assert column.tensor.tolist() == array.tolist()
    assert torch.equal(column.tensor, ArrayEncodableFeatureVectorizer.of("a").encode_column(list(array)).tensor)


WHOLE = [torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint64]
FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


@st.composite
def any_numbers(draw):
    data_type = draw(st.sampled_from([*WHOLE, *FLOATS]))
    if data_type in FLOATS:
        numbers = st.sampled_from([-1.0, 0.5, 255.0, 3e4, 7e4, 2.0**63, 1e30]) | st.floats(width=16)
    else:
        limits = (0, 1) if data_type is torch.bool else (torch.iinfo(data_type).min, torch.iinfo(data_type).max)
        numbers = st.integers(*limits) | st.sampled_from(limits)
    return torch.tensor(draw(st.lists(numbers, min_size=1, max_size=5)), dtype=data_type)


@given(any_numbers(), st.sampled_from([*WHOLE, *FLOATS]))
def test_arrays_are_converted_without_losing_a_number_or_refused(given_tensor, data_type):
    vectorizer = ArrayEncodableFeatureVectorizer.of("a", data_type=data_type)
    numbers = given_tensor.tolist()
    if data_type in FLOATS:
        most = torch.tensor(numbers, dtype=torch.float64).to(data_type)
        is_held = all(map(torch.equal, most.isfinite(), torch.tensor(numbers, dtype=torch.float64).isfinite()))
    else:
        limits = (0, 1) if data_type is torch.bool else (torch.iinfo(data_type).min, torch.iinfo(data_type).max)
        is_held = all(number == number // 1 and limits[0] <= number <= limits[1] for number in numbers)
    for encode in (vectorizer.encode_column, vectorizer.encode):
        if not is_held:
            with pytest.raises(VectorizerError, match=r"cannot hold all|makes infinity"):
                encode(given_tensor)
        else:
            found = encode(given_tensor).tensor.reshape(-1)
            assert found.dtype == data_type
            expected = given_tensor.to(data_type).tolist() if data_type in FLOATS else numbers
            assert np.array_equal(found.tolist(), expected, equal_nan=data_type in FLOATS)


@pytest.mark.parametrize(
    ("data_type", "values", "message"),
    [
        ("uint8", [300, -1], r"torch.uint8 cannot hold all of these numbers: tensor\(\[300, +-1\]\)"),
        ("uint8", [np.int8(-1)], "torch.uint8 cannot hold all"),
        ("int32", [float("nan")], "torch.int32 cannot hold all"),
        ("float16", [1e6], "torch.float16 makes infinity"),
        ("float16", [70_000], "torch.float16 makes infinity"),
        ("float32", [1j], "torch.float32 cannot hold complex numbers"),
        (torch.float8_e5m2, [1e6], "torch.float8_e5m2 makes infinity"),
    ],
)
def test_numbers_of_arrays_that_a_data_type_cannot_hold_are_refused(data_type, values, message):
    vectorizer = ArrayEncodableFeatureVectorizer.of("a", data_type=data_type)
    for encode in (
        vectorizer.encode,
        vectorizer.encode_column,
        lambda given: vectorizer.encode_column(np.array(given)),
    ):
        with pytest.raises(VectorizerError, match=rf"{message}(.|\n)*vectorizer 'a'"):
            encode(values)


def test_arrays_become_floats_of_8_bits():
    assert ArrayEncodableFeatureVectorizer.of("a", data_type=torch.float8_e4m3fn).transform([1.0]).float().tolist() == [
        1
    ]


def test_arrays_of_several_types_stack_once_they_are_converted():
    values = [1, 2.5, np.array(3, np.uint8), torch.tensor(1 / 3, dtype=torch.float64)]
    found = ArrayEncodableFeatureVectorizer.of("a", data_type="float32").transform(values)
    assert torch.equal(found, torch.tensor([1, 2.5, 3, 1 / 3]))
    with pytest.raises(VectorizerError, match=r"do not stack(.|\n)*data_type to convert to"):
        ArrayEncodableFeatureVectorizer.of("a").transform(values)


ROWS = st.lists(st.lists(st.integers(0, 3), max_size=4), min_size=1, max_size=5)


@given(ROWS, st.integers(-1, 5), st.sampled_from(["nominal", "one hot", "bools", "custom"]))
def test_sequences_that_are_stored_together_are_padded_like_those_that_are_not(sequences, size, kind):
    makers = {"nominal": nominal, "one hot": one_hot, "bools": lambda labels: one_hot(labels, False)}
    delegate = ReversedVectorizer.of("n") if kind == "custom" else makers[kind](range(4))
    vectorizer = aggregate(delegate, size=size, pad_label=9)
    context = vectorizer.encode(sequences)
    separate = MultiFeatureContext("agg", tuple(delegate.encode(sequence) for sequence in sequences))
    found, expected = vectorizer.decode(context), vectorizer.decode(separate)
    if expected is None:
        assert found is None
    else:
        assert found.dtype == expected.dtype
        assert torch.equal(found, expected)
    assert isinstance(context, PackedFeatureContext) == (len(sequences) > 1)


@given(st.lists(ROWS, min_size=1, max_size=4))
def test_sequences_of_sequences_come_back(paragraphs):
    inner = AggregateEncodableFeatureVectorizer.of("inner", delegate_feature_id="n", size=3)
    outer = AggregateEncodableFeatureVectorizer.of("outer", delegate_feature_id="inner")
    manager = FeatureVectorizerManager.of("m", TorchConfig(False), [nominal(range(4)), inner, outer])
    found = manager["outer"].transform(paragraphs)
    longest = max(map(len, paragraphs))
    padded = [[(row + [-100] * 3)[:3] for row in paragraph] for paragraph in paragraphs]
    assert found.tolist() == [rows + [[-100] * 3] * (longest - len(rows)) for rows in padded]


CHARACTERS = st.lists(st.lists(st.lists(st.integers(0, 3), max_size=4), max_size=4), min_size=1, max_size=4)


@given(CHARACTERS, st.integers(-1, 5))
def test_characters_of_words_are_padded_to_the_longest_word_and_the_longest_text(texts, size):
    words = AggregateEncodableFeatureVectorizer.of("words", delegate_feature_id="n")
    outer = AggregateEncodableFeatureVectorizer.of("texts", delegate_feature_id="words", size=size)
    manager = FeatureVectorizerManager.of("m", TorchConfig(False), [nominal(range(4)), words, outer])
    found = manager["texts"].transform(texts)
    if not any(texts):
        assert found is None
        return
    length = max(map(len, texts)) if size < 0 else size
    longest = max(len(word) for text in texts for word in text)
    padded = [[(word + [-100] * longest)[:longest] for word in text] for text in texts]
    assert found.shape == (len(texts), length, longest)
    assert found.tolist() == [(rows + [[-100] * longest] * length)[:length] for rows in padded]


def test_nothing_is_repeated_where_it_could_be_broadcast():
    found = aggregate(IdentityEncodableFeatureVectorizer.of("i")).transform([torch.ones(2, 3), torch.full((2, 1), 7.0)])
    assert found.tolist() == [[[1, 1, 1]] * 2, [[7, -100, -100]] * 2]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([torch.tensor([1]), torch.tensor([2.7])], r"torch.float32 of shape \(1,\), torch.int64 of shape \(1,\)"),
        ([torch.ones(2, 3), torch.ones(2)], r"torch.float32 of shape \(2, 3\), torch.float32 of shape \(2,\)"),
        ([torch.tensor(1), torch.tensor(2)], r"torch.int64 of shape \(\)"),
    ],
)
def test_sequences_that_cannot_be_padded_to_one_tensor_are_refused_when_they_are_encoded(values, message):
    identity = IdentityEncodableFeatureVectorizer.of("i")
    vectorizer = aggregate(identity)
    with pytest.raises(VectorizerError, match=rf"{message} cannot be padded(.|\n)*'agg'(.|\n)*let 'i' give"):
        vectorizer.encode(values)
    contexts = MultiFeatureContext("agg", tuple(identity.encode(value) for value in values))
    with pytest.raises(VectorizerError, match=rf"{message} cannot be padded"):
        vectorizer.decode(contexts)


@given(st.permutations([torch.tensor([2**53 + 1]), torch.empty(0), torch.empty(0, 2, dtype=torch.int8)]))
def test_sequences_without_values_decide_nothing(values):
    found = aggregate(IdentityEncodableFeatureVectorizer.of("i")).transform(values)
    assert found.dtype == torch.int64
    assert found.tolist() == [value.tolist() if value.numel() else [-100] for value in values]
    assert aggregate(IdentityEncodableFeatureVectorizer.of("i")).transform(values[:1]).shape[0] == 1


@dataclass
class ReversedVectorizer(EncodableFeatureVectorizer):
    """Decodes to another order, which depends on the whole."""

    def _get_shape(self):
        return (-1,)

    def _encode(self, data):
        return TensorFeatureContext(self.feature_id, torch.tensor(data, dtype=torch.int64))

    def _decode(self, context):
        return context.tensor.flip(0)
