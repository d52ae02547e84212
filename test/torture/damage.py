"""C-4, C-5: flipped bits, cut files, swapped and doubled records."""

from __future__ import annotations

import os
import random
from pathlib import Path

from torture.cases import Bench, case
from torture.crashes import KINDS
from torture.store import Content, Place, committed, content, encode, values

from zensols_like.errors import APIError


def look(place: Place, expected: Content) -> tuple[set[str], str]:
    """Look at everything that a damaged store gives.

    Returns:
        The batches that raise, and what the first one says; all of them where the store does not open.
    """
    os.environ["RANK"] = "1"
    stash = place.stash()
    try:
        names = list(stash.keys())
    except APIError as error:
        return set(expected), str(error)
    assert names == list(expected), "other keys"
    assert {name: list(split.keys()) for name, split in stash.splits.items()} == {
        split: [name for name in expected if expected[name][0] == split] for split in ("train", "test")
    }, "other splits"
    damaged, message = set(), ""
    for name in names:
        try:
            found = values(stash, name)
        except APIError as error:
            damaged.add(name)
            message = message or str(error)
        else:
            assert found == expected[name], f"batch {name} comes back as another one"
    return damaged, message


def flip(path: Path, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def flip_all(place: Place, expected: Content, seed: str, count: int, name: str) -> dict[str, int]:
    """Flip a bit, look, put it back; so often.

    Args:
        place: The store.
        expected: What it gives when it is whole.
        seed: Which bits.
        count: How often.
        name: What the files are called, as a pattern.
    """
    rng = random.Random(seed)
    files = sorted(path for path in place.folder.rglob(name) if path.is_file())
    manifest = place.stash().store.require_manifest()
    found = {"raised": 0, "harmless": 0}
    for number in range(count):
        path = rng.choice(files)
        before = path.read_bytes()
        flip(path, rng)
        try:
            damaged, _ = look(place, expected)
            assert damaged or place.stash().store.require_manifest() == manifest, "the manifest says something else"
        except BaseException as error:
            after = path.read_bytes()
            at = next(i for i in range(len(after)) if after[i] != before[i])
            where = f"flip {number} of seed {seed!r}: byte {at} of {path.name}, {before[max(0, at - 20) : at + 9]!r}"
            raise AssertionError(f"{where} -> {after[at : at + 1]!r}: {type(error).__name__}: {error}") from error
        finally:
            path.write_bytes(before)
        if path.suffix == ".dat":
            assert damaged <= {path.stem}, f"a flip in {path} also damaged {damaged}"
        elif path.suffix == ".shard":
            assert len(damaged) <= 1, f"a flip in {path} damaged {damaged}"
        found["raised" if damaged else "harmless"] += 1
    return found


FLIPPED = [
    ("files", "*.dat"),
    ("shards", "*.shard"),
    ("files", "manifest.json"),
    ("files", "plan.rec"),
    ("files", "index.rec"),
]


@case("C-4", "bit flips in records, shards, manifest, plan, index", "flips", short=10, goal=10000)
def flipped(bench: Bench, seed: int) -> int:
    container, name = FLIPPED[seed % len(FLIPPED)]
    place = bench.place(container=container)
    bench.nursery.call(encode, place)
    expected = bench.nursery.call(content, place)
    found = bench.nursery.call(flip_all, place, expected, f"{name} {seed}", FLIPS, name)
    if name in ("*.dat", "plan.rec"):  # every byte of a record counts
        assert found["harmless"] == 0, found
    if name == "index.rec":  # without it records are found by their headers
        assert found["raised"] == 0, found
    return FLIPS


FLIPS = 45


@case("C-4", "bit flips in the journal of a partial store", "flips", short=2, goal=1000)
def journal_flipped(bench: Bench, seed: int) -> int:
    place = bench.place(container=KINDS[seed % 2])
    journal = place.folder / "batch/.store/journal.jsonl"
    bench.nursery.run(encode, place, death="kill:30:1:/dev/null")
    before = bench.nursery.call(committed, place)
    assert before == list(range(7))
    count = bench.nursery.call(flip_journal, place, journal, f"{seed}", 25)
    flip(journal, bench.random)
    bench.require_resumable(place, in_parts=True)
    return count + 1


def flip_journal(place: Place, journal: Path, seed: str, count: int) -> int:
    whole = journal.read_bytes()
    rng = random.Random(seed)
    for _ in range(count):
        flip(journal, rng)
        left = committed(place)  # compares what it gives
        assert set(left) <= set(range(7))
        assert len(left) >= 6, left
        journal.write_bytes(whole)
    return count


# ---- C-5


@case("C-5", "a small record, cut at every byte, and a shard at every seventh", "cuts", short=2)
def cut(bench: Bench, seed: int) -> int:
    place = bench.place(container=KINDS[seed], n=20)
    bench.nursery.call(encode, place)
    expected = bench.nursery.call(content, place)
    return int(bench.nursery.call(cut_all, place, expected))


def cut_all(place: Place, expected: Content) -> int:
    path = sorted(path for path in place.folder.rglob("*") if path.suffix in (".dat", ".shard"))[0]
    whole = path.read_bytes()
    step = 1 if path.suffix == ".dat" else 7
    cuts = [whole[:size] for size in range(0, len(whole), step)]
    cuts += [whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2), bytes(len(whole))]
    longer = [whole + b"\0", whole + whole]
    for data in (*cuts, *longer):
        path.write_bytes(data)
        damaged, message = look(place, expected)
        if path.suffix == ".dat":
            assert damaged == {path.stem}, f"{len(data)} of {len(whole)} bytes: {damaged}"
        elif data not in longer:
            assert damaged or len(data) > len(whole) - 64, f"{len(data)} of {len(whole)} bytes"
        assert not damaged or str(path) in message or path.name in message, message
    path.write_bytes(whole)
    assert look(place, expected) == (set(), "")
    return len(cuts) + 2


@case("C-5", "records swapped and doubled", "records", short=4)
def misplaced(bench: Bench, seed: int) -> int:
    place = bench.place(container=KINDS[seed % 2], n=20)
    bench.nursery.call(encode, place, chunk_size=5)
    expected = bench.nursery.call(content, place)
    return int(bench.nursery.call((misplace_files, misplace_shards)[seed % 2], place, expected, seed // 2 == 0))


def misplace_files(place: Place, expected: Content, is_swap: bool) -> int:
    """Put records into the places of others, group by group."""
    moved = 0
    for group in sorted((place.folder / "batch/comp").iterdir()):
        for first, second in (("0", "1"), ("1", "2"), ("2", "4")):
            paths = group / f"{first}.dat", group / f"{second}.dat"
            before = [path.read_bytes() for path in paths]
            paths[1].write_bytes(before[0])
            if is_swap:
                paths[0].write_bytes(before[1])
            damaged, _ = look(place, expected)
            assert damaged == ({first, second} if is_swap else {second}), (group, first, second, damaged)
            for path, data in zip(paths, before, strict=True):
                path.write_bytes(data)
            moved += 1
    return moved


def misplace_shards(place: Place, expected: Content, is_swap: bool) -> int:
    stash = place.stash()
    index = stash.store.index
    moved = 0
    for group in range(len(index.file)):
        first, second = index.receipt(group, 0), index.receipt(group, 1)
        assert first is not None
        assert second is not None
        assert (first.file, first.length) == (second.file, second.length)
        path = place.folder / "batch/shards" / first.file
        whole = path.read_bytes()
        data = bytearray(whole)
        records = [whole[one.offset : one.offset + one.length] for one in (first, second)]
        data[second.offset : second.offset + second.length] = records[0]
        if is_swap:
            data[first.offset : first.offset + first.length] = records[1]
        path.write_bytes(data)
        damaged, _ = look(place, expected)
        assert damaged == ({"0", "1"} if is_swap else {"1"}), damaged
        path.write_bytes(whole)
        moved += 1
    return moved
