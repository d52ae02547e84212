from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

from zensols_like.errors import CorruptBatch, MissingDataKeysError, PersistableError
from zensols_like.persist import DirectoryCompositeStash, register


@register
@dataclass
class Item:
    name: str
    parts: dict[str, Any] = field(default_factory=dict)


def make(path: Path, groups: Any = ({"a", "b"}, {"c"}), **kwargs: Any) -> DirectoryCompositeStash:
    return DirectoryCompositeStash(path, groups, "parts", **kwargs)


def test_an_item_comes_back_with_all_parts_in_order(tmp_path: Path) -> None:
    stash = make(tmp_path)
    stash.dump("k", Item("x", {"c": 1, "a": torch.arange(3), "b": "t"}))
    found = stash["k"]
    assert found.name == "x"
    assert list(found.parts) == ["c", "a", "b"]
    assert found.parts["a"].tolist() == [0, 1, 2]
    assert type(found.parts) is dict


def test_an_ordered_dictionary_stays_one(tmp_path: Path) -> None:
    stash = make(tmp_path)
    stash.dump("k", Item("x", OrderedDict(c=1, a=2, b=3)))
    assert stash["k"].parts == OrderedDict(c=1, a=2, b=3)
    assert type(stash["k"].parts) is OrderedDict


def test_only_the_groups_of_the_load_keys_are_opened(tmp_path: Path) -> None:
    make(tmp_path).dump("k", Item("x", {"a": 1, "b": 2, "c": 3}))
    for path in (tmp_path / "comp").glob("*/*"):
        if path.parent.name == "c":
            path.write_bytes(b"damaged")
    assert make(tmp_path, load_keys={"a"})["k"].parts == {"a": 1}
    assert make(tmp_path).selecting({"b"})["k"].parts == {"b": 2}
    with pytest.raises(CorruptBatch):
        make(tmp_path).load("k")


def test_dumping_does_not_change_the_item(tmp_path: Path) -> None:  # weakness B3
    item = Item("x", {"a": 1, "b": 2, "c": 3})
    make(tmp_path).dump("k", item)
    assert item == Item("x", {"a": 1, "b": 2, "c": 3})


def test_a_missing_key_gives_none_or_the_default(tmp_path: Path) -> None:  # weakness B3
    stash = make(tmp_path)
    assert stash.load("k") is None
    assert stash.get("k", 5) == 5
    assert not list(tmp_path.iterdir())


def test_delete_removes_every_file(tmp_path: Path) -> None:  # weakness B3
    stash = make(tmp_path)
    stash.dump("k", Item("x", {"a": 1, "b": 2, "c": 3}))
    stash.dump("k", Item("x", {"a": 4, "b": 5, "c": 6}))
    stash.delete("k")
    stash.delete("k")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_crash_while_an_item_is_replaced_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stash = make(tmp_path)
    stash.dump("k", Item("old", {"a": 1, "b": 2, "c": 3}))
    put = DirectoryCompositeStash.put

    def crash(self: Any, key: str, group: str, value: Any) -> Any:
        if group == "c":
            raise OSError("no space")
        return put(self, key, group, value)

    monkeypatch.setattr(DirectoryCompositeStash, "put", crash)
    with pytest.raises(OSError, match="no space"):
        stash.dump("k", Item("new", {"a": 4, "b": 5, "c": 6}))
    monkeypatch.undo()
    assert stash["k"] == Item("old", {"a": 1, "b": 2, "c": 3})


def test_many_attributes_make_no_long_folder_name_and_regrouping_keeps_data_readable(
    tmp_path: Path,
) -> None:  # weakness B4
    names = [f"attribute_number_{i}" for i in range(30)]
    make(tmp_path, (set(names),)).dump("k", Item("x", dict.fromkeys(names, 1)))
    regrouped = make(tmp_path, (set(names[:10]), set(names[10:])))
    assert regrouped["k"].parts == dict.fromkeys(names, 1)


def test_names_missing_from_an_item_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDataKeysError, match=r"\['b', 'c'\]") as found:
        make(tmp_path).dump("k", Item("x", {"a": 1}))
    assert found.value.keys == ("b", "c")


def test_names_in_no_group_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PersistableError, match=r"\['d'\] belong to no group"):
        make(tmp_path).dump("k", Item("x", {"a": 1, "b": 2, "c": 3, "d": 4}))


@pytest.mark.parametrize("groups", [(), ({"a"}, {"a", "b"}), (set(),), "ab", ("a", "b")])
def test_groups_that_are_none_are_refused(tmp_path: Path, groups: Any) -> None:
    with pytest.raises(PersistableError):
        make(tmp_path, groups)


def test_groups_that_are_one_text_are_refused_with_how_they_are_written(tmp_path):
    with pytest.raises(PersistableError, match="'label, tokens' are one text") as caught:
        DirectoryCompositeStash(tmp_path, "label, tokens", "parts")
    assert 'write \'groups = json: [["label", "tokens"]]\'' in caught.value.fix
