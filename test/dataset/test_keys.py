from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zensols_like.dataset import (
    AbstractSplitKeyContainer,
    DatasetError,
    GroupStashSplitKeyContainer,
    LeaveNOutSplitKeyContainer,
    StashSplitKeyContainer,
    StratifiedStashSplitKeyContainer,
    split_by_hash,
)
from zensols_like.persist import DictionaryStash

PATTERN = "{name}.dat"
STRANGE = ("a b ", "c\nd", "é", "e\u0301", "", '"', "\u2028", "a/b", "007")


def numbers(n: int) -> DictionaryStash:
    return DictionaryStash({str(i): i for i in range(n)})


@dataclass
class Fixed(AbstractSplitKeyContainer):
    """Gives the same keys every time, and counts how often."""

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"train": STRANGE, "alone": ("x",)})
    created: int = 0

    def _create_splits(self) -> Mapping[str, tuple[str, ...]]:
        self.created += 1
        return self.keys


def test_keys_survive_their_files_exactly(tmp_path: Path) -> None:  # weakness A10
    assert dict(Fixed(tmp_path, PATTERN).keys_by_split) == {"train": STRANGE, "alone": ("x",)}
    again = Fixed(tmp_path, PATTERN)
    assert dict(again.keys_by_split) == {"train": STRANGE, "alone": ("x",)}
    assert again.created == 0


def test_splits_keep_their_order_in_the_files(tmp_path: Path) -> None:  # weakness A8
    first = Fixed(tmp_path, PATTERN)
    assert list(first.split_names) == list(Fixed(tmp_path, PATTERN).split_names) == ["train", "alone"]
    assert first.split_names == {"train", "alone"}
    assert first.counts_by_key == {"train": len(STRANGE), "alone": 1}


def test_nothing_is_made_before_the_keys_are_used(tmp_path: Path) -> None:
    container = Fixed(tmp_path / "keys", PATTERN)
    repr(container)
    assert not (tmp_path / "keys").exists()
    container.prime()
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == [".splits.json", "alone.dat", "train.dat"]


def test_clearing_removes_the_files_and_forgets_the_keys(tmp_path: Path) -> None:
    container = Fixed(tmp_path, PATTERN)
    container.prime()
    (tmp_path / "mine.txt").write_text("stays")
    container.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    container.keys = {"other": ("y",)}
    assert dict(container.keys_by_split) == {"other": ("y",)}
    assert container.created == 2


def test_clearing_twice_is_quiet(tmp_path: Path) -> None:
    container = Fixed(tmp_path / "never made", PATTERN)
    container.clear()
    container.clear()
    assert not container.key_path.exists()


@pytest.mark.parametrize("lost", ["train.dat", "alone.dat"])
def test_key_files_that_are_not_all_there_are_made_again(tmp_path: Path, lost: str) -> None:
    Fixed(tmp_path, PATTERN).prime()
    (tmp_path / lost).unlink()
    again = Fixed(tmp_path, PATTERN)
    assert dict(again.keys_by_split) == {"train": STRANGE, "alone": ("x",)}
    assert again.created == 1


def test_a_folder_of_plain_text_files_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    (tmp_path / "keys-train.txt").write_text("2\n1\n")
    (tmp_path / "keys-test.txt").write_text("3\n")
    (tmp_path / "readme.txt").write_text("other")
    (tmp_path / ".keys-hidden.txt").write_text("other")
    container = StashSplitKeyContainer(tmp_path, "keys-{name}.txt", numbers(5))
    assert list(container.keys_by_split.items()) == [("test", ("3",)), ("train", ("2", "1"))]


@pytest.mark.parametrize("pattern", ["{name}/{name}.dat", "keys.dat", "../{name}.dat", "{name}{name}"])
def test_a_pattern_without_one_name_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(DatasetError, match="pattern"):
        Fixed(tmp_path, pattern)


def test_a_key_path_that_is_a_string_is_refused() -> None:
    with pytest.raises(DatasetError, match="key_path = path:"):
        Fixed("keys", PATTERN)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["../train", "", ".hidden", "a\0b", "/tmp/x"])
def test_a_split_whose_name_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    container = Fixed(tmp_path / "keys", PATTERN, {name: ("a",)})
    with pytest.raises(DatasetError, match="does not make a file name"):
        container.prime()
    assert list(tmp_path.iterdir()) == []


def test_an_index_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".splits.json").write_text("{")
    with pytest.raises(DatasetError, match=r"\.splits\.json"):
        Fixed(tmp_path, PATTERN).prime()


def test_splits_are_written_for_a_person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    StashSplitKeyContainer(tmp_path, PATTERN, numbers(10)).write()
    assert capsys.readouterr().out == "splits:\n    train: 8\n    validate: 1\n    test: 1\ntotal: 10\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.sets(st.text(max_size=5), min_size=3, max_size=40), st.booleans(), st.integers(0, 3))
def test_every_key_is_in_one_split(tmp_path_factory: Any, keys: set[str], shuffle: bool, seed: int) -> None:
    stash = DictionaryStash(dict.fromkeys(sorted(keys, reverse=True), 1))
    folder = tmp_path_factory.mktemp("keys")
    container = StashSplitKeyContainer(folder, PATTERN, stash, shuffle=shuffle, seed=seed)
    dealt = [key for split in container.keys_by_split.values() for key in split]
    assert sorted(dealt) == sorted(keys)
    assert list(container.split_names) == ["train", "validate", "test"]
    if not shuffle:
        assert dealt == list(stash.keys())
    again = StashSplitKeyContainer(folder, PATTERN, stash, shuffle=shuffle, seed=seed)
    assert again.keys_by_split == container.keys_by_split


def test_the_seed_decides_and_the_order_of_the_stash_does_not(tmp_path: Path) -> None:
    def keys(name: str, stash: DictionaryStash, seed: int) -> Any:
        return StashSplitKeyContainer(tmp_path / name, PATTERN, stash, seed=seed).keys_by_split

    first = keys("first", numbers(100), 1)
    reverse = DictionaryStash(dict(reversed(list(numbers(100)))))
    assert keys("second", reverse, 1) == first
    assert keys("third", numbers(100), 2) != first
    assert first["train"] != tuple(sorted(first["train"]))


def test_key_files_made_with_other_settings_are_refused(tmp_path: Path) -> None:
    StashSplitKeyContainer(tmp_path, PATTERN, numbers(10)).prime()
    other = StashSplitKeyContainer(tmp_path, PATTERN, numbers(10), {"train": 0.5, "test": 0.5})
    with pytest.raises(DatasetError, match="zensols-like clear --all"):
        other.prime()
    other.clear()
    assert other.counts_by_key == {"train": 5, "test": 5}


def test_a_stash_that_repeats_a_key_is_refused(tmp_path: Path) -> None:
    @dataclass
    class Twice(DictionaryStash):
        def keys(self) -> list[str]:
            return ["a", "b", "a", "c"]

    with pytest.raises(DatasetError, match="gives 4 keys, of which 3 are different"):
        StashSplitKeyContainer(tmp_path, PATTERN, Twice()).prime()


@dataclass
class Counted(DictionaryStash):
    """Its keys are numbers."""

    def keys(self) -> Any:
        return range(10)


@pytest.mark.parametrize("shuffle", [True, False])
def test_keys_that_are_no_texts_are_refused_and_nothing_is_written(tmp_path: Path, shuffle: bool) -> None:
    for container in (
        StashSplitKeyContainer(tmp_path / "keys", PATTERN, Counted(), shuffle=shuffle),
        LeaveNOutSplitKeyContainer(Counted(), shuffle=shuffle, path=tmp_path / "order"),
    ):
        with pytest.raises(DatasetError, match=r"key 0 is an object of int(.|\n)*Counted\.keys\(\)(.|\n)*str\(key\)"):
            container.keys_by_split  # noqa: B018 (it is made)
    assert list(tmp_path.iterdir()) == []


@dataclass
class Broken(DictionaryStash):
    """The value of one key cannot be loaded."""

    def load(self, name: str) -> Any:
        if name == "7":
            raise RuntimeError("row 7 is broken")
        return super().load(name)


@pytest.mark.parametrize(
    ("kind", "option"),
    [
        (StratifiedStashSplitKeyContainer, {"partition_attr": "real"}),
        (GroupStashSplitKeyContainer, {"group_by": "real"}),
    ],
)
def test_an_error_of_the_stash_is_noted_with_the_key(tmp_path: Path, kind: Any, option: dict[str, str]) -> None:
    stash = Broken({str(i): i for i in range(10)})
    with pytest.raises(RuntimeError, match="row 7 is broken") as caught:
        kind(tmp_path / "keys", PATTERN, stash, **option).prime()
    assert caught.value.__notes__ == ["while reading the values to split, at key '7'"]


def test_too_few_keys_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="2 keys are too few"):
        StashSplitKeyContainer(tmp_path / "keys", PATTERN, numbers(2)).prime()
    assert list(tmp_path.iterdir()) == []


@dataclass(frozen=True)
class Row:
    label: Any


def labeled(n: int = 150, labels: str = "aaab") -> DictionaryStash:
    return DictionaryStash({str(i): Row(labels[i % len(labels)]) for i in range(n)})


def test_every_label_has_its_share_of_each_split(tmp_path: Path) -> None:
    container = StratifiedStashSplitKeyContainer(tmp_path, PATTERN, labeled(), partition_attr="label")
    assert container.counts_by_key == {"train": 120, "validate": 15, "test": 15}
    counts = container.stratified_count_dataframe.pivot_table(index="split", columns="label", values="count")
    for name, size in container.counts_by_key.items():
        assert abs(counts["b"][name] - size * 37 / 150) <= 1
    assert counts.to_numpy().sum() == 150


def test_labels_are_listed_with_key_and_split(tmp_path: Path) -> None:
    stash = labeled(20)
    container = StratifiedStashSplitKeyContainer(tmp_path, PATTERN, stash, partition_attr="label")
    frame = container.stratified_split_labels
    assert list(frame.columns) == ["split", "key", "label"]
    assert {key: label for _, key, label in frame.itertuples(index=False)} == {k: row.label for k, row in stash}
    assert list(frame["split"].unique()) == ["train", "validate", "test"]
    proportions = container.stratified_count_dataframe.groupby("split")["proportion"].sum()
    assert proportions.round(9).eq(1).all()


def test_a_rare_label_goes_somewhere(tmp_path: Path) -> None:
    stash = DictionaryStash({**labeled(30).data, "rare": Row("rare")})
    container = StratifiedStashSplitKeyContainer(tmp_path, PATTERN, stash, partition_attr="label", shuffle=False)
    assert sum("rare" in keys for keys in container.keys_by_split.values()) == 1
    for keys in container.keys_by_split.values():
        assert list(filter(keys.__contains__, stash.keys())) == list(keys)


def test_kept_labels_are_not_loaded_again(tmp_path: Path) -> None:
    def container(stash: DictionaryStash) -> StratifiedStashSplitKeyContainer:
        return StratifiedStashSplitKeyContainer(
            tmp_path / "keys", PATTERN, stash, partition_attr="label", split_labels_path=tmp_path / "labels.json"
        )

    stash = DictionaryStash({str(i): Row(["007", 7, None][i % 3]) for i in range(30)})
    first = container(stash)
    expected = first.stratified_split_labels["label"].tolist()
    stash.clear()
    again = container(stash)
    assert again.stratified_split_labels["label"].tolist() == expected
    again.clear()
    assert list(tmp_path.rglob("*.*")) == []


def test_a_label_that_is_no_plain_value_cannot_be_kept(tmp_path: Path) -> None:
    container = StratifiedStashSplitKeyContainer(
        tmp_path,
        PATTERN,
        DictionaryStash({str(i): Row((1, 2)) for i in range(10)}),
        partition_attr="label",
        split_labels_path=tmp_path / "labels.json",
    )
    with pytest.raises(DatasetError, match="leave split_labels_path out"):
        _ = container.stratified_split_labels


def test_labels_are_written_for_a_person_unless_switched_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    container = StratifiedStashSplitKeyContainer(tmp_path, PATTERN, labeled(), partition_attr="label")
    container.write()
    assert "    train: 120\n        a: " in capsys.readouterr().out
    container.stratified_write = False
    container.write()
    assert "a: " not in capsys.readouterr().out


def test_an_attribute_to_stratify_by_is_required(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no attribute to stratify by"):
        StratifiedStashSplitKeyContainer(tmp_path, PATTERN, labeled())
    with pytest.raises(DatasetError, match="Row of key '0' has no attribute 'nope'"):
        StratifiedStashSplitKeyContainer(tmp_path, PATTERN, labeled(), partition_attr="nope", shuffle=False).prime()


def test_what_was_assigned_never_moves_when_rows_come(tmp_path: Path) -> None:
    def keys(n: int) -> Any:
        return StashSplitKeyContainer(tmp_path, PATTERN, numbers(n), new_keys="hash").keys_by_split

    before = keys(100)
    for n in (200, 150, 1000):
        after = keys(n)
        for name, known in before.items():
            assert after[name][: len(known)] == known
        before = after
    assert sorted(key for split in before.values() for key in split) == sorted(numbers(1000).keys())
    assert abs(len(before["train"]) - 800) < 50
    assert len(before["test"]) > 50


def test_new_keys_go_by_themselves_whatever_comes_with_them(tmp_path: Path) -> None:
    def split_of(name: str, *new: str) -> Any:
        StashSplitKeyContainer(tmp_path / name, PATTERN, numbers(10)).prime()
        stash = DictionaryStash({**numbers(10).data, **dict.fromkeys(new, 1)})
        grown = StashSplitKeyContainer(tmp_path / name, PATTERN, stash, new_keys="hash").keys_by_split
        return {key: split for split, keys in grown.items() for key in keys if key in new}

    together = split_of("together", *"abcdefghij")
    assert {key: split_of(key, key)[key] for key in "abcdefghij"} == together


def test_new_keys_may_all_go_to_one_split_or_be_left_out(tmp_path: Path) -> None:
    first = StashSplitKeyContainer(tmp_path, PATTERN, numbers(10), shuffle=False)
    before = dict(first.keys_by_split)
    left_out = StashSplitKeyContainer(tmp_path, PATTERN, numbers(13), shuffle=False)
    assert dict(left_out.keys_by_split) == before
    grown = StashSplitKeyContainer(tmp_path, PATTERN, numbers(13), shuffle=False, new_keys="train")
    assert dict(grown.keys_by_split) == {**before, "train": (*before["train"], "10", "11", "12")}
    assert dict(left_out.keys_by_split) == before
    again = StashSplitKeyContainer(tmp_path, PATTERN, numbers(5), shuffle=False, new_keys="hash")
    assert dict(again.keys_by_split) == dict(grown.keys_by_split)


@pytest.mark.parametrize("new_keys", ["hash", "nope"])
def test_new_keys_need_a_split_that_is_there(tmp_path: Path, new_keys: str) -> None:
    (tmp_path / "all.dat").write_text("1\n")
    with pytest.raises(DatasetError, match="for new keys"):
        StashSplitKeyContainer(tmp_path, PATTERN, numbers(3), new_keys=new_keys).prime()


def test_clearing_forgets_the_keys_in_memory_too(tmp_path: Path) -> None:  # weakness B8
    stash = numbers(10)
    container = StashSplitKeyContainer(tmp_path, PATTERN, stash)
    container.prime()
    for i in range(10, 30):
        stash.dump(str(i), i)
    container.clear()
    assert sum(container.counts_by_key.values()) == 30


@given(st.integers(0, 2**32), st.lists(st.integers(0, 5), min_size=1, max_size=4).filter(any))
def test_a_hash_gives_no_key_to_an_empty_split(seed: int, parts: list[int]) -> None:
    fractions = {str(i): part / sum(parts) for i, part in enumerate(parts)}
    found = {split_by_hash(str(key), fractions, seed) for key in range(20)}
    assert found <= {name for name, fraction in fractions.items() if fraction > 0}


def test_a_hash_gives_each_split_about_its_fraction() -> None:
    counts = Counter(split_by_hash(f"key {i}", {"a": 0.7, "b": 0.2, "c": 0.1}) for i in range(10_000))
    assert {name: round(count / 1000) for name, count in counts.items()} == {"a": 7, "b": 2, "c": 1}


SCRIPT = """
import sys
from pathlib import Path
from types import SimpleNamespace
from zensols_like.dataset import *
from zensols_like.persist import DictionaryStash
stash = DictionaryStash({f"k{i}": SimpleNamespace(label=f"l{i % 5}") for i in range(60)})
folder, common = Path(sys.argv[1]), ("{name}.dat", stash)
print(dict(StratifiedStashSplitKeyContainer(folder / "1", *common, partition_attr="label", seed=3).keys_by_split))
print(dict(StratifiedCrossFoldSplitKeyContainer(folder / "2", *common, partition_attr="label").keys_by_split))
print(dict(GroupStashSplitKeyContainer(folder / "3", *common, group_by="label").keys_by_split))
print(dict(LeaveNOutSplitKeyContainer(stash, {"train": -1, "test": 7}).keys_by_split))
StashSplitKeyContainer(folder / "4", *common, new_keys="hash").prime()
stash.data.update({f"new{i}": SimpleNamespace() for i in range(40)})
print(dict(StashSplitKeyContainer(folder / "4", *common, new_keys="hash").keys_by_split))
print(content_digest({"b", "a", ("c", 1)}))
"""


@pytest.mark.process
def test_splits_are_the_same_for_every_hash_seed(tmp_path: Path) -> None:  # weakness A8
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / seed)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "42")
    }
    assert len(outputs) == 1
    assert "k59" in outputs.pop()


def test_lines_of_json_are_stratified_by_a_field(tmp_path: Path) -> None:
    stash = DictionaryStash({str(i): {"label": "ab"[i % 2]} for i in range(20)})
    container = StratifiedStashSplitKeyContainer(
        tmp_path, PATTERN, stash, {"train": 0.5, "test": 0.5}, partition_attr="label"
    )
    for keys in container.keys_by_split.values():
        assert sum(int(key) % 2 for key in keys) == 5


@pytest.mark.parametrize("seed", range(8))
def test_labels_are_mixed_from_the_first_key_of_a_split_to_the_last(tmp_path: Path, seed: int) -> None:
    stash = DictionaryStash({str(i): {"label": "ab"[i % 2]} for i in range(4000)})
    container = StratifiedStashSplitKeyContainer(tmp_path, PATTERN, stash, partition_attr="label", seed=seed)
    for keys in container.keys_by_split.values():
        for some in (keys[:50], keys[-50:]):
            assert 12 < sum(int(key) % 2 for key in some) < 38
