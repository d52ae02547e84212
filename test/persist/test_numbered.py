"""Keys that are kept as numbers are what their texts are."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.errors import PersistableError
from zensols_like.persist import NumberedKeys

NUMBERS = st.lists(st.integers(0, 9) | st.integers(0, 10**18 - 1), max_size=30)


def keys_of(numbers: list[int]) -> NumberedKeys:
    return NumberedKeys(np.array(numbers, dtype=np.int64))


@given(NUMBERS)
def test_they_are_the_texts_of_the_numbers(numbers: list[int]) -> None:
    keys, texts = keys_of(numbers), tuple(map(str, numbers))
    assert keys == texts
    assert texts == keys
    assert list(keys) == list(texts)
    assert hash(keys) == hash(texts)
    assert [keys[at] for at in range(len(keys))] == list(texts)
    assert keys[1:] == texts[1:]
    assert keys.are_unique == (len(set(numbers)) == len(numbers))
    assert pickle.loads(pickle.dumps(keys)) == keys


@given(NUMBERS)
def test_they_come_back_from_their_bytes(numbers: list[int]) -> None:
    data, lengths = keys_of(numbers).to_bytes()
    assert data.tobytes() == "".join(map(str, numbers)).encode()
    found = NumberedKeys.from_bytes(data, lengths)
    assert (found is None) if not numbers else (found == keys_of(numbers))


@given(st.lists(st.text("0123456789-a", max_size=20), min_size=1, max_size=8))
def test_what_is_no_number_in_its_usual_form_is_none(texts: list[str]) -> None:
    data = np.frombuffer("".join(texts).encode(), dtype=np.uint8)
    found = NumberedKeys.from_bytes(data, np.array(list(map(len, texts))))
    usual = all(text.isdigit() and str(int(text)) == text and len(text) <= 18 for text in texts)
    assert (found is not None) == usual
    if found is not None:
        assert list(found) == texts


@pytest.mark.parametrize("others", [("1", "x", "2", "9"), keys_of([1, 2, 9])])
def test_common_keys_stay_in_the_order_of_the_others(others: tuple[str, ...] | NumberedKeys) -> None:
    assert list(keys_of([2, 1, 5]).common(others)) == ["1", "2"]


@pytest.mark.parametrize("numbers", [[10**18, 1], [-5, 100], [-1], [0.5], [[1], [2]]])
def test_numbers_that_would_not_come_back_are_refused(numbers: list[object]) -> None:
    with pytest.raises(PersistableError, match="Not all of these can be keys that are kept as numbers"):
        NumberedKeys(np.array(numbers))


def test_numbers_of_any_width_are_taken() -> None:
    largest = 10**18 - 1
    for keys in (NumberedKeys(np.array([largest, 7], np.uint64)), NumberedKeys(np.array([largest, 7], ">i8"))):
        assert keys.to_bytes()[0].tobytes() == f"{largest}7".encode()


def test_a_text_is_no_sequence_of_keys() -> None:
    assert keys_of([1, 2]) != "12"
