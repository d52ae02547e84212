import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.dataframe import (
    AutoSplitDataframeStash,
    DataframeStash,
    DefaultDataframeStash,
    FrameStash,
    SplitColumnDataframeStash,
    SplitKeyDataframeStash,
)
from zensols_like.dataset import (
    DatasetSplitStash,
    SortedDatasetSplitStash,
    SplitKeyContainer,
    StratifiedStashSplitKeyContainer,
)
from zensols_like.errors import APIError, DataframeError, DatasetError, PersistableError
from zensols_like.persist import NumberedKeys

IRIS = Path(__file__).parents[2] / "test-resources/iris.csv"


def iris(path: Path = IRIS, **options) -> DefaultDataframeStash:
    return DefaultDataframeStash(None, "ds_type", None, path, **options)


@dataclass
class Frames(SplitKeyDataframeStash):
    frame: pd.DataFrame = None
    reads: int = 0

    def _get_dataframe(self):
        self.reads += 1
        return self.frame


@dataclass
class AutoFrames(AutoSplitDataframeStash):
    frame: pd.DataFrame = None

    def _get_dataframe(self):
        return self.frame


def in_memory(frame: pd.DataFrame, split_col: str = "split") -> Frames:
    return Frames(None, split_col, None, frame)


def flowers() -> pd.DataFrame:
    return pd.DataFrame({"size": [1.5, 2.5, 3.5], "kind": ["x", "y", "x"], "split": ["test", "train", "train"]})


def test_rows_are_series_by_string_keys():
    row = iris()["149"]
    assert isinstance(row, pd.Series)
    assert row.name == "149"
    assert (row["species"], row["petal_width"]) == ("virginica", 1.8)


def test_a_missing_key_gives_none_or_a_key_error():
    stash = iris()
    assert stash.load("150") is None
    assert stash.get("150", 3) == 3
    with pytest.raises(KeyError):
        stash["150"]


def test_looking_does_not_need_a_row():
    stash = iris()
    assert len(stash) == 150
    assert "0" in stash
    assert "x" not in stash
    assert list(stash.keys()) == [str(i) for i in range(150)]


def test_many_rows_come_in_the_order_of_their_keys_with_none_for_the_missing():
    pairs = dict(iris().load_many(["3", "nope", "1"]))
    assert list(pairs) == ["3", "nope", "1"]
    assert pairs["nope"] is None
    assert pairs["1"]["species"] == "versicolor"


def test_who_changes_how_a_row_is_loaded_changes_it_for_many_and_has_no_columns():
    class Named(Frames):
        def load(self, name):
            row = super().load(name)
            return None if row is None else row["kind"]

    stash = Named(None, "split", None, flowers())
    assert list(stash.load_many(["1", "nope", "0"])) == [("1", "y"), ("nope", None), ("0", "x")]
    assert list(stash.values()) == ["x", "y", "x"]
    assert stash.load_columns(["0"]) is None


@given(
    st.lists(st.sampled_from([1, 2.5, True, "x", None]), min_size=1, max_size=4),
    st.lists(st.sampled_from(["int64", "float64", "bool", "object", "category", "str"]), min_size=1, max_size=4),
)
def test_a_row_is_the_same_alone_and_among_many(values, dtypes):
    samples = {"int64": 1, "float64": 0.5, "bool": True, "object": values[0], "category": "a", "str": "b"}
    columns = {
        f"{i}": pd.Series([samples[dtype]] * len(values), dtype=dtype, index=range(len(values)))
        for i, dtype in enumerate(dtypes)
    }
    stash = in_memory(pd.DataFrame({**columns, "split": "train"}))
    for key, row in stash.load_many(stash.keys()):
        assert type(row) is type(stash.load(key))
        for one in (row, stash.load(key)):
            pd.testing.assert_series_equal(pd.Series(one), stash.dataframe.loc[key])


def test_rows_of_numbers_keep_their_data_type():
    @dataclass
    class Numbers(DataframeStash):
        def _get_dataframe(self):
            return pd.DataFrame({"a": [1, 2], "b": [3, 4]}, dtype="int32")

    stash = Numbers(None)
    assert stash["0"].dtype == "int32"
    assert [row.dtype for row in stash.values()] == ["int32", "int32"]


def test_the_table_is_read_once_and_again_after_clear():
    stash = in_memory(flowers())
    stash.prime()
    stash["0"], stash.keys_by_split, len(stash)
    assert stash.reads == 1
    stash.clear()
    assert stash.counts_by_key == {"test": 1, "train": 2}
    assert stash.reads == 2


def test_a_changed_file_is_seen_by_a_new_stash_and_after_clear(tmp_path):
    path = tmp_path / "table.csv"
    cache = tmp_path / "frame.dat"
    path.write_text("size,ds_type\n1,train\n")
    stash = DefaultDataframeStash(cache, "ds_type", tmp_path / "keys.dat", path)
    assert stash["0"]["size"] == 1
    path.write_text("size,ds_type\n2,train\n3,test\n")
    assert DefaultDataframeStash(cache, "ds_type", None, path)["0"]["size"] == 2
    stash.clear()
    assert stash.counts_by_key == {"train": 1, "test": 1}
    assert sorted(tmp_path.iterdir()) == [path]


def test_the_rows_of_many_keys_are_a_part_of_the_table():
    part = iris().take(["4", "1"])
    assert list(part.index) == ["4", "1"]
    assert list(part["species"]) == ["versicolor", "versicolor"]
    with pytest.raises(DataframeError, match=r"No rows \['nope'\]"):
        iris().take(["1", "nope"])


def test_changing_a_row_does_not_change_the_stash():
    stash = iris()
    row = stash["0"]
    row["species"] = "rose"
    many = dict(stash.load_many(["0"]))["0"]
    many["species"] = "tulip"
    assert stash["0"]["species"] == "setosa"


def test_a_table_is_not_written_to():
    stash = iris(strict=True)
    with pytest.raises(PersistableError, match="read-only"):
        stash.dump("0", 1)
    with pytest.raises(PersistableError, match="read-only"):
        stash.delete("0")
    stash.clear()
    assert len(stash) == 150


def test_splits_and_keys_come_in_the_order_of_the_table():
    assert in_memory(flowers()).keys_by_split == {"test": ("0",), "train": ("1", "2")}


def test_a_table_is_a_container_of_split_keys():
    stash = iris()
    assert isinstance(stash, SplitKeyContainer)
    assert stash.counts_by_key == {"train": 105, "dev": 15, "test": 30}
    assert set(stash.split_names) == {"train", "dev", "test"}


@given(st.lists(st.sampled_from("ab"), min_size=1, max_size=40), st.integers(0, 3))
def test_a_seed_mixes_the_rows_of_each_split_the_same_way_every_time(splits, seed):
    frame = pd.DataFrame({"split": splits})
    in_order, mixed, again = (
        {name: list(keys) for name, keys in Frames(None, "split", None, frame, shuffle_seed=one).keys_by_split.items()}
        for one in (None, seed, seed)
    )
    assert mixed == again
    assert list(mixed) == list(in_order)
    assert {name: sorted(keys, key=int) for name, keys in mixed.items()} == in_order


def test_a_table_that_is_sorted_by_its_label_can_be_mixed():
    frame = pd.read_csv(IRIS).sort_values("species", kind="stable")
    sorted_keys, mixed_keys = (
        Frames(None, "ds_type", None, frame, shuffle_seed=seed).keys_by_split["train"] for seed in (None, 7)
    )
    assert set(frame["species"][list(map(int, sorted_keys[:16]))]) == {"setosa"}
    assert set(frame["species"][list(map(int, mixed_keys[:16]))]) == {"setosa", "versicolor", "virginica"}


def test_splits_of_numbers_are_named_by_strings():
    assert set(in_memory(flowers().assign(split=[0, 1, 1])).split_names) == {"0", "1"}


def test_one_section_can_be_delegate_and_split_container():
    stash = iris()
    dataset = DatasetSplitStash(stash, stash)
    assert dataset.splits["dev"].counts_by_key == {"dev": 15}
    assert {row["ds_type"] for row in dataset.splits["dev"].values()} == {"dev"}
    assert dataset.check_key_consistent()
    ordered = SortedDatasetSplitStash(stash, stash, int)
    assert list(ordered.splits["train"].keys())[-1] == "140"


def test_labels_are_those_of_the_label_column_and_not_the_splits():  # weakness C16
    stash = iris(label_col="species")
    assert stash.get_labels() == ("setosa", "versicolor", "virginica")
    assert stash.get_label_count() == 3


def test_labels_without_a_label_column_are_refused():
    with pytest.raises(DataframeError, match="No column is said to hold the labels") as caught:
        iris().get_labels()
    assert "'species'" in caught.value.fix
    with pytest.raises(DataframeError, match="No column 'specie'"):
        iris(label_col="specie").get_labels()


def test_a_column_can_hold_the_keys(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("id,ds_type\nrose,train\ntulip,test\n")
    stash = iris(path, key_col="id")
    assert stash.keys_by_split == {"train": ("rose",), "test": ("tulip",)}
    path.write_text("id,ds_type\nrose,train\nrose,test\n")
    with pytest.raises(DataframeError, match=r"Duplicate keys \['rose'\]"):
        iris(path, key_col="id").prime()
    with pytest.raises(DataframeError, match="No column 'idd'"):
        iris(path, key_col="idd").prime()


KEY_TEXTS = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.from_regex(r"0{0,3}[0-9]{1,3}(\.[05])?|[+ ][0-9]|1_0|1e3|True|0x1f", fullmatch=True),
    st.text("ab01", min_size=1, max_size=3),
)


@given(st.lists(KEY_TEXTS, unique=True, min_size=1))
def test_keys_are_the_texts_that_stand_in_the_file(keys):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_text("id,ds_type,size\n" + "".join(f"{key},train,{row}\n" for row, key in enumerate(keys)))
        stash = iris(path, key_col="id")
        assert tuple(stash.keys()) == stash.keys_by_split["train"] == tuple(keys)
        assert [stash[key]["size"] for key in keys] == list(range(len(keys)))
        assert stash.load_columns(keys)["size"].tolist() == list(range(len(keys)))


def test_of_two_columns_with_one_text_as_name_the_text_is_meant():
    frame = pd.DataFrame({"1": [0.5], 1: [7.5], 2: [9.5], "part": ["all"]})
    for table in (frame, frame.iloc[:, ::-1]):
        columns = FrameStash(None, "part", table).load_columns(["0"])
        assert (columns["1"].tolist(), columns["2"].tolist()) == ([0.5], [9.5])


def test_columns_of_one_name_are_refused():
    frame = pd.DataFrame([[0.5, 7.5]], columns=["x", "x"])
    with pytest.raises(DataframeError, match=r"The columns \['x'\] stand more than once"):
        FrameStash(None, None, frame).load_columns(["0"])


def test_splits_can_be_there_without_a_row():
    frame = pd.DataFrame({"size": [3, 4], "part": ["train", "test"]})
    stash = FrameStash(None, "part", frame, known_splits=("test", "dev"))
    assert stash.keys_by_split == {"test": ("1",), "dev": (), "train": ("0",)}
    assert list(stash.keys_by_split) == ["test", "dev", "train"]
    assert pickle.loads(pickle.dumps(stash)).keys_by_split == stash.keys_by_split


def test_keys_that_are_numbers_stay_numbers(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("id,ds_type\n3,train\n1,test\n")
    assert isinstance(iris(path, key_col="id").keys(), NumberedKeys)
    path.write_text("id,ds_type\n3,train\n,test\n")
    with pytest.raises(DataframeError, match="The index holds nan"):
        iris(path, key_col="id").prime()


@pytest.mark.parametrize(
    ("text", "what", "exit_code"),
    [
        (None, "No table file 'table.csv'.", 3),
        ("", "The table is empty.", 2),
        ("size,ds_type\n", "The table has 0 rows and 2 columns.", 2),
        ("size,split\n1,train\n", "No column 'ds_type'.", 2),
        ("ds_type,size\ntrain,1\n,2\n", "1 rows have no split, such as ['1'].", 2),
        ("size,ds_type\n1,train\n2,train,3\n", "Line 3 has 3 fields, the header 2.", 2),
    ],
    ids=["missing", "empty", "no rows", "unknown column", "no split", "ragged"],
)
def test_a_bad_table_gives_an_error_of_three_lines(tmp_path, text, what, exit_code):
    path = tmp_path / "table.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(APIError) as caught:
        iris(path).prime()
    assert isinstance(caught.value, DataframeError)
    assert caught.value.exit_code == exit_code
    first, where, fix = str(caught.value).splitlines()
    assert first == what
    assert where.startswith(f"  where: {path}")
    assert fix.startswith("  fix: ")


def test_a_random_split_is_exact_and_the_same_every_time():
    frame = pd.DataFrame({"size": range(100)})
    distribution = {"train": 0.8, "dev": 0.1, "test": 0.1}
    stash = AutoFrames(None, "split", None, distribution, frame)
    again = AutoFrames(None, "split", None, distribution, frame)
    other = AutoFrames(None, "split", None, distribution, frame, seed=1)
    assert stash.counts_by_key == {"train": 80, "dev": 10, "test": 10}
    assert list(stash.split_names) == ["train", "dev", "test"]
    assert stash.keys_by_split == again.keys_by_split
    assert stash.keys_by_split != other.keys_by_split
    assert stash[stash.keys_by_split["dev"][0]]["split"] == "dev"
    assert "split" not in frame.columns


@given(st.integers(3, 60), st.integers(1, 98), st.integers(0, 5))
def test_every_row_is_in_exactly_one_random_split(n, percent, seed):
    distribution = {"train": percent / 100, "test": 1 - percent / 100}
    stash = AutoFrames(None, "split", None, distribution, pd.DataFrame({"size": range(n)}), seed=seed)
    keys = [key for split in stash.keys_by_split.values() for key in split]
    assert sorted(keys) == sorted(stash.keys())


def test_a_split_without_rows_is_there_and_empty():
    stash = AutoFrames(None, "split", None, {"train": 1.0, "test": 0.0}, pd.DataFrame({"size": range(4)}))
    assert stash.counts_by_key == {"train": 4, "test": 0}


@pytest.mark.parametrize(
    "distribution", [{"train": 0.9, "test": 0.9}, {"train": 0.5, "test": 0.41}, {"a": 1.5, "b": -0.5}]
)
def test_fractions_that_are_no_parts_of_a_whole_are_refused(distribution):  # weakness A11
    with pytest.raises(DatasetError, match="parts of a whole"):
        AutoFrames(None, "split", None, distribution, pd.DataFrame({"size": range(9)})).prime()


def test_a_random_split_does_not_replace_a_column():
    stash = AutoFrames(None, "split", None, {"train": 1.0}, flowers())
    with pytest.raises(DataframeError, match="has a column 'split' already"):
        stash.prime()


def test_a_digest_follows_the_file(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("size,ds_type\n1,train\n")
    levels = ("stat", "keys", "content")
    before = [iris(path).source_digest(level) for level in levels]
    os.utime(path, ns=(1, 1))
    touched = [iris(path).source_digest(level) for level in levels]
    assert touched[0] != before[0]
    assert touched[1:] == before[1:]
    path.write_text("size,ds_type\n2,train\n")
    changed = [iris(path).source_digest(level) for level in levels]
    assert changed[1] == before[1]
    assert changed[2] != before[2]


def test_a_digest_follows_a_table_in_memory():
    one, other = in_memory(flowers()), in_memory(flowers().assign(size=0.5))
    assert one.source_digest("content") != other.source_digest("content")
    assert one.source_digest("stat") == ""  # a glance tells nothing
    assert one.source_digest("keys") == other.source_digest("keys")


def test_the_digest_of_a_missing_file_says_so(tmp_path):
    with pytest.raises(DataframeError, match="No table"):
        iris(tmp_path / "no.csv").source_digest("stat")


def test_a_stash_travels_to_another_process():
    stash = iris()
    stash.prime()
    again = pickle.loads(pickle.dumps(stash))
    assert again["3"].equals(stash["3"])
    assert again == stash


def test_letting_go_of_the_table_leaves_the_source():
    stash = iris()
    stash.prime()
    stash.deallocate()
    assert "dataframe" not in vars(stash)
    assert len(stash) == 150


def test_bare_subclasses_of_each_class_work():
    @dataclass
    class Rows(SplitColumnDataframeStash):
        extra: int = 3

        def _get_dataframe(self):
            return flowers()

    @dataclass
    class Default(DefaultDataframeStash):
        pass

    assert Rows(None, "split").counts_by_key == {"test": 1, "train": 2}
    assert Default(None, "ds_type", None, IRIS).counts_by_key == iris().counts_by_key


def test_a_table_without_a_column_of_splits_is_split_by_a_container(tmp_path: Path) -> None:
    table = DefaultDataframeStash(None, None, None, IRIS)
    with pytest.raises(DataframeError, match="No column says the split of a row"):
        _ = table.keys_by_split
    splits = StratifiedStashSplitKeyContainer(tmp_path, "{name}.txt", table, partition_attr="species")
    dataset = DatasetSplitStash(table, splits)
    assert dataset.counts_by_key == {"train": 120, "validate": 15, "test": 15}
    assert sorted(row["species"] for _, row in dataset.splits["test"]) == sorted(
        ["setosa", "versicolor", "virginica"] * 5
    )


def test_a_table_that_is_split_at_random_needs_a_name_for_the_column() -> None:
    with pytest.raises(DataframeError, match="The column of the split has no name"):
        AutoFrames(None, None, None, {"train": 1.0}, frame=flowers()).prime()
