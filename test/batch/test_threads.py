"""Threads that ask for batches at once: one of them encodes, the others wait; who would wait for itself is told."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier, get_ident
from typing import Any, ClassVar

import pytest
from support.flowers import Flower, FlowerBatch, flower_stash

from zensols_like.batch import BatchShardStash, BatchStash, EncodedBatch
from zensols_like.errors import APIError, BusyError, DeepLearnError

THREADS = 8


@dataclass
class NotedFlower(Flower):
    """Notes each encode of a label, and the thread."""

    notes: ClassVar[list[tuple[str, int]]] = []

    @property
    def label(self) -> str | None:
        self.notes.append((self.id, get_ident()))
        return super().label


def at_once(ask: Any) -> list[Any]:
    """What threads get that ask at the same time."""
    barrier = Barrier(THREADS)

    def run(number: int) -> Any:
        barrier.wait()
        return ask(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


@pytest.mark.parametrize("of_views", [False, True])
def test_one_thread_encodes_and_the_others_wait_for_it(tmp_path, of_views):
    NotedFlower.notes.clear()
    stash = flower_stash(tmp_path, n=200, data_point_type=NotedFlower, container=BatchShardStash)
    views = [stash.selecting({"label", "size"}) if of_views else stash for _ in range(THREADS)]
    sizes = at_once(lambda number: views[number][str(number)]["size"].tolist())
    assert sizes == [[float(4 * number + i) for i in range(4)] for number in range(THREADS)]
    assert sorted(int(id) for id, _ in NotedFlower.notes) == list(range(200))
    assert len({thread for _, thread in NotedFlower.notes}) == 1


def test_threads_with_stashes_of_their_own_wait_too(tmp_path):
    NotedFlower.notes.clear()
    stashes = [flower_stash(tmp_path, n=80, data_point_type=NotedFlower) for _ in range(THREADS)]
    assert at_once(lambda number: len(stashes[number])) == [20] * THREADS
    assert sorted(int(id) for id, _ in NotedFlower.notes) == list(range(80))


def test_an_error_of_the_thread_that_encodes_leaves_the_turn_to_the_next(tmp_path):
    source = {"0": None}
    stash = flower_stash(tmp_path, source=source)

    def ask(_: int) -> str:
        try:
            return str(stash["0"])
        except APIError as error:
            return error.what

    assert all("has no data point" in said for said in at_once(ask))


@pytest.mark.parametrize("kind", ["itself", "a view", "a view made before", "another stash"])
def test_what_is_called_by_an_encode_cannot_ask_for_batches(tmp_path, monkeypatch, kind):
    stash = flower_stash(tmp_path)
    before = stash.selecting({"label"})
    others: dict[str, Any] = {
        "itself": lambda: stash,
        "a view": lambda: stash.selecting({"label"}),
        "a view made before": lambda: before,
        "another stash": lambda: flower_stash(tmp_path),
    }

    encode = FlowerBatch.encode

    def greedy(batch: FlowerBatch, attributes: Any = None) -> EncodedBatch:
        others[kind]().load("0")
        return encode(batch, attributes)

    error, words = (BusyError, "itself") if kind == "another stash" else (DeepLearnError, "while they are encoded")
    with monkeypatch.context() as patch:
        patch.setattr(FlowerBatch, "encode", greedy)
        with pytest.raises(error, match=words):
            stash.prime()
    assert len(stash) == 5


def test_a_copy_for_another_process_has_a_turn_of_its_own(tmp_path):
    stash = flower_stash(tmp_path)
    with stash._turn:
        copy: BatchStash = pickle.loads(pickle.dumps(stash))
        copy.prime()
    assert len(stash) == 5
