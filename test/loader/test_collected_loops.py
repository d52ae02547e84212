"""A loop that is forgotten ends its threads, whoever collects it."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest
from loader_fakes import FakeBatch
from torch import device

from zensols_like.loader import BatchLoader, LoaderOptions
from zensols_like.loader.source import BatchSource


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def test_a_thread_of_the_loop_may_collect_it_while_it_holds_the_queue(without_collector: None) -> None:
    collects, may_load = threading.Event(), threading.Event()
    main = threading.current_thread()
    collected: list[int] = []

    def size_bytes(batch_id: str) -> int:
        # the collector may begin at any place where memory is asked for, also while the queue is locked
        if collects.is_set() and threading.current_thread() is not main:
            collects.clear()
            time.sleep(0.2)  # the other thread comes to the lock meanwhile
            collected.append(gc.collect())
        return 1

    def load(batch_id: str) -> FakeBatch:
        if batch_id != "0":
            may_load.wait(300)
        return FakeBatch(batch_id, {})

    ids = [str(number) for number in range(100)]
    source = BatchSource(
        "some",
        "digest",
        ids,
        partial(map, load),
        lambda batch, _: batch,
        lambda batch: batch,
        device("cpu"),
        1,
        False,
        size_bytes,
    )
    loader = BatchLoader(source, LoaderOptions(workers=2, max_bytes=1 << 20, prefetch=8))
    before = set(threading.enumerate())
    loop: list[object] = [iter(loader)]
    next(loop[0])  # type: ignore[call-overload]
    loop.append(loop)  # as a loop in a traceback is
    del loop
    time.sleep(0.1)
    collects.set()
    may_load.set()
    deadline = time.monotonic() + 300
    while not collected or set(threading.enumerate()) - before:
        assert time.monotonic() < deadline, "the threads wait for each other"
        time.sleep(0.01)
