"""A store that this process begins to encode, and others go on with, is the store that one alone makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.flowers import flower_stash, items

from zensols_like.batch import BatchDirectoryCompositeStash, BatchShardStash, BatchStash, EncodeError, Status
from zensols_like.multi import ThriftyPool


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes start after the second batch."""
    monkeypatch.setattr("zensols_like.multi.size.available_cpus", lambda: 2)
    monkeypatch.setattr(ThriftyPool, "GLANCE_S", 0.0)
    monkeypatch.setattr(ThriftyPool, "START_S", -9.0)
    monkeypatch.setattr(ThriftyPool, "GROWTH", 1)


def digest(stash: BatchStash) -> str:
    stash.prime()
    return stash.store.content_digest(stash.delegate)  # type: ignore[arg-type]


@pytest.mark.process
@pytest.mark.parametrize("method", ["forkserver", "fork"])
@pytest.mark.parametrize("container", [BatchShardStash, BatchDirectoryCompositeStash])
@pytest.mark.parametrize("chunk_size", [0, 3])
def test_it_holds_the_same(tmp_path: Path, container: Any, method: str, chunk_size: int) -> None:
    alone = flower_stash(tmp_path / "alone", 60, container=container)
    shared = flower_stash(
        tmp_path / "shared", 60, container=container, workers=0, chunk_size=chunk_size, start_method=method
    )
    assert digest(shared) == digest(alone)
    files = shared.store.index.files
    assert container is not BatchShardStash or len([name for name in files if name.startswith("label")]) >= 2


@pytest.mark.process
@pytest.mark.parametrize("bad", ["1", "13"])
def test_a_data_point_that_fails_here_or_there_is_named_and_the_rest_follows(tmp_path: Path, bad: str) -> None:
    source = items(20)
    source[bad]["size"] = "large"
    options: dict[str, Any] = {"container": BatchShardStash, "workers": 0, "chunk_size": 2}
    with pytest.raises(EncodeError, match=f"data point '{bad}'"):
        flower_stash(tmp_path / "shared", source=source, **options).prime()
    whole = flower_stash(tmp_path / "shared", **options)
    assert whole.status is Status.PARTIAL
    assert whole.exists("0") == (bad == "13")
    assert digest(whole) == digest(flower_stash(tmp_path / "alone"))
