"""C-7, C-8, C-12, C-20: full disks, hostile places, few file descriptors, the order of writes."""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path

import torch
from torture.cases import Bench, case
from torture.crashes import KINDS
from torture.faults import Call, Fault
from torture.store import Content, Place, content, encode, limited, resume, trace, values

from zensols_like.errors import APIError, CorruptBatch
from zensols_like.persist import DirectoryStash

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
NOBODY = 65534


def require_clear(error: BaseException | None, trace: str) -> None:
    """It is one of our errors, or the one of the system, with the file."""
    assert isinstance(error, APIError | OSError), trace
    if not isinstance(error, APIError):
        assert error.errno in FULL, trace


@case("C-7", "a file may not grow beyond a size", "sizes", short=20, goal=200)
def file_size(bench: Bench, seed: int) -> int:
    place = bench.place(container=KINDS[seed % 2])
    limit = seed * 400 if seed < 20 else bench.random.randrange(12_000)
    end = bench.nursery.run(encode, place, file_size=limit, workers=1 + seed // 2 % 2)
    if end.code != 0:
        require_clear(end.error, end.trace)
    bench.require_resumable(place)
    return 1


@case("C-7", "the n-th write, sync, open or rename fails, for every n", "failures", short=4)
def every_call_fails(bench: Bench, seed: int) -> int:
    container, name = KINDS[seed % 2], ("ENOSPC", "EIO")[seed // 2]
    wanted = {"ENOSPC": {"writev", "open", "mkdir", "pwrite"}, "EIO": {"fsync", "replace", "close", "ftruncate"}}[name]
    calls = bench.nursery.call(trace, bench.place("trace", container, 8))
    failures, count = [], 0
    for number, call in enumerate(calls, start=1):
        if call.name not in wanted:
            continue
        count += 1
        place = bench.place("store", container, 8)
        end = bench.nursery.run(encode, place, Fault(number, name, str(place.folder)))
        try:
            if end.code != 0:
                require_clear(end.error, end.trace)
            bench.require_resumable(place)
        except AssertionError as error:
            failures.append(f"{name} at call {number} of {len(calls)}, {call[:3]}:\n{error}")
    assert not failures, f"{len(failures)} of {count}\n" + "\n\n".join(failures)
    return count


MAY_MOUNT = (
    os.getuid() == 0
    and shutil.which("unshare") is not None
    and subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode == 0
)
"""Whether this user may give a process a file system of its own."""
NEW_MOUNTS = 0x00020000
DISKS_MIB = (0.1, 0.3, 0.7, 1.0, 1.3, 1.6, 2.5, 10.0)


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


def enter_disk(folder: Path, options: str) -> None:
    """Put a file system in memory over a folder, which only this process and its children see."""
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_MOUNTS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "-o", options, "tmpfs", str(folder))


def fill_disk(place: Place, size_mib: float, workers: int) -> tuple[BaseException | None, tuple[object, ...]]:
    """Encode onto a small disk, then make it larger and go on; what went wrong, and how it ended."""
    enter_disk(place.folder, f"size={int(size_mib * 1024)}k")
    error = None
    try:
        encode(place, workers=workers)
    except (APIError, OSError) as full:
        error = full
    mount("-o", "remount,size=64m", str(place.folder))
    return error, resume(place)


if MAY_MOUNT:

    @case("C-7", "a disk of 0.1 to 10 MiB is full", "disks", short=4, goal=40)
    def full_disk(bench: Bench, seed: int) -> int:
        place = bench.place(container=KINDS[seed % 2], n=400)
        size = DISKS_MIB[seed * 2 % 8] if seed < 4 else bench.random.choice(DISKS_MIB)
        error, (before, noted, digest, left) = bench.nursery.call(fill_disk, place, size, 1 + seed // 2 % 2)
        if error is not None:
            require_clear(error, repr(error))
        assert (error is None) == (len(before) == 100), f"{len(before)} batches, and {error!r}"
        assert noted == sorted(set(range(100)) - set(before))
        assert (digest, left) == (bench.reference(place), [])
        return 1


# ---- C-8


@case(
    "C-8",
    "read-only and of another user, no HOME, no temporary folder: reading works, encoding says why not",
    "places",
    short=4,
)
def hostile_place(bench: Bench, seed: int) -> int:
    """Works as another user where it is run by root."""
    root = Path(tempfile.mkdtemp(prefix="torture-"))
    try:
        root.chmod(0o755)
        place = Place(root / "store", KINDS[seed % 2])
        place.folder.mkdir()
        bench.nursery.call(encode, place)
        expected = bench.nursery.call(content, place)
        is_partial = seed // 2 == 1
        if is_partial:
            shutil.rmtree(place.folder)
            place.folder.mkdir()
            bench.nursery.run(encode, place, death="kill:30:1:/dev/null")
        for path in (place.folder, *place.folder.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        before = snapshot(place)
        end = bench.nursery.run(read_as_nobody, place)
        if is_partial:
            assert isinstance(end.error, APIError), end.trace
            assert "cannot be written" in str(end.error) or "Permission denied" in str(end.error), end.trace
        else:
            assert end.value == expected, end.trace
        assert snapshot(place) == before
    finally:
        for path in (root, *root.rglob("*")):
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(root)
    return 1


def snapshot(place: Place) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in place.files()}


def read_as_nobody(place: Place) -> object:
    stash = place.stash()
    if stash.store.is_complete:  # imports what reading needs, while the files of Python can be read
        values(stash, "0")
    os.environ.pop("HOME", None)
    os.environ["TMPDIR"] = "/nowhere"
    tempfile.tempdir = None
    os.chdir("/")
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    stash = place.stash(workers=2)
    return {name: values(stash, name) for name in list(stash.keys())}


@case("C-8", "no temporary folder and no HOME: encoding works", "encodes", short=2)
def no_temporary_folder(bench: Bench, seed: int) -> int:
    place = bench.place(container=KINDS[seed])
    assert bench.nursery.call(encode_without_home, place) == bench.reference(place)
    return 1


def encode_without_home(place: Place) -> str:
    os.environ.pop("HOME", None)
    for name in ("TMPDIR", "TEMP", "TMP"):
        os.environ[name] = "/nowhere"

    def nowhere() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    tempfile.gettempdir = nowhere
    return encode(place, workers=2)


def read_sealed(place: Place, whole: Path) -> tuple[Content, str]:
    """Read a store from a file system that is mounted for reading only; what is read, and why nothing is encoded."""
    enter_disk(place.folder, "size=64m")
    shutil.copytree(whole, place.folder, dirs_exist_ok=True)
    mount("-o", "remount,ro", str(place.folder))
    found = content(place)
    del os.environ["RANK"]
    try:
        Place(place.folder / "other").stash().prime()
    except APIError as error:
        return found, str(error)
    return found, ""


if MAY_MOUNT:

    @case("C-8", "a file system that is mounted for reading only", "disks", short=2)
    def sealed_disk(bench: Bench, seed: int) -> int:
        place, whole = bench.place(container=KINDS[seed]), bench.place("whole", KINDS[seed])
        bench.nursery.call(encode, whole)
        found, error = bench.nursery.call(read_sealed, place, whole.folder)
        assert found == bench.nursery.call(content, whole)
        assert "cannot be written to" in error
        return 1


# ---- C-12


@case("C-12", "64 open files: encoding with eight workers, all batches kept", "encodes", short=2)
def few_files(bench: Bench, seed: int) -> int:
    place = bench.place(container=KINDS[seed], n=400)
    end = bench.nursery.run(encode, place, open_files=64, workers=8, start_method=("fork", "forkserver")[seed])
    assert end.code == 0, end.trace
    assert end.value == bench.reference(place)
    assert bench.nursery.call(keep_all, place) == 100
    return 1


def keep_all(place: Place) -> int:
    with limited(resource.RLIMIT_NOFILE, 64):
        stash = place.stash()
        kept = [batch.to() for batch in stash.values()]
        assert [len(batch) for batch in kept] == [4] * 100
        return len(kept)


# ---- C-14


@case("C-14", "a record of more than 4 GiB, whole and with a bit flipped at its end", "records", short=0, goal=1)
def giant(bench: Bench, seed: int) -> int:
    child = bench.nursery.start(store_giant, bench.folder / "giant")
    end = child.wait(600)
    assert (end.code, end.value) == (0, "CorruptBatch"), end.trace
    return 1


def store_giant(folder: Path) -> str:
    """Store tensors of 4 GiB and of a few bytes after it, load them, damage the last byte and load again."""
    size = (1 << 32) + 3
    tensor = torch.zeros(size, dtype=torch.uint8)
    tensor[0], tensor[-1] = 1, 2
    stash = DirectoryStash(folder)
    stash.dump("a", {"large": tensor, "small": torch.tensor([3, 4])})
    found = stash["a"]
    assert (len(found["large"]), int(found["large"][0]), int(found["large"][-1])) == (size, 1, 2)
    assert found["small"].tolist() == [3, 4]
    with stash.key_to_path("a").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\xff")
    try:
        stash.load("a")
    except CorruptBatch as error:
        return type(error).__name__
    return "nothing"


# ---- C-20


@case("C-20", "fsync of the file, rename, fsync of the folder, line of the journal: in this order", "commits", short=2)
def order(bench: Bench, seed: int) -> int:
    place = bench.place(container=KINDS[seed])
    calls = bench.nursery.call(trace, place)
    books = str(place.folder / "batch/.store/")
    lines = [
        number for number, call in enumerate(calls) if call.name == "writev" and call.path.endswith("journal.jsonl")
    ]
    assert len(lines) == 10
    begin = 0
    for line in lines:
        piece = calls[begin:line]
        written = {call.target for call in piece if call.name == "replace"}
        written |= {call.path for call in piece if call.name == "writev" and call.path.endswith(".shard")}
        written = {path for path in written if "/comp/" in path or "/shards/" in path}
        assert len(written) == 3, written
        for path in written:
            require_durable(calls[:line], path)
        assert calls[line + 1][:2] == ("fsync", calls[line].path)
        begin = line
    final = [call for call in calls[lines[-1] + 2 :] if call.name in ("writev", "fsync", "replace", "unlink")]
    names = [(call.name, Path(call.target or call.path).name) for call in final if call.path.startswith(books[:-1])]
    assert names == [
        ("writev", ".index.rec.tmp"),
        ("fsync", ".index.rec.tmp"),
        ("replace", "index.rec"),
        ("fsync", ".store"),
        ("writev", ".manifest.json.tmp"),
        ("fsync", ".manifest.json.tmp"),
        ("replace", "manifest.json"),
        ("fsync", ".store"),
        ("unlink", "journal.jsonl"),
        ("fsync", ".store"),
    ]
    return len(lines)


def require_durable(calls: list[Call], path: str) -> None:
    """What was written to a file is durable, and so is its name."""
    folder = str(Path(path).parent)
    last = {(call.name, call.path): number for number, call in enumerate(calls)}
    moved = next((number for number, call in enumerate(calls) if call.target == path), None)
    source = path if moved is None else calls[moved].path
    named = last["open", source] if moved is None else moved
    assert last["writev", source] < last["fsync", source], f"{source} is not durable"
    assert moved is None or last["fsync", source] < moved, f"{source} is renamed before it is durable"
    assert named < last["fsync", folder], f"the name of {path} is not durable"
