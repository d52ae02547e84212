from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from zensols_like.dataset import DatasetError, DatasetSplitStash, StratifiedCrossFoldSplitKeyContainer
from zensols_like.persist import DictionaryStash, UnionStash

PATTERN = "{name}.dat"


def labeled(n: int) -> DictionaryStash:
    return DictionaryStash({str(i): SimpleNamespace(label="aab"[i % 3]) for i in range(n)})


def folds_of(path: Path, n: int = 30, **options: object) -> StratifiedCrossFoldSplitKeyContainer:
    return StratifiedCrossFoldSplitKeyContainer(path, PATTERN, labeled(n), partition_attr="label", **options)


def test_folds_are_of_one_size_and_every_key_is_in_one_of_them(tmp_path: Path) -> None:
    container = folds_of(tmp_path, 31, n_folds=4)
    assert list(container.split_names) == ["fold-0", "fold-1", "fold-2", "fold-3"]
    assert sorted(container.counts_by_key.values()) == [7, 8, 8, 8]
    assert sorted(key for keys in container.keys_by_split.values() for key in keys) == sorted(labeled(31).keys())
    container.require_disjoint()


def test_every_label_has_its_share_of_each_fold(tmp_path: Path) -> None:
    container = folds_of(tmp_path, 60, n_folds=5)
    for name, keys in container.keys_by_split.items():
        assert Counter(container.stash[key].label for key in keys) == {"a": 8, "b": 4}, name


def test_each_run_tests_with_one_fold_and_trains_with_the_others(tmp_path: Path) -> None:
    container = folds_of(tmp_path, n_folds=3)
    stash = DatasetSplitStash(container.stash, container)
    tested: list[str] = []
    for fold in container.folds:
        train = UnionStash([stash.splits[name] for name in fold.train])
        test = stash.splits[fold.test]
        assert (len(train), len(test)) == (20, 10)
        assert set(train.keys()).isdisjoint(test.keys())
        assert len(list(train)) == 20
        tested += test.keys()
    assert sorted(tested) == sorted(container.stash.keys())


def test_folds_are_kept_and_those_of_another_number_refused(tmp_path: Path) -> None:
    keys = folds_of(tmp_path, n_folds=3, seed=1).keys_by_split
    assert folds_of(tmp_path, n_folds=3, seed=1).keys_by_split == keys
    with pytest.raises(DatasetError, match="zensols-like clear --all"):
        folds_of(tmp_path, n_folds=5, seed=1).prime()


def test_wrong_folds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="give 2 or more"):
        folds_of(tmp_path, n_folds=1)
    with pytest.raises(DatasetError, match="leave it out"):
        folds_of(tmp_path, n_folds=2, distribution={"train": 0.5, "test": 0.5})
    with pytest.raises(DatasetError, match="5 keys are too few"):
        folds_of(tmp_path, 5, n_folds=6).prime()
    assert list(tmp_path.iterdir()) == []
