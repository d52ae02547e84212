import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.source import SourceError
from zensols_like.source import keyindex as module
from zensols_like.source.keyindex import KeyIndex, whole_number

KEYS = st.lists(st.text(st.characters()), unique=True, max_size=50)


@given(KEYS, st.text(st.characters()))
def test_every_key_is_found_where_it_stands_and_no_other_key_is(keys, other):
    index = KeyIndex.of(iter(keys), "keys")
    assert list(index) == keys
    assert [index.position(key) for key in keys] == list(range(len(keys)))
    assert index.position(other) == (keys.index(other) if other in keys else None)
    assert (other in index) == (other in keys)


def test_keys_of_one_hash_are_told_apart(monkeypatch):
    monkeypatch.setattr(module, "xxh3_64_intdigest", lambda data: len(data))
    keys = ["a", "b", "cc", "c", "dd"]
    index = KeyIndex.of(keys, "keys")
    assert [index.position(key) for key in keys] == [0, 1, 2, 3, 4]
    assert index.position("x") is None
    with pytest.raises(SourceError, match=r"1 keys come more than once, such as \['c'\]"):
        KeyIndex.of([*keys, "c"], "keys")


def test_a_key_that_comes_twice_is_refused():
    with pytest.raises(SourceError, match=r"(?s)2 keys come more than once, such as \['a', 'b'\].*flowers.jsonl"):
        KeyIndex.of(["b", "a", "b", "c", "a", "a"], "flowers.jsonl")


def test_an_index_of_no_keys_is_empty():
    index = KeyIndex.of([], "keys")
    assert len(index) == 0
    assert list(index) == []
    assert "a" not in index


@given(st.integers())
def test_a_number_is_that_of_its_own_text_only(number):
    assert whole_number(str(number)) == number
    assert whole_number(f" {number}") is None
    assert whole_number(f"0{number}") is None
