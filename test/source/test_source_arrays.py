import os
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.source import ArrayStash, SourceError, SourceFileNotFoundError

IMAGES = np.arange(3 * 2 * 2, dtype=np.uint8).reshape(3, 2, 2)
LABELS = np.array([4, 2, 4], dtype=np.int16)


@pytest.fixture(params=["numpy", "torch", "npz", "npy"])
def stash(request, tmp_path):
    if request.param == "numpy":
        return ArrayStash({"image": IMAGES, "label": LABELS})
    if request.param == "torch":
        return ArrayStash({"image": torch.from_numpy(IMAGES.copy()), "label": LABELS})
    if request.param == "npz":
        np.savez_compressed(tmp_path / "arrays.npz", image=IMAGES, label=LABELS)
        return ArrayStash(tmp_path / "arrays.npz")
    np.save(tmp_path / "image.npy", IMAGES)
    np.save(tmp_path / "label.npy", LABELS)
    return ArrayStash(tmp_path)


def test_a_value_has_the_row_of_each_array(stash):
    assert list(stash.keys()) == ["0", "1", "2"]
    assert len(stash) == 3
    value = stash["1"]
    assert value["image"].tolist() == [[4, 5], [6, 7]]
    assert value["label"] == 2
    assert (value["label"].dtype, str(value["image"].dtype).removeprefix("torch.")) == (np.int16, "uint8")
    assert [(key, row and row["label"]) for key, row in stash.load_many(["2", "3", "1"])] == [
        ("2", 4),
        ("3", None),
        ("1", 2),
    ]
    assert not any(stash.exists(key) for key in ("3", "-1", "01", "", "x"))


@pytest.mark.parametrize(
    ("noted", "plain"),
    [
        (torch.tensor([1 + 2j, 3 - 4j]).conj(), torch.tensor([1 - 2j, 3 + 4j])),
        (torch._neg_view(torch.tensor([1.5, -2.0])), torch.tensor([-1.5, 2.0])),
    ],
    ids=["conjugate", "negative"],
)
def test_what_torch_has_only_noted_about_a_tensor_is_a_part_of_it(noted, plain):
    assert ArrayStash({"x": noted}).source_digest() == ArrayStash({"x": plain}).source_digest()
    assert ArrayStash({"x": noted}).source_digest() != ArrayStash({"x": -plain}).source_digest()


def test_a_row_is_a_copy(stash):
    stash["0"]["image"][:] = 9
    assert stash["0"]["image"].tolist() == [[0, 1], [2, 3]]


def test_columns_are_many_rows_at_once(stash):
    columns = stash.load_columns(["2", "0", "2"])
    assert columns["image"][:, 0, 0].tolist() == [8, 0, 8]
    assert columns["label"].tolist() == [4, 4, 4]
    assert columns["label"].dtype == np.int16
    assert stash.load_columns([])["image"].shape == (0, 2, 2)
    with pytest.raises(SourceError, match=r"No rows \['3', 'x'\]"):
        stash.load_columns(["0", "3", "x"])


@given(st.lists(st.integers(0, 2999), max_size=5000))
def test_any_rows_come_in_the_order_asked_for(numbers):
    stash = ArrayStash({"n": np.arange(3000)})
    keys = [str(number) for number in numbers]
    assert [(key, row["n"]) for key, row in stash.load_many(keys)] == list(zip(keys, numbers, strict=True))


def test_it_travels_and_digests_the_same(stash):
    there = pickle.loads(pickle.dumps(stash))
    assert there["2"]["image"].tolist() == stash["2"]["image"].tolist()
    for level in ("stat", "keys", "content"):
        assert there.source_digest(level) == stash.source_digest(level)


def test_the_content_digest_does_not_depend_on_where_the_arrays_lie(tmp_path):
    np.savez(tmp_path / "arrays.npz", label=LABELS, image=IMAGES)
    in_memory = ArrayStash({"image": IMAGES, "label": LABELS})
    assert ArrayStash(tmp_path / "arrays.npz").source_digest() == in_memory.source_digest()
    assert ArrayStash({"image": IMAGES, "label": LABELS + 1}).source_digest() != in_memory.source_digest()
    half = torch.tensor([1.5, 2.5], dtype=torch.bfloat16)
    assert ArrayStash({"n": half}).source_digest() != ArrayStash({"n": half + 1}).source_digest()


def test_arrays_in_files_travel_small(tmp_path):
    np.save(tmp_path / "many.npy", np.zeros(100_000))
    stash = ArrayStash(tmp_path / "many.npy")
    assert stash["99999"]["many"] == 0
    assert len(pickle.dumps(stash)) < 500


def test_a_file_that_changes_is_refused(tmp_path):
    np.save(tmp_path / "n.npy", np.arange(3))
    stash = ArrayStash(tmp_path)
    assert stash.exists("1")
    os.utime(tmp_path / "n.npy", ns=(1, 1))
    with pytest.raises(SourceError, match=r"'n.npy' changed while it was read"):
        stash.load("1")
    stash.clear()
    assert stash["1"]["n"] == 1


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"a": np.zeros(3), "b": np.zeros(2)}, r"(?s)do not have one length: \{'a': 3, 'b': 2\}"),
        ({}, "(?s)do not have one length.*at least one array"),
        ({"a": np.array(3)}, "'a' is no array with rows"),
        ({"a": [1, 2]}, "'a' is no array with rows"),
        (
            {"a": np.array(["x", None], dtype=object)},
            r"'a' is no array with rows, but a ndarray of object and shape \(2,\)",
        ),
        (
            {"a": torch.eye(2).to_sparse()},
            r"(?s)'a' is no array with rows, but a tensor of layout torch.sparse_coo.*dense",
        ),
        ({7: np.zeros(3)}, "(?s)The name 7 is no text.*name the array '7'"),
        ("digits.npz", r"(?s)The arrays are a str.*pathlib\.Path"),
        (np.zeros((3, 2)), "The arrays are a ndarray"),
        ({"a": np.ma.array([1, 2], mask=[False, True])}, "'a' is no array with rows, but a MaskedArray of int64"),
    ],
)
def test_what_are_no_arrays_of_one_length_is_refused(arrays, said):
    with pytest.raises(SourceError, match=said):
        len(ArrayStash(arrays))


def test_a_file_without_arrays_is_refused(tmp_path):
    with pytest.raises(SourceFileNotFoundError, match=r"No file 'no.npz'"):
        len(ArrayStash(tmp_path / "no.npz"))
    for name in ("text.npz", "text.npy"):
        (tmp_path / name).write_text("no arrays")
        with pytest.raises(SourceError, match=f"'{name}' holds no arrays"):
            len(ArrayStash(tmp_path / name))
    np.savez(tmp_path / "objects.npz", a=np.array([{}, {}]))
    with pytest.raises(SourceError, match=r"'objects.npz' holds no arrays"):
        len(ArrayStash(tmp_path / "objects.npz"))


@dataclass
class Doubled(ArrayStash):
    """Changes the rows, and says nothing of columns."""

    def load_many(self, keys):
        return ((key, row and {name: 2 * value for name, value in row.items()}) for key, row in super().load_many(keys))


@dataclass
class DoubledColumns(Doubled):
    """Changes the columns, too."""

    def load_columns(self, keys):
        return {name: 2 * column for name, column in ArrayStash.load_columns(self, keys).items()}


def test_a_class_that_changes_rows_has_no_columns_of_its_base():
    arrays = {"x": np.arange(5)}
    assert ArrayStash(arrays).load_columns(["3"])["x"].tolist() == [3]
    assert Doubled(arrays)["3"] == {"x": 6}
    assert Doubled(arrays).load_columns(["3"]) is None
    assert DoubledColumns(arrays).load_columns(["3"])["x"].tolist() == [6]
