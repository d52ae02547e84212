"""What is damaged is found, exactly, and encoded again."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.flowers import FailingVectorizer, flower_stash, items, managers

from zensols_like.batch import BatchDirectoryCompositeStash, BatchShardStash, BatchStash
from zensols_like.errors import BatchError, CorruptBatch, EncodeError, MissingBatchError, StaleError
from zensols_like.inspect import StashReader, Tier, open_store, repair_store, verify_store
from zensols_like.persist import DelegateStash, DictionaryStash, DirectoryStash

CONTAINERS = [BatchDirectoryCompositeStash, BatchShardStash]


def primed(folder: Path, **options) -> BatchStash:
    stash = flower_stash(folder, **options)
    stash.prime()
    return stash


def flip(stash: BatchStash, group: int, position: int, at: int = -1) -> Path:
    """Flip a bit of a record; its file."""
    receipt = stash.store.index.receipt(group, position)
    path = stash.delegate.records.root / receipt.file
    data = bytearray(path.read_bytes())
    data[receipt.offset + at % receipt.length] ^= 1
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("container", CONTAINERS)
def test_a_sound_store_has_no_damage(tmp_path, container, tier):
    stash = primed(tmp_path, container=container)
    for reader in (StashReader(stash), open_store(tmp_path / "batch")):
        report = verify_store(reader, tier)
        assert report.damaged == ()
        assert (report.status, report.batches, report.committed, report.records) == ("complete", 5, 5, 15)
        assert report.size_bytes == int(stash.store.index.length.sum())


@pytest.mark.parametrize("container", CONTAINERS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(group=st.integers(0, 2), position=st.integers(0, 4), at=st.integers(0, 10_000))
def test_a_flipped_bit_anywhere_is_found_where_it_is(tmp_path, container, group, position, at):
    stash = primed(tmp_path, container=container)
    path = flip(stash, group, position, at)
    (damage,) = verify_store(open_store(tmp_path / "batch")).damaged
    assert (damage.batch_id, damage.group) == (str(position), ("label", "leaves-size", "noise")[group])
    assert damage.split == stash.store.plan.split_of(position)
    assert damage.file.startswith(str(path))
    flip(stash, group, position, at)
    assert verify_store(open_store(tmp_path / "batch")).damaged == ()


def test_sizes_find_what_is_gone_or_cut_and_not_what_is_flipped(tmp_path):
    stash = primed(tmp_path)
    flip(stash, 0, 0)
    flip(stash, 1, 1).unlink()
    cut = flip(stash, 2, 2)
    cut.write_bytes(cut.read_bytes()[:-1])
    found = [(one.batch_id, one.group) for one in verify_store(StashReader(stash), Tier.SIZES).damaged]
    assert found == [("1", "leaves-size"), ("2", "noise")]
    assert len(verify_store(StashReader(stash)).damaged) == 3


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("container", CONTAINERS)
def test_a_file_that_is_gone_is_damage_that_is_repaired(tmp_path, container, tier):
    stash = primed(tmp_path, container=container)
    digest = stash.store.content_digest(stash.delegate)
    lost = flip(stash, 1, 0)
    lost.unlink()
    again = flower_stash(tmp_path, container=container)
    damaged = verify_store(StashReader(again), tier).damaged
    assert ("0", "leaves-size") in [(one.batch_id, one.group) for one in damaged]
    assert {one.file.split(" at ")[0] for one in damaged} == {str(lost)}
    repair_store(StashReader(again), damaged)
    assert verify_store(StashReader(again), tier).damaged == ()
    assert again.store.content_digest(again.delegate) == digest


@pytest.mark.parametrize("name", ["plan.rec", "index.rec"])
def test_a_damaged_book_is_named(tmp_path, name):
    primed(tmp_path)
    book = tmp_path / "batch" / ".store" / name
    data = bytearray(book.read_bytes())
    data[-1] ^= 1
    book.write_bytes(data)
    report = verify_store(open_store(tmp_path / "batch"))
    assert (report.status, report.records) == ("damaged" if name == "plan.rec" else "complete", 15)
    (damage,) = report.damaged
    assert (damage.batch_id, damage.file) == (None, str(book))


def spoil(path: Path) -> bytes:
    """Flip a bit of one of the books; what it was."""
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    before = path.read_bytes()
    path.write_bytes(data)
    return before


def contents(stash: BatchStash) -> list[tuple[Any, ...]]:
    return [
        (batch.id, tuple(batch.data_point_ids), {name: one.tolist() for name, one in batch.attributes.items()})
        for batch in stash.values()
    ]


@pytest.mark.parametrize("is_gone", [False, True])
@pytest.mark.parametrize("container", CONTAINERS)
def test_a_store_with_a_damaged_index_is_read_by_its_records_and_says_so(tmp_path, caplog, container, is_gone):
    stash = primed(tmp_path, container=container)
    expected, digest = contents(stash), stash.store.content_digest(stash.delegate)
    book = tmp_path / "batch/.store/index.rec"
    book.unlink() if is_gone else spoil(book)
    before = snapshot(tmp_path)
    damaged = flower_stash(tmp_path, container=container)
    assert contents(damaged) == expected
    assert "the index is damaged" in caplog.text
    assert "--repair" in caplog.text
    assert damaged.store.content_digest(damaged.delegate) == digest
    assert snapshot(tmp_path) == before


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("container", CONTAINERS)
def test_with_a_damaged_index_a_damaged_record_is_still_found_and_no_other(tmp_path, container):
    stash = primed(tmp_path, container=container)
    expected = contents(stash)
    for group, position, at in ((0, 1, 9), (1, 2, -1), (2, 3, 200)):  # of a header, a payload, a description
        flip(stash, group, position, at)
    spoil(tmp_path / "batch/.store/index.rec")
    damaged = flower_stash(tmp_path, container=container)
    for name in "123":
        with pytest.raises(CorruptBatch):
            damaged.load(name)
    assert [damaged[name].attributes["size"].tolist() for name in "04"] == [
        expected[int(name)][2]["size"] for name in "04"
    ]
    found = verify_store(open_store(tmp_path / "batch")).damaged
    assert [(one.batch_id, one.group) for one in found] == [
        (None, None), ("1", "label"), ("2", "leaves-size"), ("3", "noise")
    ]  # fmt: skip


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_damaged_index_is_written_anew_as_it_was(tmp_path, container):
    stash = primed(tmp_path, container=container)
    spoil(tmp_path / "batch/.store/index.rec")
    reader = StashReader(flower_stash(tmp_path, container=container))
    repair_store(reader, verify_store(reader).damaged)
    again = open_store(tmp_path / "batch").store
    assert (again.index.digest, again.index_damage) == (stash.store.index.digest, None)
    assert verify_store(open_store(tmp_path / "batch"), Tier.DEEP).damaged == ()


@pytest.mark.parametrize("container", CONTAINERS)
def test_index_and_records_are_repaired_together(tmp_path, container):
    stash = primed(tmp_path, container=container)
    digest = stash.store.content_digest(stash.delegate)
    flip(stash, 0, 1)
    flip(stash, 2, 3, 9)
    spoil(tmp_path / "batch/.store/index.rec")
    reader = StashReader(flower_stash(tmp_path, container=container))
    repair_store(reader, verify_store(reader).damaged)
    again = flower_stash(tmp_path, container=container)
    assert verify_store(StashReader(again), Tier.DEEP).damaged == ()
    assert again.store.content_digest(again.delegate) == digest
    assert again.store.index_damage is None


def test_of_a_store_that_was_begun_again_no_older_record_passes_for_a_lost_one(tmp_path):
    stash = primed(tmp_path, container=BatchShardStash)
    expected = contents(stash)
    flip(stash, 1, 4)
    stash.repair(["4"])  # what it was is still there
    newest = stash.store.index.receipt(1, 4).file
    spoil(tmp_path / "batch/.store/index-1.rec")
    assert contents(flower_stash(tmp_path, container=BatchShardStash)) == expected
    (tmp_path / "batch/shards" / newest).unlink()
    with pytest.raises(CorruptBatch, match=r"index-1\.rec"):
        flower_stash(tmp_path, container=BatchShardStash).load("4")


def test_another_index_is_not_taken(tmp_path):
    primed(tmp_path / "a")
    primed(tmp_path / "b", source={key: {**item, "size": -1.0} for key, item in items(20).items()})
    book = tmp_path / "a/batch/.store/index.rec"
    book.write_bytes((tmp_path / "b/batch/.store/index.rec").read_bytes())
    (damage,) = verify_store(open_store(tmp_path / "a/batch")).damaged
    assert (damage.file, damage.what) == (str(book), "The index is not the one that the manifest names.")


@pytest.mark.parametrize("is_partial", [False, True])
def test_a_damaged_plan_is_refused_and_written_anew_when_the_splits_give_it_again(tmp_path, is_partial):
    managed = {"vectorizer_manager_set": managers(FailingVectorizer), "chunk_size": 1} if is_partial else {}
    stash = flower_stash(tmp_path, **managed)
    with pytest.raises(EncodeError) if is_partial else nullcontext():
        stash.prime()
    book = tmp_path / "batch/.store/plan.rec"
    before = spoil(book)
    with pytest.raises(CorruptBatch, match="verify -c FILE --repair"):
        open_store(tmp_path / "batch").store.plan  # noqa: B018
    flower_stash(tmp_path, **managed).repair([])
    assert book.read_bytes() == before


def test_a_damaged_plan_is_not_made_up_when_the_splits_changed(tmp_path):
    primed(tmp_path)
    spoil(tmp_path / "batch/.store/plan.rec")
    before = snapshot(tmp_path)
    with pytest.raises(StaleError, match="splits changed"):
        flower_stash(tmp_path, n=24).repair([])
    del before[tmp_path / "batch/.store/lock"]
    assert {path: data for path, data in snapshot(tmp_path).items() if path.name != "lock"} == before


def test_a_store_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(MissingBatchError):
        verify_store(StashReader(flower_stash(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_progress_is_told_batch_by_batch(tmp_path):
    seen = []
    verify_store(StashReader(primed(tmp_path)), observe=lambda *numbers: seen.append(numbers))
    assert seen == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize("container", CONTAINERS)
def test_only_what_is_damaged_is_encoded_again(tmp_path, container):
    stash = primed(tmp_path, container=container)
    before = stash.store.content_digest(stash.delegate)
    flip(stash, 0, 1)
    flip(stash, 2, 3)
    reader = StashReader(flower_stash(tmp_path, container=container))
    kept = reader.store.index.receipt(0, 0)
    repair_store(reader, verify_store(reader).damaged)
    assert verify_store(reader, Tier.DEEP).damaged == ()
    assert reader.store.content_digest(reader.stash.delegate) == before
    assert reader.store.index.receipt(0, 0) == kept


def test_nothing_is_given_up_when_the_source_has_lost_a_data_point(tmp_path):
    stash = primed(tmp_path)
    flip(stash, 0, 1)
    poor = flower_stash(tmp_path, source={})
    manifest = (tmp_path / "batch" / ".store" / "manifest.json").read_bytes()
    with pytest.raises(BatchError, match="no data point"):
        repair_store(StashReader(poor), verify_store(StashReader(poor)).damaged)
    assert (tmp_path / "batch" / ".store" / "manifest.json").read_bytes() == manifest


def test_a_stale_store_is_not_repaired(tmp_path):
    stash = primed(tmp_path)
    damaged_file = flip(stash, 0, 1)
    other = StashReader(flower_stash(tmp_path, batch_size=5))
    damaged = verify_store(open_store(tmp_path / "batch")).damaged
    assert [one.file for one in damaged] == [str(damaged_file)]
    with pytest.raises(StaleError, match="batch_size: 4 -> 5"):
        repair_store(other, damaged)


@pytest.mark.parametrize("tier", Tier)
def test_what_another_stash_has_lost_is_damage(tmp_path, tier):
    stash = primed(tmp_path, delegate=DelegateStash(DirectoryStash(tmp_path / "other")))
    assert verify_store(StashReader(stash), tier).damaged == ()
    stash.delegate.delete("3")
    (damage,) = verify_store(StashReader(stash), tier).damaged
    assert damage.batch_id == "3"


def test_a_store_in_memory_is_verified(tmp_path):
    assert verify_store(StashReader(primed(None, delegate=DictionaryStash())), Tier.DEEP).damaged == ()
