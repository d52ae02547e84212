"""Rules as they are written, and what breaks them."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from zensols_like.config import IniConfig
from zensols_like.errors import ConfigurationError
from zensols_like.inspect import BatchChecks
from zensols_like.inspect.rules import find_flaw, find_misfit, parse_rules


def flaw_of(text: str, tensor: torch.Tensor):
    (rule,) = parse_rules(text, "here")
    return find_flaw(rule, tensor)


@given(st.lists(st.floats(-10, 10), min_size=1), st.floats(-10, 10))
def test_the_first_element_out_of_range_is_found_and_all_are_counted(numbers, bound):
    tensor = torch.tensor(numbers, dtype=torch.float64)
    for text, outside in (
        (f"min {bound}", [n < bound for n in numbers]),
        (f"max {bound}", [n > bound for n in numbers]),
    ):
        flaw = flaw_of(text, tensor)
        if any(outside):
            first = outside.index(True)
            assert (flaw.count, flaw.index, flaw.value) == (sum(outside), (first,), numbers[first])
        else:
            assert flaw is None


@given(
    st.sampled_from([torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool]).flatmap(
        lambda dtype: st.tuples(st.just(dtype), st.lists(st.integers(*limits(dtype)), min_size=1))
    ),
    st.sampled_from(["300", "-1", "-0.5", "255.5", "16777216.5", "1e30", "-1e30", "9223372036854775808", "inf", "-inf"])
    | st.floats(-500, 500).map(str)
    | st.integers(-500, 500).map(str)
    | st.integers(-(2**64), 2**64).map(str),
)
@example((torch.int64, [2**63 - 1]), str(2**63 - 1))
@example((torch.int64, [2**53]), str(2**53 + 1))
def test_whole_numbers_of_every_width_are_compared_as_numbers(typed, bound):
    dtype, numbers = typed
    tensor = torch.tensor(numbers, dtype=dtype)
    exact = float(bound) if re.search("[.ef]", bound) else int(bound)
    for text, outside in (
        (f"min {bound}", [n < exact for n in numbers]),
        (f"max {bound}", [n > exact for n in numbers]),
    ):
        flaw = flaw_of(text, tensor)
        assert (0 if flaw is None else flaw.count) == sum(outside)


def limits(dtype):
    return (0, 1) if dtype is torch.bool else (torch.iinfo(dtype).min, torch.iinfo(dtype).max)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_a_bound_that_is_no_number_of_64_bits_is_a_bound(dtype):
    tensor = torch.tensor([1.0, 2.0], dtype=dtype)
    assert flaw_of("max 1e30", tensor) is None
    assert flaw_of("min 1e30", tensor).count == 2


@pytest.mark.parametrize("bound", ["1e39", "-1e39", f"1{'0' * 400}", f"-1{'0' * 400}", "inf", "-inf"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_a_bound_beyond_the_numbers_of_a_type_lies_before_infinity(dtype, bound):
    largest = torch.finfo(dtype).max
    numbers = [-math.inf, -largest, 0.0, largest, math.inf]
    exact = float(bound) if re.search("[ef]", bound) else int(bound)
    for text, outside in (
        (f"min {bound}", [n < exact for n in numbers]),
        (f"max {bound}", [n > exact for n in numbers]),
    ):
        flaw = flaw_of(text, torch.tensor(numbers, dtype=dtype))
        assert (0 if flaw is None else flaw.count) == sum(outside)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_found(value):
    flaw = flaw_of("finite", torch.tensor([[1.0, 2.0], [3.0, value]]))
    assert flaw.index == (1, 1)
    assert flaw.what.endswith("breaks finite")


def test_a_nan_is_in_every_range():
    assert flaw_of("min 0", torch.tensor([math.nan])) is None


@pytest.mark.parametrize(
    "dtype",
    [
        torch.bool,
        torch.uint8,
        torch.int16,
        torch.uint16,
        torch.uint64,
        torch.float16,
        torch.bfloat16,
        torch.float8_e5m2,
        torch.float8_e4m3fn,
    ],
)
def test_every_data_type_is_checked(dtype):
    tensor = torch.tensor([0, 1]).to(dtype)
    assert flaw_of("min 0", tensor) is None
    assert flaw_of("finite", tensor) is None
    assert flaw_of("max 0", tensor).index == (1,)


def test_sparse_and_complex_tensors_are_checked():
    assert flaw_of("max 1", torch.tensor([[0.0, 2.0]]).to_sparse()).index == (0, 1)
    assert flaw_of("finite", torch.tensor([complex(0, math.inf)])).index == (0, 1)


@pytest.mark.parametrize(
    ("text", "shape", "message"),
    [
        ("float32[N, 4]", (2, 4), None),
        ("[*, T]", (9, 3), None),
        ("float32", (9, 9, 9), None),
        ("[]", (), None),
        ("int64[N, 4]", (2, 4), "it is of float32, not of int64"),
        ("[N, 4]", (2, 5), "its shape is [2, 5], with 5 instead of 4 at dimension 1"),
        ("[N, 4]", (2,), "its shape is [2], of 1 dimensions instead of 2"),
        ("[N]", (3,), "N is 3, and 2 in the data points"),
        ("[T, T]", (2, 3), "T is 3, and 2 in words"),
    ],
)
def test_layouts(text, shape, message):
    (rule,) = parse_rules(text, "here")
    flaw = find_misfit(rule, torch.zeros(shape), {"N": (2, "the data points")}, "words")
    assert (None if flaw is None else flaw.what) == message


@pytest.mark.parametrize(
    "text", ["nope", "min", "max a", "min nan", "balance", "float33[N]", "[n]", "float32[N", "finite 3", "Tensor[N]"]
)
def test_what_is_no_rule_is_refused_with_what_there_is(text):
    with pytest.raises(ConfigurationError) as caught:
        parse_rules(f"finite, {text}", "some.conf [checks] size")
    assert "some.conf [checks] size" in str(caught.value)
    assert caught.value.fix


def test_blanks_and_lines_do_not_matter():
    assert [rule.text for rule in parse_rules(" float32[N,4] ,\n  min   0,", "")] == ["float32[N,4]", "min 0"]
    assert parse_rules("", "") == ()


def test_the_rules_of_the_guide_are_rules(tmp_path):
    guide = Path(__file__).parents[2] / "docs" / "guides" / "look.md"
    (block,) = re.findall(r"```ini\n(.*?)```", guide.read_text(), re.DOTALL)
    (tmp_path / "checks.conf").write_text(block)
    checks = BatchChecks.of(IniConfig(tmp_path / "checks.conf"))
    assert {name: len(rules) for name, rules in checks.rules.items()} == {"size": 4, "words": 2, "mask": 1, "label": 2}
