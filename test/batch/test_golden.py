"""Stores that were written by the first release of version 1 load for ever, and encode to the same bytes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.golden import CONTAINERS, expected, golden_stash, numbered_arrays, numbered_stash

from zensols_like.batch.index import journal_lines
from zensols_like.errors import CorruptBatch
from zensols_like.inspect import open_store, report_store, verify_store
from zensols_like.persist.formats import find_format
from zensols_like.persist.framing import frame

GOLDEN = Path("test-resources/golden/1")
DIGESTS = dict(line.split() for line in (GOLDEN / "digests.txt").read_text().splitlines())

each_container = pytest.mark.parametrize("container", CONTAINERS)
each_plan = pytest.mark.parametrize("name", ["numbers", "numbers-as-text"])
"""As they are kept, and as they were before the end of version 1."""


@pytest.fixture
def place(tmp_path):
    """A copy, which may be written to."""
    return Path(shutil.copytree(GOLDEN, tmp_path / "golden"))


@each_container
def test_it_loads(container):
    stash = golden_stash(GOLDEN, container)
    assert stash.differences() == []
    for name, tensors in expected().items():
        batch = stash[name]
        assert batch.split_name == ("test" if name == "2" else "train")
        assert set(batch.attributes) == set(tensors)
        for attribute, tensor in tensors.items():
            assert batch[attribute].dtype == tensor.dtype
            assert torch.equal(batch[attribute], tensor), attribute
    assert stash["2"].data_point_ids == tuple(f"bl\u00fcte {number}" for number in range(6, 10))


@each_container
def test_it_is_looked_at_without_a_class_of_the_user(place, container):
    reader = open_store(place / container)
    assert verify_store(reader).damaged == ()
    report = report_store(reader, batches=None)
    assert (report.status, len(report.attributes)) == ("complete", 8)


@each_container
def test_encoding_anew_gives_the_same_bytes(tmp_path, container):
    old, new = golden_stash(GOLDEN, container), golden_stash(tmp_path, container)
    new.prime()
    digests = [stash.store.content_digest(stash.delegate) for stash in (old, new)]
    assert digests == [DIGESTS[container]] * 2


@each_container
def test_a_damaged_batch_is_mended_to_what_it_was(place, container):
    stash = golden_stash(place, container)
    stash.repair(["1"])
    again = golden_stash(place, container)
    assert again.store.content_digest(again.delegate) == DIGESTS[container]
    assert all(torch.equal(again["1"][name], tensor) for name, tensor in expected()["1"].items())


@each_plan
def test_ids_that_are_numbers_load(name, tmp_path):
    old, new = numbered_stash(GOLDEN / name), numbered_stash(tmp_path)
    assert old.differences() == []
    rows = numbered_arrays()
    for batch, same in zip(old.values(), new.values(), strict=True):
        assert (batch.data_point_ids, batch.split_name) == (same.data_point_ids, same.split_name)
        for attribute, array in rows.items():
            wanted = torch.from_numpy(array[[*map(int, batch.data_point_ids)]])
            assert torch.equal(batch[attribute], wanted)
    assert old.store.content_digest(old.delegate) == new.store.content_digest(new.delegate) == DIGESTS["numbers"]


@each_plan
def test_a_damaged_plan_of_numbers_is_mended_as_it_was(place, name):
    plan = place / name / ".store/plan.rec"
    whole = plan.read_bytes()
    plan.write_bytes(whole[:-8])
    numbered_stash(place / name).repair([])
    assert plan.read_bytes() == whole


@each_plan
def test_a_partial_store_of_numbers_goes_on(place, name):
    folder = place / name / ".store"
    stash = numbered_stash(place / name)
    store, position = stash.store, 1
    kept = [store.index.commit(0, at) for at in range(len(store.plan)) if at != position]
    partial = replace(store.require_manifest(), is_complete=False, index={})
    (folder / "journal.jsonl").write_bytes(journal_lines(kept))
    (folder / "manifest.json").write_bytes(partial.to_json())
    again = numbered_stash(place / name)
    assert again.store.index.missing() == [position]
    again.prime()
    assert again.store.content_digest(again.delegate) == DIGESTS["numbers"]
    assert again.store.plan.digest == store.plan.digest


@each_plan
def test_batches_of_the_same_numbers_are_kept_when_a_store_is_encoded_again(place, name):
    stash = numbered_stash(place / name)
    kept = [stash.store.index.receipt(0, at) for at in (0, 2, 3)]
    stash.repair(["1"])
    assert [stash.store.index.receipt(0, at) for at in (0, 2, 3)] == kept
    assert stash.store.content_digest(stash.delegate) == DIGESTS["numbers"]


@each_plan
def test_a_loader_goes_on_after_a_repair(place, name):
    loader = numbered_stash(place / name).loader("train", shuffle="batch")
    next(iter(loader))
    state = loader.state_dict()
    numbered_stash(place / name).repair(["1"])
    again = numbered_stash(place / name).loader("train", shuffle="batch")
    again.load_state_dict(state)
    assert len([*again]) == len(loader) - 1


@pytest.mark.parametrize("value", [{"splits": ["train"]}, ["splits"], 7, {}, np.arange(3)])
def test_a_plan_that_is_something_else_is_refused_and_mended(place, value):
    path = place / "numbers/.store/plan.rec"
    whole, storage = path.read_bytes(), find_format("record")
    path.write_bytes(b"".join(map(bytes, frame("plan.rec", "", storage.code, storage.encode(value)).pieces)))
    with pytest.raises(CorruptBatch, match=r"plan\.rec"):
        len(numbered_stash(place / "numbers"))
    numbered_stash(place / "numbers").repair([])
    assert path.read_bytes() == whole
