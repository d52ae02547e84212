"""C-6: two encoders of one store, and readers of what is rewritten."""

from __future__ import annotations

import os
import time
from itertools import count
from pathlib import Path

import torch
from support.flowers import KINDS as FLOWERS
from support.flowers import flower_stash
from torture.cases import Bench, case
from torture.crashes import KINDS
from torture.store import CONTAINERS, Content, Place, content, digest_of, encode, leftovers, values

from zensols_like.errors import CorruptBatch, MissingBatchError, StaleError
from zensols_like.persist import DirectoryStash

READS = 500


@case("C-6", "two or three encoders of one store at once", "rounds", short=10, goal=50)
def encoders(bench: Bench, seed: int) -> int:
    place = bench.place(container=KINDS[seed % 2])
    children = []
    for _ in range(2 + seed // 2 % 2):
        children.append(bench.nursery.start(encode, place, workers=bench.random.choice([1, 2])))
        time.sleep(bench.random.uniform(0, 0.05))
    victim = seed % 5 == 4
    if victim:  # the one that writes is killed, the others go on
        children.pop(0).kill()
    for child in children:
        end = child.wait()
        assert (end.code, end.value) == (0, bench.reference(place)), end.trace
    noted = place.noted()
    assert len(noted) == 10 or victim, f"encoded twice: {noted}"
    assert set(noted) == set(range(10))
    assert bench.nursery.call(leftovers, place) == []
    return 1


@case("C-6", "a reader polls one value that is rewritten", "reads", short=4, goal=20000)
def reader_of_a_value(bench: Bench, seed: int) -> int:
    path = bench.folder / "values"
    writer = bench.nursery.start(rewrite_value, path, bench.folder / "stop")
    try:
        seen = bench.nursery.call(read_value, path, READS)
    finally:
        (bench.folder / "stop").touch()
    assert writer.wait().code == 0
    assert len(seen) > 1
    return READS


def rewrite_value(path: Path, stop: Path) -> None:
    stash, number = DirectoryStash(path), 0
    while not stop.exists():
        number += 1
        stash.dump("a", {"x": torch.full((100 + number % 50, 100), float(number)), "n": number})


def read_value(path: Path, reads: int) -> set[int]:
    stash, seen = DirectoryStash(path), set()
    while not stash.exists("a"):
        time.sleep(0.001)
    number = 0
    while number < reads or len(seen) < 2:  # on a slow disk many reads may pass before the value is written again
        number += 1
        value = stash["a"]
        assert value["x"].shape == (100 + value["n"] % 50, 100)
        assert (value["x"] == value["n"]).all(), "torn"
        seen.add(value["n"])
    return seen


@case("C-6", "a reader polls a store that is cleared and encoded again", "reads", short=2, goal=5000)
def reader_of_a_store(bench: Bench, seed: int) -> int:
    place = bench.place(container=KINDS[seed % 2])
    bench.nursery.call(encode, place)
    expected = bench.nursery.call(content, place)
    writer = bench.nursery.start(rewrite_store, place, bench.folder / "stop")
    try:
        good = bench.nursery.call(poll_store, place, expected, READS)
    finally:
        (bench.folder / "stop").touch()
    assert writer.wait().code == 0
    assert good > 0
    assert bench.nursery.call(digest_of, place) == bench.reference(place)
    return READS


def rewrite_store(place: Place, stop: Path) -> None:
    while not stop.exists():
        stash = place.stash()
        stash.clear()
        stash.prime()
        time.sleep(0.1)


def poll_store(place: Place, expected: Content, reads: int) -> int:
    """Every value is the right one, or an error says that it is gone, or not there yet."""
    os.environ["RANK"] = "1"
    good = number = 0
    while number < reads or good == 0:  # on a slow disk many reads may pass before a value is there
        name = str(number % len(expected))
        number += 1
        stash = place.stash()
        try:
            found = values(stash, name)
        except (MissingBatchError, CorruptBatch, StaleError):
            time.sleep(0.002)
            continue
        assert found == expected[name], "torn"
        good += 1
    return good


@case(
    "C-6", "a reader keeps a store open that is encoded again with other sizes of batches", "reads", short=2, goal=5000
)
def reader_that_stays(bench: Bench, seed: int) -> int:
    container = KINDS[seed % 2]
    bench.nursery.call(resize_store, bench.folder, container, 4)
    writer = bench.nursery.start(resize_often, bench.folder, container, bench.folder / "stop")
    try:
        good, told = bench.nursery.call(stay, bench.folder, container, READS)
    finally:
        (bench.folder / "stop").touch()
    assert writer.wait().code == 0
    assert good > 0
    assert told > 0 or container == "shards", "it was never told"  # old shards are read as long as they are mapped
    return READS


def resize_store(folder: Path, container: str, size: int) -> None:
    flower_stash(folder / "store", 40, container=CONTAINERS[container], batch_size=size, stale="rebuild").prime()


def resize_often(folder: Path, container: str, stop: Path) -> None:
    size = 4
    while not stop.exists():
        size = 9 - size
        resize_store(folder, container, size)
        time.sleep(0.05)


def stay(folder: Path, container: str, reads: int) -> tuple[int, int]:
    """A batch has the values of its data points, or an error says that the store was encoded again."""
    os.environ["RANK"] = "1"
    stash, good, told = None, 0, 0
    limit = time.monotonic() + 120
    for number in count():
        # on a busy machine many reads may pass before anybody encodes again; then the store stays open until then
        is_answered = good > 0 and (told > 0 or container == "shards")
        if number >= reads and (is_answered or time.monotonic() > limit):
            break
        try:
            if stash is None or (number % 50 == 0 and number < reads):
                stash = flower_stash(folder / "store", 40, container=CONTAINERS[container], stale="ignore")
            batch = stash[str(number % 8)]
        except (StaleError, MissingBatchError) as error:
            told += isinstance(error, StaleError)
            stash = None
            time.sleep(0.002)
            continue
        numbers = list(map(int, batch.data_point_ids))
        assert batch["size"].tolist() == numbers, "values of other data points"
        assert [FLOWERS[number % 3] for number in numbers] == [sorted(FLOWERS)[kind] for kind in batch["label"]]
        good += 1
    return good, told
