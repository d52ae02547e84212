from __future__ import annotations

import contextlib
import datetime
import io
import os
import pickle
import struct
import subprocess
import sys
from collections import OrderedDict
from enum import Enum
from pathlib import Path, PureWindowsPath
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.errors import CorruptBatch, PersistableError, UnsafeError
from zensols_like.persist import register
from zensols_like.persist.formats import find_format
from zensols_like.persist.formats.record import FORMAT
from zensols_like.persist.records import read_record, write_record
from zensols_like.persist.shards import ShardRecords
from zensols_like.vectorize import TensorFeatureContext


@register
class Point:
    def __init__(self, x: Any) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and self.x == other.x


class Unregistered:
    pass


def round_trip(value: Any) -> Any:
    parts = FORMAT.encode(value)
    return FORMAT.decode([bytes(parts[0]), *(bytearray(part) for part in parts[1:])])


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(plain)
def test_plain_values_come_back_equal(value: Any) -> None:
    assert round_trip(value) == value


@pytest.mark.parametrize(
    "value",
    [
        {1, 2},
        frozenset({"a"}),
        2**100,
        -(2**2000),
        1 + 2j,
        Path("/a/b"),
        datetime.datetime(2020, 1, 2, 3, 4, 5, 6, tzinfo=datetime.UTC),
        datetime.time(1, 2),
        datetime.timedelta(days=-1, microseconds=5),
        OrderedDict([("b", 1), ("a", 2)]),
        range(1, 9, 2),
        slice(1, None, 2),
        bytearray(b"abc"),
        torch.float16,
        torch.Size([1, 2]),
        np.float32(1.5),
        np.dtype("int16"),
        Point([1, Point("x")]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_values_come_back_equal_and_of_the_same_type(value: Any) -> None:
    found = round_trip(value)
    assert found == value
    assert type(found) is type(value)


DTYPES = [
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint32,
    torch.uint64, torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128,
    torch.float8_e4m3fn,
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)], ids=str)
def test_tensors_keep_dtype_shape_and_bytes(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    tensor = torch.randint(0, 2, shape).to(dtype)
    found = round_trip(tensor)
    assert found.dtype == dtype
    assert found.shape == tensor.shape
    assert torch.equal(found.to(torch.complex128), tensor.to(torch.complex128))


def test_a_tensor_that_is_not_contiguous_comes_back_contiguous_and_equal() -> None:
    tensor = torch.arange(24).reshape(2, 3, 4).permute(2, 0, 1)[::2]
    found = round_trip(tensor)
    assert torch.equal(found, tensor)
    assert found.is_contiguous()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_single_element_of_a_column_is_stored(dtype: torch.dtype) -> None:  # it counts as contiguous, with any stride
    table = torch.ones(5, 2).to(dtype)
    for single in (table[4:, 0], table[:, 0][2:3], table[0, :1].expand(9)[:1]):
        assert torch.equal(round_trip(single).to(torch.complex128), single.to(torch.complex128))


def test_a_conjugated_tensor_keeps_its_values() -> None:
    tensor = torch.tensor([1 + 2j]).conj()
    assert torch.equal(round_trip(tensor), tensor)


def test_a_view_stores_its_own_bytes_only() -> None:  # weakness D3 of the reference
    row = torch.zeros(100_000, 4)[7]
    assert sum(len(part) for part in FORMAT.encode(row)) < 500


@pytest.mark.parametrize("dtype", ["int8", "<f4", ">i8", "bool", "<U5", "S3", "datetime64[D]", "complex64"])
def test_arrays_keep_dtype_and_values(dtype: str) -> None:
    array = np.zeros((2, 3), dtype=dtype)
    found = round_trip(array)
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)


def test_values_of_one_structure_share_their_description() -> None:
    one = FORMAT.encode({"x": torch.zeros(3, 4)})
    two = FORMAT.encode({"x": torch.ones(5, 4)})
    assert one[0] == two[0]


def test_equal_values_give_equal_bytes_whoever_owns_their_strings() -> None:
    shared = "a name that is long enough"
    copied = "".join(list(shared))
    assert FORMAT.encode([shared, shared])[0] == FORMAT.encode([shared, copied])[0]


def test_an_object_of_a_class_that_is_not_registered_is_refused_when_it_is_written() -> None:
    with pytest.raises(
        UnsafeError, match=r"Unregistered cannot be stored.*\n.*fix: decorate the class with @zensols_like"
    ):
        FORMAT.encode([Unregistered()])


def test_a_function_is_refused_when_it_is_written() -> None:
    with pytest.raises(UnsafeError, match="cannot be stored"):
        FORMAT.encode(os.system)


def test_a_class_that_no_other_process_finds_cannot_be_registered() -> None:
    class Local:
        pass

    with pytest.raises(UnsafeError, match="no other process finds it"):
        register(Local)


def test_a_value_that_refers_to_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(PersistableError, match="cannot be stored in a record"):
        FORMAT.encode(value)


def test_an_array_of_objects_is_refused() -> None:
    with pytest.raises(PersistableError, match="data type object"):
        FORMAT.encode(np.array([object()]))


def test_a_sparse_tensor_is_refused_with_the_way_to_store_it() -> None:
    with pytest.raises(PersistableError, match="SparseTensorFeatureContext"):
        FORMAT.encode(torch.eye(3).to_sparse())


def test_a_formats_name_is_looked_up_and_an_unknown_one_lists_the_known() -> None:
    with pytest.raises(PersistableError, match=r"no storage format 'zip'.*\n.*\['pickle', 'record'\]"):
        find_format("zip")


def test_the_pickle_format_needs_to_be_trusted() -> None:
    with pytest.raises(UnsafeError, match="trusted = true"):
        find_format("pickle")
    assert find_format("pickle", trusted=True).code == 2


# ---- hostile descriptions; the canary is a file that must never appear


class Bomb:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.canary}",)


def refused(description: bytes, *buffers: bytes) -> None:
    with pytest.raises((UnsafeError, CorruptBatch)):
        FORMAT.decode([description, b"", *buffers])


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_calls_a_function_is_refused_and_does_not_run(tmp_path: Path, protocol: int) -> None:
    canary = tmp_path / "canary"
    refused(pickle.dumps(Bomb(canary), protocol=protocol))
    refused(pickle.dumps({"deep": [Bomb(canary)]}, protocol=protocol))
    assert not canary.exists()


def call(module: str, name: str, argument: str) -> bytes:
    """A description with only the operations that records have, which calls something else."""

    def text(value: str) -> bytes:
        data = value.encode()
        return b"\x8c" + struct.pack("<B", len(data)) + data

    return b"\x80\x05" + text(module) + text(name) + b"\x93" + text(argument) + b"\x85R."


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("torch", "load"),
        ("numpy", "load"),
        ("zensols_like.persist.formats.record", "RecordFormat"),
        ("zensols_like.persist.formats.record", "pickle.loads"),
        ("zensols_like.persist.formats.allowlist", "register"),
        (Point.__module__, "os.system"),
        (Point.__module__, "Unregistered"),
    ],
)
def test_only_exact_registered_names_are_found(tmp_path: Path, module: str, name: str) -> None:
    canary = tmp_path / "canary"
    refused(call(module, name, f"touch {canary}"))
    assert not canary.exists()


def test_a_registered_class_cannot_be_called_by_a_file() -> None:
    refused(call(Point.__module__, "Point", "x"))


def test_bytes_after_the_end_of_a_description_are_refused() -> None:
    description = bytes(FORMAT.encode({"a": 1})[0])
    refused(description + pickle.dumps(1))
    refused(description + b".")


@pytest.mark.parametrize(
    "description",
    [
        b"",
        b".",
        b"\x80\x05",
        b"\x80\x05N",
        b"\x80\x05(((((.",
        b"\x80\x05\x8d" + struct.pack("<Q", 1 << 60) + b"x.",
        b"\x80\x05\x8e" + struct.pack("<Q", 1 << 62) + b"x.",
        b"\x80\x05]" + b"]a" * 10 + b"0.",
        b"\x80\x05]\x94h\x00a.",  # a memo
        b"\x80\x05K\x01Q.",  # a persistent ID
        b"\x80\x05\x82\x01.",  # an extension
        b"\x80\x05\x97.",  # a buffer that is not there
    ],
)
def test_broken_descriptions_are_refused(description: bytes) -> None:
    refused(description)


@given(st.binary(max_size=60))
def test_arbitrary_bytes_never_do_anything_but_raise_or_give_plain_values(data: bytes) -> None:
    try:
        value = FORMAT.decode([b"\x80\x05" + data, b""])
    except (UnsafeError, CorruptBatch):
        return
    assert isinstance(value, (type(None), bool, int, float, str, bytes, bytearray, tuple, list, dict, set, frozenset))


def test_deep_nesting_is_read_or_refused_but_never_kills_the_process() -> None:
    deep = b"\x80\x05" + b"]" * 50_000 + b"a" * 49_999 + b"."
    with contextlib.suppress(UnsafeError, CorruptBatch):
        FORMAT.decode([deep, b""])


def test_a_tensor_of_another_size_than_its_bytes_is_refused() -> None:
    parts = list(FORMAT.encode(torch.zeros(4)))
    with pytest.raises(CorruptBatch, match="do not fit"):
        FORMAT.decode([bytes(parts[0]), struct.pack("<q", 1 << 40), bytearray(parts[2])])
    with pytest.raises(CorruptBatch, match="do not fit"):
        FORMAT.decode([bytes(parts[0]), struct.pack("<q", -4), bytearray(parts[2])])


def test_the_pickler_is_not_used_with_a_memo() -> None:
    file = io.BytesIO(FORMAT.encode([("a" * 50,)] * 3)[0])
    assert file.getvalue().count(b"a" * 50) == 3


# ---- what would not come back as it was is refused


@pytest.mark.parametrize(
    "value",
    [
        Point,
        np.ma.array([1, 2], mask=[0, 1]),
        PureWindowsPath("a"),
        datetime.datetime(2020, 7, 1, tzinfo=ZoneInfo("UTC")),
        datetime.datetime(2020, 10, 25, 2, 30, fold=1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_would_come_back_as_something_else_is_refused(value: Any) -> None:
    with pytest.raises((UnsafeError, PersistableError)):
        FORMAT.encode([value])


class Slots:
    __slots__ = ("x",)


class Words(list):  # type: ignore[type-arg]
    pass


class Kind(Enum):
    A = 1


@pytest.mark.parametrize("cls", [Slots, Words, Kind])
def test_a_class_with_more_than_attributes_cannot_be_registered(cls: type[Any]) -> None:
    with pytest.raises(UnsafeError, match="by their attributes alone"):
        register(cls)


def test_a_value_too_large_to_be_read_is_refused_when_it_is_written() -> None:
    with pytest.raises(PersistableError, match="too large for a record"):
        FORMAT.encode([0] * 4_000_001)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("qint8", "int32"),
        ("qint32", "uint32"),
        ("quint8", "uint32"),
        ("quint4x2", "bfloat16"),
        ("quint2x4", "bfloat16"),
    ],
)
def test_a_file_that_asks_for_a_quantized_tensor_is_refused(name: str, plain: str) -> None:
    # torch ends the process over such bytes, so another one reads them
    script = (
        "import sys, torch; from zensols_like.persist.formats.record import FORMAT\n"
        "name, plain = sys.argv[1:]\n"
        "description, *rest = FORMAT.encode(torch.zeros(4, dtype=getattr(torch, plain)))\n"
        "FORMAT.decode([bytes(description).replace(plain.encode(), name.encode()), *rest])"
    )
    done = subprocess.run([sys.executable, "-c", script, name, plain], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (
        f"CorruptBatch: The parts of a record do not fit: ValueError: bytes for a quantized type, {name}" in done.stderr
    )


def test_a_quantized_tensor_is_refused_with_advice() -> None:
    with pytest.raises(PersistableError, match="qint8 cannot be stored as it is"):
        FORMAT.encode(torch.zeros(4, dtype=torch.uint8).view(torch.qint8))


def test_every_other_data_type_of_torch_comes_back_however_often_it_is_read(tmp_path: Path) -> None:
    types = {dtype for dtype in vars(torch).values() if isinstance(dtype, torch.dtype)}
    for number, dtype in enumerate(sorted((dtype for dtype in types if "torch.q" not in str(dtype)), key=str)):
        data = torch.randint(0, 2, (3, 2 * dtype.itemsize), dtype=torch.uint8)
        tensor = data if dtype == torch.uint8 else data.view(dtype)
        records = ShardRecords(tmp_path / str(number))
        receipts = [
            write_record(records, FORMAT, str(at), "g", {"x": TensorFeatureContext("x", tensor)}) for at in range(3)
        ]
        for at, receipt in enumerate(receipts):
            found = read_record(records, FORMAT, str(at), "g", receipt)["x"].tensor
            assert found.dtype == dtype
            assert found.shape == tensor.shape
            assert bytes(found.reshape(-1).view(torch.uint8).tolist()) == bytes(data.reshape(-1).tolist())
