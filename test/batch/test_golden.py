"""Stores that were written by the first release of version 1 load for ever, and encode to the same bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from support.golden import CONTAINERS, expected, golden_stash

from zensols_like.inspect import open_store, report_store, verify_store

GOLDEN = Path("test-resources/golden/1")
DIGESTS = dict(line.split() for line in (GOLDEN / "digests.txt").read_text().splitlines())

pytestmark = pytest.mark.parametrize("container", CONTAINERS)


@pytest.fixture
def place(tmp_path):
    """A copy, which may be written to."""
    return Path(shutil.copytree(GOLDEN, tmp_path / "golden"))


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


def test_it_is_looked_at_without_a_class_of_the_user(place, container):
    reader = open_store(place / container)
    assert verify_store(reader).damaged == ()
    report = report_store(reader, batches=None)
    assert (report.status, len(report.attributes)) == ("complete", 8)


def test_encoding_anew_gives_the_same_bytes(tmp_path, container):
    old, new = golden_stash(GOLDEN, container), golden_stash(tmp_path, container)
    new.prime()
    digests = [stash.store.content_digest(stash.delegate) for stash in (old, new)]
    assert digests == [DIGESTS[container]] * 2


def test_a_damaged_batch_is_mended_to_what_it_was(place, container):
    stash = golden_stash(place, container)
    stash.repair(["1"])
    again = golden_stash(place, container)
    assert again.store.content_digest(again.delegate) == DIGESTS[container]
    assert all(torch.equal(again["1"][name], tensor) for name, tensor in expected()["1"].items())
