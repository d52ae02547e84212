import pickle
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zensols_like.batch import (
    ArrayBatchStash,
    BatchFeatureMapping,
    FieldFeatureMapping,
    ManagerFeatureMapping,
    RowDataPoint,
)
from zensols_like.config import ImportConfigFactory, load_config
from zensols_like.dataframe import DataframeBatch, DataframeBatchStash, DataframeDataPoint
from zensols_like.errors import BatchError, ConfigurationError, DataframeError, DatasetError, EncodeError, StaleError
from zensols_like.torchconfig import TorchConfig

IRIS = Path(__file__).parents[2] / "test-resources/iris.csv"
MEASURES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]

CONFIG = """
[torch_config]
class_name = zensols_like.TorchConfig
use_gpu = False

[table]
class_name = zensols_like.dataframe.DefaultDataframeStash
dataframe_path = None
split_col = ds_type
key_path = None
input_csv_path = path: {csv}

[columns]
class_name = zensols_like.dataframe.DataframeFeatureVectorizerManager
torch_config = instance: torch_config
configured_vectorizers = eval: ()
prefix = iris_
label_col = species
stash = instance: table
exclude_columns = None

[managers]
class_name = zensols_like.vectorize.FeatureVectorizerManagerSet
names = list: columns

[directory]
class_name = zensols_like.batch.BatchDirectoryCompositeStash
path = path: {folder}
groups = eval: ({{'species'}}, {{'sepal_length', 'sepal_width', 'petal_length', 'petal_width'}})

[batch_stash]
class_name = zensols_like.dataframe.DataframeBatchStash
delegate = instance: directory
chunk_size = 1
workers = 1
start_method = spawn
data_point_type = class: zensols_like.dataframe.DataframeDataPoint
batch_type = class: zensols_like.dataframe.DataframeBatch
split_stash_container = instance: table
vectorizer_manager_set = instance: managers
batch_size = 16
model_torch_config = instance: torch_config
data_point_id_sets_path = None
decoded_attributes = None
"""


def flowers() -> pd.DataFrame:
    return pd.read_csv(IRIS)


def stash_of(frame, path, label="species", **options) -> DataframeBatchStash:
    return DataframeBatchStash.from_frame(frame, label, path, torch_config=TorchConfig(use_gpu=False), **options)


def configured(tmp_path, *overrides) -> DataframeBatchStash:
    path = tmp_path / "iris.conf"
    path.write_text(CONFIG.format(csv=IRIS, folder=tmp_path / "batches"))
    return ImportConfigFactory(load_config(path, overrides))("batch_stash")


def animals() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "weight": [1.5, 30.0, 4.0, 5.5],
            "color": ["red", "grey", "black", "red"],
            "home": ["tree", "house", "house", "tree"],
            "kind": ["bird", "dog", "cat", "bird"],
            "part": ["train", "train", "train", "test"],
        },
        index=["robin", "rex", "tom", "jay"],
    )


def test_a_data_frame_becomes_batches_in_one_call(tmp_path):
    stash = stash_of(flowers(), tmp_path, split="ds_type", batch_size=32)
    assert {name: len(split) for name, split in stash.splits.items()} == {"train": 4, "dev": 1, "test": 1}
    sizes = [batch["species"].shape for batch in stash.splits["train"].values()]
    assert sizes == [(32,), (32,), (32,), (9,)]
    batch = next(iter(stash.splits["test"].values()))
    assert isinstance(batch, DataframeBatch)
    assert (batch["species"].dtype, batch.get_features().dtype) == (torch.int64, torch.float32)
    assert batch.get_features().shape == (30, 4)
    source = flowers().loc[[int(key) for key in batch.data_point_ids]]
    assert batch.get_label_classes() == source["species"].tolist()
    assert torch.equal(batch.get_features(), torch.tensor(source[MEASURES].to_numpy(), dtype=torch.float32))


def test_text_becomes_one_hot_between_the_numbers_in_the_order_of_the_table(tmp_path):  # weakness A1
    stash = stash_of(animals(), tmp_path, label="kind", split="part", shuffle=False)
    assert stash.flattened_features_shape == (5,)
    assert stash.label_shape == (1,)
    assert stash["0"].data_point_ids == ("robin", "rex", "tom")
    # weight; black, grey, red; whether home is a tree
    expected = [[1.5, 0, 0, 1, 1], [30.0, 0, 1, 0, 0], [4.0, 1, 0, 0, 0]]
    assert stash["0"].get_features().tolist() == expected
    assert stash["0"]["kind"].tolist() == [0, 2, 1]


def test_classes_keep_their_shares_in_splits_of_exact_sizes(tmp_path):
    stash = stash_of(flowers().drop(columns="ds_type"), tmp_path, batch_size=150)
    species = {
        split: pd.Series(next(iter(view.values())).get_label_classes()).value_counts().to_dict()
        for split, view in stash.splits.items()
    }
    assert list(species) == ["train", "validation", "test"]
    assert species == {
        split: dict.fromkeys(["setosa", "versicolor", "virginica"], n)
        for split, n in (("train", 40), ("validation", 5), ("test", 5))
    }


def test_the_seed_decides_splits_and_order(tmp_path):
    def ids(seed, name):
        stash = stash_of(flowers().drop(columns="ds_type"), tmp_path / name, seed=seed)
        return [one.data_point_ids for one in stash.batch_data_point_sets]

    assert ids(0, "a") == ids(0, "b") != ids(1, "c")


def test_a_batch_of_the_shuffled_rows_has_all_classes(tmp_path):
    frame = flowers().sort_values("species", kind="stable")
    mixed = stash_of(frame, tmp_path / "mixed", split="ds_type")
    assert set(mixed["0"].get_label_classes()) == {"setosa", "versicolor", "virginica"}
    ordered = stash_of(frame, tmp_path / "ordered", split="ds_type", shuffle=False)
    assert set(ordered["0"].get_label_classes()) == {"setosa"}


@pytest.mark.parametrize(
    ("label", "encoding", "dtype", "shape"),
    [
        ("species", None, torch.int64, (32,)),
        ("species", "onehot", torch.float32, (32, 3)),
        ("petal_width", None, torch.float32, (32,)),
        ("petal_width", "nominal", torch.int64, (32,)),
    ],
)
def test_the_label_is_encoded_by_its_type_or_as_asked(tmp_path, label, encoding, dtype, shape):
    options = {"exclude_columns": ["species"]} if label != "species" else {}
    stash = stash_of(flowers(), tmp_path, label, split="ds_type", label_encoding=encoding, **options)
    assert stash["0"][label].dtype == dtype
    assert stash["0"][label].shape == shape
    assert (1, *stash.label_shape) == (1, *shape[1:]) if len(shape) > 1 else stash.label_shape == (1,)


def test_labels_for_regression_are_the_numbers_of_the_table(tmp_path):
    stash = stash_of(
        flowers(), tmp_path, "petal_width", split={"train": 0.5, "test": 0.5}, include_columns=MEASURES[:2]
    )
    batch = stash["0"]
    source = flowers().loc[[int(key) for key in batch.data_point_ids]]
    assert torch.equal(batch["petal_width"], torch.tensor(source["petal_width"].to_numpy(), dtype=torch.float32))
    assert batch.get_features().shape == (32, 2)


def test_no_object_is_made_of_a_row(tmp_path, monkeypatch):
    def refuse(*args):
        raise AssertionError("a data point was made")

    monkeypatch.setattr(DataframeDataPoint, "__init__", refuse)
    assert len(stash_of(flowers(), tmp_path, split="ds_type")) == 6


def test_data_points_have_the_columns_as_attributes(tmp_path):
    stash = stash_of(animals(), tmp_path, label="kind", split="part", shuffle=False)
    point = stash["0"].data_points[1]
    assert (point.id, point.weight, point.kind) == ("rex", 30.0, "dog")
    with pytest.raises(AttributeError, match="no column"):
        point.nothing  # noqa: B018


def test_a_batch_of_data_points_equals_the_stored_one(tmp_path):
    stash = stash_of(animals(), tmp_path, label="kind", split="part")
    stored = stash["0"]
    made = stash.create_batch(stored.data_points)
    assert list(made.attributes) == list(stash.feature_vectorizer_manager.batch_feature_mapping.get_attributes())
    assert all(torch.equal(made[name], stored[name]) for name in stored.keys())  # noqa: SIM118 - pairs are iterated
    assert torch.equal(made.get_features(), stored.get_features())


def test_a_row_without_the_column_of_the_label_is_a_point_for_prediction(tmp_path):
    stash = stash_of(animals(), tmp_path, label="kind", split="part")
    rows = animals().drop(columns=["kind", "part"]).iterrows()
    made = stash.create_batch([DataframeDataPoint(number, stash, row) for number, (_, row) in enumerate(rows)])
    assert (made.has_labels, len(made.get_features())) == (False, len(animals()))
    assert made.data_point_ids == tuple(map(str, range(len(animals()))))  # numbers are IDs, too


@settings(max_examples=20)
@given(st.floats(-1e6, 1e6, width=32), st.sampled_from(["red", "grey", "black"]), st.sampled_from(["tree", "house"]))
def test_an_unseen_row_may_be_a_mapping(weight, color, home):
    with tempfile.TemporaryDirectory() as folder:
        stash = stash_of(animals(), folder, label="kind", split="part")
        row = {"weight": weight, "color": color, "home": home}
        points = [kind("unseen", stash, row) for kind in (DataframeDataPoint, RowDataPoint)]
        points.append(DataframeDataPoint("unseen", stash, pd.Series(row)))
        one, other, third = (stash.create_batch([point]).get_features() for point in points)
    assert torch.equal(one, other)
    assert torch.equal(one, third)


@pytest.mark.parametrize("row", [None, animals(), ["red"]], ids=["nothing", "table", "list"])
def test_what_is_no_row_is_refused_by_a_data_point(row):
    with pytest.raises(BatchError, match="The row of data point 'unseen' is a") as caught:
        DataframeDataPoint("unseen", None, row)
    assert "mapping" in caught.value.fix


@pytest.mark.parametrize("kind", [DataframeDataPoint, RowDataPoint])
@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_number_of_an_unseen_row_is_refused(tmp_path, kind, missing):
    stash = stash_of(animals(), tmp_path, label="kind", split="part")
    good, bad = ({"weight": weight, "color": "red", "home": "tree"} for weight in (1.5, missing))
    with pytest.raises(EncodeError, match="data point 'bad'"):
        stash.create_batch([kind("good", stash, good), kind("bad", stash, bad)]).encode()


def test_a_pickled_batch_still_gives_its_features(tmp_path):
    batch = stash_of(animals(), tmp_path, label="kind", split="part")["0"]
    features = batch.get_features()
    assert torch.equal(pickle.loads(pickle.dumps(batch)).get_features(), features)


def test_only_decoded_columns_are_features(tmp_path):
    stash = stash_of(
        flowers(), tmp_path, split="ds_type", decoded_attributes=["species", "petal_width", "sepal_length"]
    )
    assert stash.flattened_features_shape == (2,)
    everything = stash_of(flowers(), tmp_path, split="ds_type")["0"].get_features()
    assert torch.equal(stash["0"].get_features(), everything[:, [0, 3]])
    stash.decoded_attributes = {"species"}
    with pytest.raises(BatchError, match="No features are decoded"):
        stash["0"].get_features()


def test_excluded_columns_are_no_attributes(tmp_path):
    stash = stash_of(flowers(), tmp_path, split="ds_type", exclude_columns={"petal_width"})
    assert stash.flattened_features_shape == (3,)
    assert "petal_width" not in stash["0"].attributes
    assert stash["0"].get_features().shape == (32, 3)


@pytest.mark.parametrize("name", ["row", "version", "lines", "write", "batch_stash", "id", 1])
def test_an_excluded_column_may_have_any_name(tmp_path, name):
    frame = pd.DataFrame({"1": [0.5, 1.5], name: [7.5, 8.5], "kind": ["dog", "cat"]})
    options = {"label": "kind", "split": {"all": 1.0}, "shuffle": False}
    with pytest.raises(DataframeError, match=f"The column name {name!r} cannot be"):
        stash_of(frame, tmp_path, **options).prime()
    stash = stash_of(frame, tmp_path, exclude_columns=[name], **options)
    assert stash["0"]["1"].tolist() == [0.5, 1.5]
    assert set(stash["0"].attributes) == {"kind", "1"}
    assert stash["0"].data_points[1].kind == "cat"


def test_a_column_of_tensors_may_be_excluded(tmp_path):
    frame = animals().assign(image=[torch.zeros(2)] * len(animals()))
    stash = stash_of(frame, tmp_path, label="kind", split="part", exclude_columns=["image"])
    assert "image" not in stash["0"].attributes


def test_half_of_a_surrogate_pair_is_text_as_any_other(tmp_path):
    frame = pd.DataFrame({"sign": pd.Series(["\ud800", "b"], dtype=object), "kind": ["dog", "cat"]})
    stash = stash_of(frame, tmp_path, label="kind", split={"all": 1.0}, shuffle=False)
    assert stash["0"]["sign"].tolist() == [1.0, 0.0]


@pytest.mark.parametrize("kind", [DataframeDataPoint, RowDataPoint])
def test_whole_numbers_of_an_unseen_row_stay_whole(tmp_path, kind):
    user = pd.Categorical([2**53, 2**53 + 1])
    frame = pd.DataFrame({"user": user, "age": [1.5, 2.5], "kind": ["dog", "cat"]})
    stash = stash_of(frame, tmp_path, label="kind", split={"all": 1.0}, shuffle=False)
    unseen = stash.create_batch([kind("unseen", stash, {"user": 2**53 + 1, "age": 2.5})])
    assert torch.equal(unseen["user"], stash["0"]["user"][1:])


@pytest.mark.parametrize(
    "numbers",
    [
        pd.Series([np.int64(3), np.int64(5), 3, 5], dtype=object),
        pd.Series([np.bool_(False), np.bool_(True)] * 2, dtype=object),
        pd.Series([np.float32(0.1), np.float32(0.2)] * 2, dtype=object),
        pd.Series(pd.arrays.SparseArray([0, 5, 0, 5])),
    ],
    ids=["integers", "booleans", "floats", "sparse"],
)
def test_numbers_of_numpy_are_classes(tmp_path, numbers):
    frame = pd.DataFrame({"size": [1.5, 2.5, 3.5, 4.5], "kind": numbers})
    stash = stash_of(frame, tmp_path, label="kind", label_encoding="nominal", split={"all": 1.0}, shuffle=False)
    assert stash["0"]["kind"].tolist() == [0, 1, 0, 1]
    assert all(type(label) in (int, float, bool) for label in stash.feature_vectorizer_manager["kind"].categories)


def test_a_split_that_gets_no_row_is_there(tmp_path):
    stash = stash_of(animals(), tmp_path, label="kind", split={"train": 1.0, "test": 0.0})
    assert list(stash.splits) == ["train", "test"]
    assert list(stash.splits["test"].tensors()) == []
    arrays = ArrayBatchStash.from_arrays({"x": np.arange(4)}, tmp_path / "b", split={"train": 1.0, "test": 0.0})
    assert list(arrays.splits) == ["train", "test"]


def test_a_split_without_labels_is_for_prediction(tmp_path):
    frame = animals()
    frame.loc["jay", "kind"] = None
    stash = stash_of(frame, tmp_path, label="kind", split="part")
    batch = next(iter(stash.splits["test"].values()))
    assert not batch.has_labels
    assert batch.get_features().shape == (1, 5)
    assert next(iter(stash.splits["train"].values())).has_labels


def test_a_batch_where_some_labels_are_missing_is_refused(tmp_path):
    frame = animals()
    frame.loc["tom", "kind"] = None
    with pytest.raises(EncodeError, match="'tom'"):
        stash_of(frame, tmp_path, label="kind", split="part").prime()


@pytest.mark.parametrize(
    ("options", "error", "what"),
    [
        ({"label": "kin"}, DataframeError, "No column 'kin'"),
        ({"split": "par"}, DataframeError, "No column 'par'"),
        ({"split": {"train": 0.9, "test": 0.9}}, DatasetError, "parts of a whole"),
        ({"label_encoding": "words"}, DataframeError, "No label_encoding 'words'"),
        ({"include_columns": ["nope"]}, DataframeError, "No column 'nope'"),
        ({"split": "kind"}, DataframeError, "both the label and the split"),
        ({"split": ["train"]}, DatasetError, "The splits are a list"),
        ({"stale": "nope"}, ConfigurationError, "no stale = 'nope'"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_written(tmp_path, options, error, what):
    with pytest.raises(error, match=what):
        stash_of(animals(), tmp_path / "batches", **{"label": "kind", **options})
    assert not (tmp_path / "batches").exists()


def test_a_changed_table_is_encoded_again_when_that_is_asked_for(tmp_path):
    stash_of(animals(), tmp_path, label="kind", split="part").prime()
    heavier = animals().assign(weight=2.5)
    with pytest.raises(StaleError, match="its content changed"):
        stash_of(heavier, tmp_path, label="kind", split="part").prime()
    stash = stash_of(heavier, tmp_path, label="kind", split="part", stale="rebuild")
    assert stash["0"]["weight"].unique().tolist() == [2.5]


def test_a_column_of_ids_is_told_to_be_the_index(tmp_path):
    frame = animals().rename_axis("id").reset_index()
    with pytest.raises(DataframeError, match=r"(?s)'id' cannot be that of an attribute.*set_index"):
        stash_of(frame, tmp_path, label="kind", split="part")
    assert len(stash_of(frame.set_index("id"), tmp_path, label="kind", split="part")) == 2


def test_a_table_with_nothing_but_labels_is_refused(tmp_path):
    with pytest.raises(DataframeError, match=r"(?s)No column is left.*more columns"):
        stash_of(animals()[["kind", "part"]], tmp_path, label="kind", split="part")


def test_a_column_named_split_must_be_explained(tmp_path):
    frame = animals().rename(columns={"part": "split"})
    with pytest.raises(DataframeError, match="has a column 'split'"):
        stash_of(frame, tmp_path, label="kind")
    assert stash_of(frame, tmp_path, label="kind", split="split").counts_by_key == {"train": 1, "test": 1}


def test_duplicate_index_values_are_refused(tmp_path):
    with pytest.raises(DataframeError, match=r"Duplicate keys \['rex'\]"):
        stash_of(animals().set_axis(["rex", "rex", "tom", "jay"]), tmp_path, label="kind", split="part")


@pytest.mark.process
@pytest.mark.parametrize("start_method", ["spawn", "forkserver"])
def test_two_workers_give_the_same_bytes_as_none(tmp_path, start_method):
    alone = stash_of(flowers(), tmp_path / "one", split="ds_type", batch_size=8)
    alone.prime()
    many = stash_of(flowers(), tmp_path / "two", split="ds_type", batch_size=8, workers=2, chunk_size=1)
    many.start_method = start_method
    many.timeout_s = 600  # so that there are processes
    many.prime()
    assert many.store.content_digest(many.delegate) == alone.store.content_digest(alone.delegate)


@pytest.mark.process
def test_the_order_of_columns_is_the_same_in_every_worker(tmp_path):  # weakness A1
    stash = configured(tmp_path, "batch_stash.workers=2", "batch_stash.timeout_s=600")
    table = stash.split_stash_container.dataframe
    for batch in stash.values():
        source = torch.tensor(table.loc[list(batch.data_point_ids), MEASURES].to_numpy(), dtype=torch.float32)
        assert torch.equal(batch.get_features(), source)


def test_a_configured_stash_takes_its_mapping_from_the_manager(tmp_path):
    stash = configured(tmp_path)
    assert stash.feature_vectorizer_manager is stash.vectorizer_manager_set["columns"]
    assert stash.batch_metadata.fields_by_attribute["petal_width"].field.feature_id == "iris_petal_width"
    assert (stash.label_shape, stash.flattened_features_shape) == ((3,), (4,))
    assert stash["0"]["species"].sum() == 16


def test_exactly_one_manager_of_columns_is_needed(tmp_path):
    stash = configured(tmp_path)
    stash.vectorizer_manager_set.names = ()
    with pytest.raises(DataframeError, match="There are 0 managers of columns"):
        stash.feature_vectorizer_manager  # noqa: B018


def test_a_data_point_class_of_the_user_adds_attributes(tmp_path):
    @dataclass
    class Flower(DataframeDataPoint):
        @property
        def area(self):
            return self.petal_length * self.petal_width

    stash = configured(tmp_path)
    stash.data_point_type = Flower
    stash.delegate.groups = ({"area"},)
    field = FieldFeatureMapping("area", "iris_petal_width")
    stash.batch_feature_mappings = BatchFeatureMapping(None, [ManagerFeatureMapping("columns", (field,))])
    first = flowers().iloc[0]
    assert stash["0"]["area"][0].item() == pytest.approx(first["petal_length"] * first["petal_width"])


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(st.floats(-1e6, 1e6, width=32), st.sampled_from("abc"), st.integers(-5, 5), st.sampled_from("xy")),
        min_size=4,
        max_size=30,
    ),
    st.integers(1, 8),
    st.integers(0, 3),
)
def test_every_row_comes_back_once_with_its_own_values(rows, batch_size, seed):
    frame = pd.DataFrame(rows, columns=["size", "color", "count", "kind"])
    with tempfile.TemporaryDirectory() as folder:
        stash = stash_of(frame, folder, "kind", batch_size=batch_size, seed=seed, split={"train": 0.5, "test": 0.5})
        seen = []
        for batch in stash.values():
            source = frame.loc[[int(key) for key in batch.data_point_ids]]
            assert batch["size"].tolist() == source["size"].tolist()
            assert batch["count"].tolist() == source["count"].tolist()
            assert batch.get_label_classes() == source["kind"].tolist()
            seen += batch.data_point_ids
        assert sorted(map(int, seen)) == list(range(len(frame)))


def test_text_that_is_nearly_all_different_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    frame = pd.DataFrame({"note": [f"text {i}" for i in range(60)], "kind": ["a", "b"] * 30})
    DataframeBatchStash.from_frame(frame, label="kind", path=tmp_path).prime()
    assert "'note'" in caplog.text
    assert "60 values in 60 rows" in caplog.text
