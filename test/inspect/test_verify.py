"""What is damaged is found, exactly, and encoded again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.flowers import flower_stash

from zensols_like.batch import BatchDirectoryCompositeStash, BatchShardStash, BatchStash
from zensols_like.errors import BatchError, CorruptBatch, MissingBatchError, StaleError
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
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


@pytest.mark.parametrize("name", ["plan.rec", "index.rec"])
def test_a_damaged_book_is_named(tmp_path, name):
    primed(tmp_path)
    book = tmp_path / "batch" / ".store" / name
    data = bytearray(book.read_bytes())
    data[-1] ^= 1
    book.write_bytes(data)
    report = verify_store(open_store(tmp_path / "batch"))
    assert report.status == "damaged"
    (damage,) = report.damaged
    assert (damage.batch_id, damage.file) == (None, str(book))
    with pytest.raises(CorruptBatch, match="say what belongs in it"):
        repair_store(StashReader(flower_stash(tmp_path)), report.damaged)


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
