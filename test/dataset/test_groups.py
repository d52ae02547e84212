from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.dataset import DatasetError, GroupStashSplitKeyContainer, group_splits, split_counts
from zensols_like.persist import DictionaryStash

PATTERN = "{name}.dat"


def rows(*subjects: Any) -> DictionaryStash:
    return DictionaryStash({str(i): SimpleNamespace(subject=subject) for i, subject in enumerate(subjects)})


def container(path: Path, stash: DictionaryStash, **options: Any) -> GroupStashSplitKeyContainer:
    return GroupStashSplitKeyContainer(path, PATTERN, stash, **{"group_by": "subject", **options})


def subjects_by_split(splits: GroupStashSplitKeyContainer) -> dict[str, set[Any]]:
    return {name: {splits.stash[key].subject for key in keys} for name, keys in splits.keys_by_split.items()}


SUBJECTS = [f"s{i % 17}" for i in range(200)]


@pytest.mark.parametrize("group_by", ["subject", lambda row: row.subject.upper()])
def test_all_rows_of_a_subject_are_in_one_split(tmp_path: Path, group_by: Any) -> None:
    splits = container(tmp_path, rows(*SUBJECTS), group_by=group_by)
    found = subjects_by_split(splits)
    assert sorted(subject for subjects in found.values() for subject in subjects) == sorted(set(SUBJECTS))
    assert sum(splits.counts_by_key.values()) == 200
    assert abs(splits.counts_by_key["train"] - 160) <= 12


@given(st.lists(st.integers(1, 40), min_size=1, max_size=20), st.lists(st.integers(0, 9), min_size=1, max_size=4))
def test_groups_stay_whole_and_splits_come_close(sizes: list[int], parts: list[int]) -> None:
    if not any(parts):
        return
    fractions = {str(i): part / sum(parts) for i, part in enumerate(parts)}
    filled = [name for name, fraction in fractions.items() if fraction > 0]
    if sum(sizes) < len(filled):
        return
    totals = split_counts(sum(sizes), fractions)
    groups = dict(enumerate(sizes))
    if len(sizes) < len(filled):
        with pytest.raises(DatasetError, match="groups are too few"):
            group_splits(groups, totals)
        return
    found = group_splits(groups, totals)
    assert set(found) == set(groups)
    assert set(found.values()) == set(filled)
    assert found == group_splits(groups, totals)
    for name in filled:
        assert sum(size for group, size in groups.items() if found[group] == name) <= totals[name] + max(sizes)


def test_new_rows_go_where_their_subject_is(tmp_path: Path) -> None:
    first = container(tmp_path, rows(*SUBJECTS), new_keys="hash")
    before = first.keys_by_split
    homes = {subject: name for name, subjects in subjects_by_split(first).items() for subject in subjects}
    again = container(tmp_path, rows(*SUBJECTS, "s3", "s5", "new", "new", "s3", "other"), new_keys="hash")
    after = again.keys_by_split
    for name, keys in before.items():
        assert after[name][: len(keys)] == keys
    split_of = {key: name for name, keys in after.items() for key in keys}
    assert [split_of[key] for key in ("200", "201", "204")] == [homes["s3"], homes["s5"], homes["s3"]]
    assert split_of["202"] == split_of["203"]
    assert len(split_of) == 206
    assert container(tmp_path, again.stash, new_keys="hash").keys_by_split == after


def test_a_subject_in_two_splits_is_found_when_rows_are_added(tmp_path: Path) -> None:
    for name, keys in (("train", "0\n1\n"), ("validate", "2\n"), ("test", "3\n")):
        (tmp_path / f"{name}.dat").write_text(keys)
    with pytest.raises(DatasetError, match=r"group 'b' is in the splits \['train', 'test'\]"):
        container(tmp_path, rows("a", "b", "c", "b", "b"), new_keys="train").prime()


@pytest.mark.parametrize("subject", [None, float("nan")])
def test_a_row_without_a_subject_is_refused(tmp_path: Path, subject: Any) -> None:
    with pytest.raises(DatasetError, match=r"group of key '2' is (None|nan)"):
        container(tmp_path, rows("a", "b", subject, "c"), shuffle=False).prime()


def test_what_does_not_say_what_belongs_together_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="what belongs together"):
        container(tmp_path, rows("a"), group_by=None)
    with pytest.raises(DatasetError, match="SimpleNamespace of key '0' has no attribute 'nope'"):
        container(tmp_path, rows("a", "b", "c"), group_by="nope", shuffle=False).prime()
    with pytest.raises(DatasetError, match="2 groups are too few"):
        container(tmp_path, rows("a", "b", "a")).prime()
    assert list(tmp_path.iterdir()) == []


def test_the_group_of_a_line_of_json_and_of_a_row_of_a_table_is_its_field(tmp_path: Path) -> None:
    for number, rows_of in enumerate((dict, pd.Series)):
        stash = DictionaryStash({str(i): rows_of({"size": i % 3, "items": i}) for i in range(9)})
        keys = GroupStashSplitKeyContainer(
            tmp_path / str(number), PATTERN, stash, {"train": 2 / 3, "test": 1 / 3}, group_by="size"
        ).keys_by_split
        groups = [{int(key) % 3 for key in keys[name]} for name in ("train", "test")]
        assert sorted(map(len, groups)) == [1, 2]
        assert not groups[0] & groups[1]
    with pytest.raises(DatasetError, match=r"Series of key '.' has no attribute 'weight'"):
        GroupStashSplitKeyContainer(tmp_path, PATTERN, stash, group_by="weight").prime()
