"""Tensors in a few numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from zensols_like.inspect.stats import Tally, preview

DTYPES = (
    torch.bool,
    torch.uint8,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.uint16,
    torch.uint32,
    torch.uint64,
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.float8_e4m3fn,
)


@given(st.lists(st.floats(width=32), max_size=30))
@example([0.0, 0.0, 3.4028234663852886e38, 1.0, -3.4028234663852886e38])
def test_the_numbers_are_those_of_numpy(values):
    stats = Tally.of(torch.tensor(values, dtype=torch.float32)).stats
    expected = np.asarray(values, dtype=np.float32).astype(np.float64)
    finite = expected[np.isfinite(expected)]
    assert stats.elements == len(values)
    if len(finite) > 0:
        assert stats.min == finite.min()
        assert stats.max == finite.max()
        # the most that additions one after another may lose, as where great numbers cancel out
        lost = (len(finite) + 2) * 2.0**-53 * np.abs(finite).mean()
        assert abs(stats.mean - math.fsum(finite) / len(finite)) <= lost
    else:
        assert (stats.min, stats.max, stats.mean) == (None, None, None)
    if values:
        assert stats.share_nan == pytest.approx(np.isnan(expected).mean())
        assert stats.share_infinite == pytest.approx(np.isinf(expected).mean())
        assert stats.share_zero == pytest.approx((expected == 0).mean())


@given(st.lists(st.integers(-9, 9), max_size=30), st.integers(0, 30))
def test_the_tally_of_parts_is_that_of_the_whole(values, cut):
    whole = torch.tensor(values, dtype=torch.float32)
    assert Tally.of(whole[:cut]) + Tally.of(whole[cut:]) == Tally.of(whole)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_data_type_is_counted(dtype):
    stats = Tally.of(torch.tensor([[1, 0], [1, 0]]).to(dtype)).stats
    assert (stats.min, stats.max, stats.mean, stats.share_zero) == (0, 1, 0.5, 0.5)


def test_large_integers_are_exact():
    large = (1 << 62) + 1
    assert Tally.of(torch.tensor([large])).stats.max == large
    assert Tally.of(torch.tensor([2**64 - 1], dtype=torch.uint64)).stats.min == 2**64 - 1


def test_complex_numbers_count_as_two():
    assert Tally.of(torch.tensor([3 + 4j])).stats.max == 4


def test_sparse_tensors_are_counted_with_their_zeros():
    assert Tally.of(torch.eye(4).to_sparse()).stats.share_zero == 0.75


def test_no_elements_have_no_numbers():
    stats = Tally.of(torch.empty(0, 3)).stats
    assert stats.elements == 0
    assert {stats.min, stats.max, stats.mean, stats.share_nan, stats.share_zero} == {None}


def test_a_preview_has_the_first_rows_and_elements():
    cube = torch.arange(24).reshape(4, 3, 2)
    assert preview(cube, rows=2, width=4) == ((0, 1, 2, 3), (6, 7, 8, 9))
    assert preview(torch.tensor(5), rows=3, width=4) == ((5,),)
    assert preview(torch.empty(0, 3), rows=3, width=4) == ()
    assert preview(torch.tensor([[True]]), rows=3, width=4) == ((True,),)
    (row,) = preview(torch.tensor([[math.nan]]), rows=1, width=1)
    assert math.isnan(row[0])
