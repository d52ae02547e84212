import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.dataframe import DataframeFeatureVectorizerManager, FrameStash
from zensols_like.dataframe.vectorize import NumberVectorizer
from zensols_like.errors import DataframeError, VectorizerError
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    AttributeEncodableFeatureVectorizer,
    NominalEncodedEncodableFeatureVectorizer,
    OneHotEncodedEncodableFeatureVectorizer,
)


def animals(**columns) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "weight": [1.5, 30.0, 4.0],
            "legs": [2, 4, 4],
            "wild": [True, False, False],
            "color": ["red", "grey", "black"],
            "home": ["tree", "house", "house"],
            "kind": ["bird", "dog", "cat"],
            "split": ["train", "train", "test"],
            **columns,
        }
    )


def manage(frame: pd.DataFrame, prefix: str = "", label_col: str = "kind", **options):
    stash = FrameStash(None, "split", frame)
    config = TorchConfig(use_gpu=False)
    return DataframeFeatureVectorizerManager("animals", None, config, (), prefix, label_col, stash, **options)


def test_columns_become_features_by_their_type_in_the_order_of_the_table():
    metadata = manage(animals()).dataset_metadata
    assert metadata.columns == ("weight", "legs", "wild", "color", "home")
    assert metadata.continuous == ("weight", "legs", "wild")
    assert metadata.discrete == {"color": ("black", "grey", "red"), "home": ("house", "tree")}
    assert (metadata.label_col, metadata.label_values) == ("kind", ("bird", "cat", "dog"))


def test_metadata_can_be_written(capsys):
    manage(animals()).dataset_metadata.write()
    assert "weight" in capsys.readouterr().out


def test_numbers_are_attributes_and_text_is_one_hot():
    manager = manage(animals(), "a_")
    kinds = {feature_id: type(vectorizer) for feature_id, vectorizer in manager.items()}
    assert issubclass(NumberVectorizer, AttributeEncodableFeatureVectorizer)
    assert kinds == {
        "a_color": OneHotEncodedEncodableFeatureVectorizer,
        "a_home": OneHotEncodedEncodableFeatureVectorizer,
        "a_kind": OneHotEncodedEncodableFeatureVectorizer,
        "a_legs": NumberVectorizer,
        "a_weight": NumberVectorizer,
        "a_wild": NumberVectorizer,
    }
    assert manager["a_home"].optimize_bools
    assert not manager["a_kind"].optimize_bools
    assert manager["a_color"].manager is manager
    assert manager.column_to_feature_id("color") == "a_color"


def test_the_mapping_has_the_label_and_each_column():
    mapping = manage(animals(), "a_").batch_feature_mapping
    assert mapping.label_attribute_name == "kind"
    assert mapping.label_feature_id == "a_kind"
    assert mapping.get_attributes() == ("kind", "weight", "legs", "wild", "color", "home")
    assert mapping.manager_mappings[0].vectorizer_manager_name == "animals"


@pytest.mark.parametrize(
    ("encoding", "kind", "shape"),
    [
        ("onehot", OneHotEncodedEncodableFeatureVectorizer, (3,)),
        ("nominal", NominalEncodedEncodableFeatureVectorizer, (1,)),
    ],
)
def test_a_label_of_classes_is_encoded_as_asked(encoding, kind, shape):
    manager = manage(animals(), label_encoding=encoding)
    assert type(manager["kind"]) is kind
    assert manager.label_shape == shape


def test_a_label_can_be_a_number():
    manager = manage(animals(), label_col="weight", label_encoding="number")
    assert type(manager["weight"]) is AttributeEncodableFeatureVectorizer
    assert manager.label_shape == (1,)
    assert manager.dataset_metadata.label_values == ()


def test_another_encoding_of_the_label_is_refused():
    with pytest.raises(DataframeError, match="No label_encoding 'one-hot'"):
        manage(animals(), label_encoding="one-hot")


def test_the_flattened_shape_counts_each_value():  # weakness C8
    manager = manage(animals())
    assert manager.get_flattened_features_shape() == (7,)
    assert manager.get_flattened_features_shape({"color", "weight"}) == (4,)
    with pytest.raises(DataframeError, match=r"No features \['kind', 'nope'\]"):
        manager.get_flattened_features_shape({"nope", "kind", "weight"})


def test_columns_can_be_included_and_excluded():  # weakness C8
    assert manage(animals(), include_columns={"home", "weight"}).dataset_metadata.columns == ("weight", "home")
    manager = manage(animals(), exclude_columns=["color", "legs"])
    assert manager.dataset_metadata.columns == ("weight", "wild", "home")
    assert manager.get_flattened_features_shape() == (3,)
    assert "color" not in manager


@given(
    st.permutations(["weight", "legs", "wild", "color", "home", "kind", "split"]),
    st.sets(st.sampled_from(["weight", "legs", "wild", "color", "home"]), max_size=4),
)
def test_the_order_is_always_that_of_the_table(order, excluded):
    manager = manage(animals()[order], exclude_columns=excluded)
    assert manager.dataset_metadata.columns == tuple(
        column for column in order if column not in {*excluded, "kind", "split"}
    )


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"label_col": "kin"}, "No column 'kin'"),
        ({"include_columns": ["wieght"]}, "No column 'wieght'"),
        ({"exclude_columns": ["nope"]}, "No column 'nope'"),
        ({"include_columns": []}, "No column is left"),
    ],
)
def test_wrong_columns_are_refused(options, what):
    with pytest.raises(DataframeError, match=what) as caught:
        manage(animals(), **options).dataset_metadata  # noqa: B018
    assert caught.value.fix


@pytest.mark.parametrize(
    ("column", "what"),
    [
        ({"x": pd.to_datetime(["2020-01-01"] * 3)}, "is of type datetime64"),
        ({"x": [1j, 2j, 3j]}, "is of type complex128"),
        ({"x": ["a", 1, "b"]}, "is of type object"),
        ({"x": [["a"], ["b"], ["c"]]}, "is of type object"),
        ({"x": [1.0, None, 2.0]}, "has 1 missing values, as in rows \\['1'\\]"),
        ({"x": [None, "a", None]}, "has 2 missing values"),
        ({"id": [1, 2, 3]}, "The column name 'id'"),
        ({7: [1, 2, 3]}, "The column name 7"),
    ],
    ids=["dates", "complex", "mixed", "lists", "missing number", "missing text", "taken name", "no name"],
)
def test_a_column_that_is_no_feature_is_refused_and_can_be_left_out(column, what):
    with pytest.raises(DataframeError, match=what) as caught:
        manage(animals(**{}).assign(split="train").join(pd.DataFrame(column))).dataset_metadata  # noqa: B018
    assert "exclude_columns" in caught.value.fix or "leave out" in caught.value.fix
    frame = animals().join(pd.DataFrame(column))
    assert len(manage(frame, exclude_columns=list(column)).dataset_metadata.columns) == 5


def test_every_column_with_missing_values_is_named_at_once():
    columns = {f"x{number}": [1.0, None, 2.0] for number in range(20)}
    with pytest.raises(
        DataframeError, match=r"'x0' has 1 missing .* 19 more columns, as \['x1', .*'x10'\]\."
    ) as caught:
        manage(animals(**columns)).dataset_metadata  # noqa: B018
    assert "fillna" in caught.value.fix


def test_a_missing_number_of_an_unseen_row_is_refused_as_in_the_table():
    weight = manage(animals())["weight"]
    assert weight.transform([1.5, 2]).tolist() == [1.5, 2.0]
    with pytest.raises(VectorizerError, match="missing") as caught:
        weight.transform([1.5, float("nan")])
    assert "fill" in caught.value.fix
    assert weight.fingerprint() == AttributeEncodableFeatureVectorizer.of("weight").fingerprint()


def test_columns_of_a_table_are_encoded_for_many_batches_at_once():
    manager = manage(animals())
    columns = manager.dataset_metadata.columns
    assert all(manager[name].encodes_rows(manager.stash.dataframe[name].to_numpy()) for name in columns[:3])


def test_a_column_of_categories_has_all_of_them():
    colors = pd.Categorical(["red", "red", "black"], categories=["red", "grey", "black"])
    assert manage(animals(color=colors)).dataset_metadata.discrete["color"] == ("black", "grey", "red")


def test_labels_that_are_missing_are_no_class():
    assert manage(animals(kind=["dog", None, "cat"])).dataset_metadata.label_values == ("cat", "dog")


def test_labels_that_cannot_be_sorted_are_refused():
    frame = animals(kind=pd.Series(["dog", 1, "cat"], dtype=object))
    with pytest.raises(DataframeError, match="mixes values"):
        manage(frame).dataset_metadata  # noqa: B018


@pytest.mark.parametrize("column", ["kind", "color"])
@pytest.mark.parametrize(
    "values",
    [pd.to_datetime(["2020-01-01"] * 3), pd.cut([1, 2, 3], 2), [(1,), (2,), (3,)]],
    ids=["dates", "bins", "tuples"],
)
def test_what_is_no_category_is_named_and_can_be_made_text(column, values):
    frame = animals()
    frame[column] = values
    if column == "color" and not isinstance(values, pd.Categorical):
        frame[column] = frame[column].astype("category")
    with pytest.raises(DataframeError, match=f"{column}' holds .*, which is no category") as caught:
        len(manage(frame))
    assert caught.value.fix == f"make text of them: frame[{column!r}].astype(str)"
    frame[column] = frame[column].astype(str)
    assert len(manage(frame)) == 6


def test_vectorizers_of_the_user_are_there_too():
    own = AttributeEncodableFeatureVectorizer.of("own")
    manager = manage(animals())
    manager.configured_vectorizers = (own,)
    assert manager["own"] is own
    twice = manage(animals())
    twice.configured_vectorizers = (AttributeEncodableFeatureVectorizer.of("legs"),)
    with pytest.raises(DataframeError, match="A vectorizer 'legs' is configured"):
        twice["legs"]
