"""Who has a store open while it is encoded again, or cleared, is told so, and never gets the values of others."""

from __future__ import annotations

import pytest
from support.flowers import flower_stash

from zensols_like.batch import BatchDirectoryCompositeStash, BatchShardStash
from zensols_like.errors import CorruptBatch, StaleError

CONTAINERS = [BatchDirectoryCompositeStash, BatchShardStash]


@pytest.fixture(params=CONTAINERS)
def container(request):
    return request.param


@pytest.fixture
def opened(tmp_path, container):
    """A stash that has its store open, and has read one batch."""
    flower_stash(tmp_path, container=container).prime()
    stash = flower_stash(tmp_path, container=container, stale="ignore")
    assert stash["0"]["size"].tolist() == [0.0, 1.0, 2.0, 3.0]
    return stash


def test_a_store_that_was_encoded_again_is_told(opened, tmp_path, container):
    kept = opened["0"]
    flower_stash(tmp_path, container=container, batch_size=5, stale="rebuild").prime()
    for name in ("0", "1", "4"):
        found, told = read(opened, name)
        assert found == list(map(float, range(int(name) * 4, int(name) * 4 + 4))) or (
            "encoded again since it was opened" in told and "deallocate()" in told
        )
    assert kept["size"].tolist() == [0.0, 1.0, 2.0, 3.0]
    opened.deallocate()
    assert opened["0"]["size"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_view_goes_on_with_the_store_that_its_stash_cleared_or_encoded_again(tmp_path, container):
    stash = flower_stash(tmp_path, container=container)
    view = stash.selecting({"size"})
    expected = view["1"]["size"].tolist()
    stash.clear()
    assert view["1"]["size"].tolist() == expected
    stash.clear()
    stash.prime()
    assert [tensors["size"].tolist() for tensors in view.tensors(["1"])] == [expected]
    stash.clear()
    stash.prime()
    assert dict(view.load_many(["1"]))["1"]["size"].tolist() == expected
    assert stash["1"]["size"].tolist() == expected


def test_a_store_that_was_cleared_is_told(opened, tmp_path, container):
    flower_stash(tmp_path, container=container).clear()
    assert "cleared since it was opened" in read_anew(opened)[1]


@pytest.mark.parametrize("mend", ["clear the store", "take the change back"])
def test_a_stash_that_refused_a_stale_store_takes_it_once_that_was_mended(tmp_path, container, mend):
    first = flower_stash(tmp_path, container=container)
    first.prime()
    stash = flower_stash(tmp_path, container=container)
    kinds = stash.vectorizer_manager_set["flowers"]["kind"]
    kinds.version = 2
    with pytest.raises(StaleError, match="version"):
        stash.prime()
    if mend == "clear the store":
        first.clear()
    else:
        del kinds.version
    assert stash["0"]["size"].tolist() == [0.0, 1.0, 2.0, 3.0]


def read(stash, name: str) -> tuple[list[float] | None, str]:
    """The sizes in a batch, or what a `StaleError` says."""
    try:
        return stash[name]["size"].tolist(), ""
    except StaleError as error:
        return None, str(error)


def read_anew(stash):
    vars(stash.delegate.records).get("_maps", {}).clear()  # as one that has not read this shard yet
    return read(stash, "3")


def test_a_store_that_was_cleared_and_encoded_alike_is_told_or_read(opened, tmp_path, container):
    again = flower_stash(tmp_path, container=container)
    again.clear()
    again.prime()
    found, told = read_anew(opened)
    assert found == again["3"]["size"].tolist() or (
        "encoded again" in told and container is BatchShardStash  # the files of which have other names
    )


@pytest.mark.parametrize("name", ["plan.rec", "index.rec"])
def test_the_books_of_others_are_not_taken(tmp_path, container, name):
    """The manifest was read before another process encoded again, and the rest after it."""
    flower_stash(tmp_path, container=container).prime()
    stash = flower_stash(tmp_path, container=container, stale="ignore")
    assert stash.store.is_complete
    flower_stash(tmp_path, container=container, batch_size=5, stale="rebuild").prime()
    with pytest.raises(StaleError, match="encoded again since it was opened"):
        getattr(stash.store, name.removesuffix(".rec"))


def test_damage_is_still_damage(opened, tmp_path):
    for path in (tmp_path / "batch").rglob("*"):
        if path.suffix in (".dat", ".shard"):
            path.write_bytes(path.read_bytes()[:-80])
    vars(opened.delegate.records).get("_maps", {}).clear()
    with pytest.raises(CorruptBatch):
        opened["4"]  # the last one of a shard
