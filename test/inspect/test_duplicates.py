"""Data points that are in two splits by their content."""

from __future__ import annotations

import pytest
from support.flowers import flower_stash, items, splits

from zensols_like.errors import DatasetError
from zensols_like.inspect import find_duplicates
from zensols_like.inspect.duplicates import KEPT, Duplicate


def flowers(like: dict[int, int], n: int = 20):
    """Flowers of which some are made like others, but for their labels."""
    made = items(n)
    for copied, original in like.items():
        made[str(copied)] = {**made[str(original)], "label": made[str(copied)]["label"]}
    return made


def test_the_same_content_in_two_splits_is_named_whatever_its_id_and_label(tmp_path):
    report = find_duplicates(flower_stash(tmp_path, source=flowers({15: 2, 19: 18, 1: 0})))
    assert (report.data_points, report.across, report.within) == (20, 1, 2)
    assert report.duplicates == (Duplicate("15", "test", "2", "train"),)
    assert report.attributes == ("size", "leaves", "noise")


def test_a_key_in_two_splits_is_refused_at_once(tmp_path):
    stash = flower_stash(tmp_path, keys={"train": ("0", "1"), "test": ("1", "2")})
    with pytest.raises(DatasetError, match=r"as '1' in \['train', 'test'\]"):
        find_duplicates(stash)


def test_nothing_twice_is_nothing_to_tell_and_looking_makes_nothing(tmp_path):
    report = find_duplicates(flower_stash(tmp_path))
    assert (report.across, report.within, report.duplicates) == (0, 0, ())
    assert list(tmp_path.iterdir()) == []


def test_of_many_only_the_first_are_named(tmp_path):
    keys = {"train": splits(100)["train"], "test": splits(100)["test"]}
    source = flowers({60 + number: number for number in range(40)}, n=100)
    seen = []
    report = find_duplicates(flower_stash(tmp_path, source=source, keys=keys), lambda *done: seen.append(done))
    assert (report.across, len(report.duplicates)) == (40, KEPT)
    assert seen == [(done, 25) for done in range(1, 26)]
