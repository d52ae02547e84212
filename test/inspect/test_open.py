"""Stores by their paths, stashes by their configurations."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.flowers import flower_stash

from zensols_like.batch import BatchStash, Status
from zensols_like.errors import ConfigurationError, CorruptBatch
from zensols_like.inspect import NotFoundError, count_batches, open_stash, open_store, report_batch
from zensols_like.persist import DelegateStash, DirectoryStash


def test_a_store_of_a_composite_directory_is_opened(tmp_path):
    flower_stash(tmp_path).prime()
    reader = open_store(tmp_path / "batch")
    assert reader.path == str(tmp_path / "batch")
    assert reader.status is Status.COMPLETE
    assert reader.manifest.container == "composite"
    assert count_batches(reader).batches == 5


def test_a_store_of_a_plain_directory_is_opened(tmp_path):
    flower_stash(tmp_path, delegate=DirectoryStash(tmp_path / "plain")).prime()
    reader = open_store(tmp_path / "plain")
    assert reader.path == str(tmp_path / "plain")
    assert reader.manifest.container == "directory"
    assert [one.name for one in report_batch(reader, "0").attributes] == ["label", "size", "leaves", "noise"]


def test_a_store_is_found_from_inside(tmp_path, monkeypatch):
    flower_stash(tmp_path).prime()
    flower_stash(tmp_path, delegate=DirectoryStash(tmp_path / "plain")).prime()
    for name in ("batch", "plain"):
        monkeypatch.chdir(tmp_path / name)
        assert count_batches(open_store(Path())).batches == 5


def test_a_stash_of_another_kind_needs_its_configuration(tmp_path):
    stash = flower_stash(tmp_path, delegate=DelegateStash(DirectoryStash(tmp_path / "other")))
    stash.prime()
    with pytest.raises(ConfigurationError, match="'stash', which only its configuration opens"):
        open_store(tmp_path / "ids.json")


@pytest.mark.parametrize("name", ["", "nothing", "nothing/at/all"])
def test_what_is_no_store_is_not_found(tmp_path, name):
    with pytest.raises(NotFoundError, match="There is no store in"):
        open_store(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_store_without_its_manifest_is_told_as_such(tmp_path):
    flower_stash(tmp_path).prime()
    (tmp_path / "batch" / ".store" / "manifest.json").unlink()
    with pytest.raises(NotFoundError, match=r"(?s)manifest of the store 'batch' is gone.*encode again"):
        open_store(tmp_path / "batch")


def test_a_damaged_manifest_is_corrupt(tmp_path):
    (tmp_path / ".store").mkdir()
    (tmp_path / ".store" / "manifest.json").write_text("[]")
    with pytest.raises(CorruptBatch, match="The manifest is damaged"):
        open_store(tmp_path)


STASH = """
[{name}]
class_name = zensols_like.batch.BatchStash
"""


def test_the_only_batch_stash_is_found_whatever_its_name(tmp_path):
    config = tmp_path / "one.conf"
    config.write_text(STASH.format(name="mine") + "[other]\nclass_name = not.There\n[plain]\nx = 1\n")
    with pytest.raises(ConfigurationError, match=r"BatchStash needs the arguments .*\n.*one.conf \[mine\]"):
        open_stash(config)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (STASH.format(name="a") + STASH.format(name="b"), "name one of ['a', 'b'] with --section"),
        ("[default]\nx = 1\n", "There are no sections of a batch stash."),
    ],
)
def test_without_a_name_there_is_no_guessing(tmp_path, text, message):
    config = tmp_path / "some.conf"
    config.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        open_stash(config)
    assert message in str(caught.value)


def test_overrides_reach_the_stash(tmp_path):
    resources = Path(__file__).parents[2] / "test-resources"
    stash = open_stash(
        resources / "iris-reference" / "iris.conf",
        [
            "batch_stash.batch_size=7",
            "batch_stash.data_point_type=class: support.flowers.Flower",
            "batch_stash.batch_type=class: zensols_like.batch.DefaultBatch",
            "batch_stash.decoded_attributes=None",
        ],
    )
    assert isinstance(stash, BatchStash)
    assert stash.batch_size == 7
