import csv
import io
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.dataframe.digest import digest_frame
from zensols_like.dataframe.table import (
    DataframeFileNotFoundError,
    key_index,
    read_csv,
    require_columns,
)
from zensols_like.errors import DataframeError

CELLS = st.text(alphabet='ab ,"\n\r\té', min_size=1, max_size=5).filter(lambda text: text.strip() != "")


def write(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_bytes(text.encode())
    return path


def test_a_table_is_read_as_pandas_reads_it(tmp_path):
    path = write(tmp_path, "size,name\n1.5,x\n2,\n\n3,z\n")
    pd.testing.assert_frame_equal(read_csv(path), pd.read_csv(path))


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    assert list(read_csv(write(tmp_path, "\ufeffsize,name\n1,x\n")).columns) == ["size", "name"]


def test_a_missing_file_says_where_it_should_be(tmp_path):
    path = tmp_path / "nowhere.csv"
    with pytest.raises(DataframeFileNotFoundError, match=r"No table file 'nowhere\.csv'") as caught:
        read_csv(path)
    assert caught.value.where == str(path)
    assert caught.value.fix
    assert caught.value.exit_code == 3


def test_a_missing_file_of_the_current_folder_is_told_by_its_whole_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        DataframeFileNotFoundError, match="starts at the current folder unless it is absolute"
    ) as caught:
        read_csv(Path("here/nowhere.csv"))
    assert caught.value.where == str(tmp_path / "here" / "nowhere.csv")


@pytest.mark.parametrize(
    ("text", "what", "place"),
    [
        ("", "The table is empty.", ""),
        ("\n\n", "The table is empty.", ""),
        ("a,a,b\n1,2,3\n", "Duplicate columns ['a'].", ""),
        ("a,b\n1,2,3\n4,5,6\n", "Line 2 has 3 fields, the header 2.", ", line 2"),
        ("a,b\n1,2\n4,5,6\n", "Line 3 has 3 fields, the header 2.", ", line 3"),
        ("a,b\n1,2\n4\n", "Line 3 has 1 fields, the header 2.", ", line 3"),
        ("a,b\n1\n4,5\n", "Line 2 has 1 fields, the header 2.", ", line 2"),
        ('a,b\n"1\n1",2\n\n4\n', "Line 5 has 1 fields, the header 2.", ", line 5"),
        ('a,b\n1,2\n"3,4\n5,6\n', "Line 3 has 1 fields, the header 2.", ", line 3"),
    ],
)
def test_a_table_that_is_not_one_is_refused_with_its_line(tmp_path, text, what, place):
    path = write(tmp_path, text)
    with pytest.raises(DataframeError) as caught:
        read_csv(path)
    assert caught.value.what == what
    assert caught.value.where == f"{path}{place}"
    assert caught.value.fix
    assert caught.value.exit_code == 2


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"a,b\n1,\xff\xfe\n")
    with pytest.raises(DataframeError, match="not UTF-8"):
        read_csv(path)


def test_an_empty_value_at_the_end_of_a_row_is_a_missing_value(tmp_path):
    assert read_csv(write(tmp_path, "a,b\n1,\n2,3\n"))["b"].isna().tolist() == [True, False]


def test_a_field_too_long_for_the_csv_module_is_read(tmp_path):
    text = "x" * (csv.field_size_limit() + 1)
    assert read_csv(write(tmp_path, f"a,b\n{text},\n"))["a"].tolist() == [text]


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=6), st.data())
def test_every_row_of_another_length_than_the_header_is_found(rows, data):
    at = data.draw(st.integers(0, len(rows) - 1))
    rows[at] = rows[at][: data.draw(st.integers(1, 2))] if data.draw(st.booleans()) else [*rows[at], "more"]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([["a", "b", "c"], *rows])
    with tempfile.TemporaryDirectory() as folder, pytest.raises(DataframeError, match=r"Line \d+ has \d fields"):
        read_csv(write(Path(folder), text.getvalue()))


def test_integers_become_string_keys():
    keys = key_index(pd.DataFrame({"a": [1, 2]}, index=[7, 8]), "here")
    assert list(keys) == ["7", "8"]


@pytest.mark.parametrize(
    "index",
    [[0.5, 1.5], [True, False], [None, "a"], pd.to_datetime(["2020-01-01", "2020-01-02"]), [("a", 1), ("a", 2)]],
    ids=["floats", "booleans", "nothing", "dates", "tuples"],
)
def test_an_index_of_anything_else_is_refused(index):
    frame = pd.DataFrame({"a": [1, 2]}, index=pd.Index(index))
    with pytest.raises(DataframeError, match="The index holds") as caught:
        key_index(frame, "here")
    assert "strings or integers" in caught.value.fix


def test_a_missing_key_is_what_the_error_names():
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=[188, None, 3])
    with pytest.raises(DataframeError, match="The index holds nan"):
        key_index(frame, "here")


@pytest.mark.parametrize("index", [["x", "x"], [1, "1"]], ids=["equal", "equal as strings"])
def test_keys_that_come_twice_are_refused(index):
    with pytest.raises(DataframeError, match="Duplicate keys"):
        key_index(pd.DataFrame({"a": [1, 2]}, index=pd.Index(index, dtype=object)), "here")


@pytest.mark.parametrize("frame", [pd.DataFrame({"a": []}), pd.DataFrame(index=["a"])], ids=["rows", "columns"])
def test_a_table_without_data_is_refused(frame):
    with pytest.raises(DataframeError, match=r"rows and .* columns"):
        key_index(frame, "here")


def test_an_unknown_column_names_the_others_and_the_closest():
    frame = pd.DataFrame({"ds_type": ["a"], "size": [1]})
    with pytest.raises(DataframeError, match="No column 'ds_typ'") as caught:
        require_columns(frame, ["size", "ds_typ"], "here")
    assert caught.value.fix == "did you mean 'ds_type'? use one of ['ds_type', 'size']"
    require_columns(frame, ["size"], "here")


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.rename(columns={"a": "c"}),
        lambda frame: frame[["b", "a"]],
        lambda frame: frame[::-1],
        lambda frame: frame.assign(a=[1, 3]),
        lambda frame: frame.set_axis(["y", "x"]),
    ],
    ids=["name", "order of columns", "order of rows", "value", "keys"],
)
def test_whatever_changes_in_a_table_changes_its_digest(change):
    frame = pd.DataFrame({"a": [1, 2], "b": ["u", "v"]}, index=["x", "y"])
    assert digest_frame(frame) == digest_frame(frame.copy())
    assert digest_frame(change(frame)) != digest_frame(frame)
