"""The store that is tortured, and what a child process can do to it."""

from __future__ import annotations

import math
import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.flowers import NoiseVectorizer, flower_stash, managers
from torture.faults import Call, Fault, faulty

from zensols_like import failpoints
from zensols_like.batch import BatchDirectoryCompositeStash, BatchShardStash, BatchStash, committer
from zensols_like.batch.reader import ContextReader

CONTAINERS = {"files": BatchDirectoryCompositeStash, "shards": BatchShardStash}
NOTES = "TORTURE_NOTES"
DEATH = "TORTURE_DEATH"
BATCH_SIZE = 4


@dataclass
class Trap(NoiseVectorizer):
    """Notes which data points are encoded, and ends its process at one of them, if the environment says so."""

    def _encode(self, data: Any) -> Any:
        number = int(data)
        if NOTES in os.environ:
            with open(os.environ[NOTES], "a") as file:  # noqa: PTH123 - one write, so that lines stay whole
                file.write(f"{number}\n")
        how, at, times, counter = os.environ.get(DEATH, ":-1:0:").split(":")
        if number == int(at):
            path = Path(counter)
            died = path.stat().st_size if path.exists() else 0
            if died < int(times):
                path.write_bytes(b"x" * (died + 1))
                die(how)
        return super()._encode(data)


def die(how: str) -> None:
    """End this process, or its usefulness."""
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif how == "exit":
        os._exit(0)
    elif how == "memory":
        with limited(resource.RLIMIT_AS, 1 << 32):
            bytearray(1 << 33)
    elif how == "hang":
        threading.Event().wait()
    else:
        raise ValueError(how)


@dataclass(frozen=True)
class Place:
    """A store in a folder of its own."""

    folder: Path
    container: str = "files"
    n: int = 40
    options: dict[str, Any] = field(default_factory=dict)

    def stash(self, **options: Any) -> BatchStash:
        return flower_stash(
            self.folder,
            self.n,
            container=CONTAINERS[self.container],
            vectorizer_manager_set=managers(Trap),
            batch_size=BATCH_SIZE,
            **{"chunk_size": 1, "start_method": "fork", **self.options, **options},
        )

    @property
    def batches(self) -> int:
        return math.ceil(self.n / BATCH_SIZE)

    @property
    def notes(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.notes"

    def noted(self) -> list[int]:
        """The batches that were encoded, once for each time."""
        numbers = map(int, self.notes.read_text().split()) if self.notes.exists() else ()
        return sorted(number // BATCH_SIZE for number in numbers if number % BATCH_SIZE == 0)

    @property
    def has_begun(self) -> bool:
        """Whether the first batch is encoded."""
        return self.notes.exists()

    def copy(self, folder: Path) -> Place:
        """The same store elsewhere; the files are copied."""
        os.system(f"cp -r '{self.folder}' '{folder}'")
        return Place(folder, self.container, self.n, self.options)

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


# ---- what children do; all of it by name, since functions travel by name


def encode(
    place: Place,
    fault: Fault | None = None,
    points: str = "",
    death: str = "",
    file_size: int | None = None,
    open_files: int | None = None,
    journal_s: float = 0.0,
    **options: Any,
) -> str:
    """Encode what is missing; returns the content digest.

    Args:
        place: Where.
        fault: What a system call does.
        points: What failpoints do.
        death: How a worker dies, see :class:`Trap`.
        file_size: The largest file that the system allows.
        open_files: How many open files it allows.
        journal_s: Seconds between two lines of the journal; a line for each piece of work when 0.
        options: Of the stash.
    """
    os.environ[NOTES] = str(place.notes)
    if death:
        os.environ[DEATH] = death
    os.environ[failpoints.VARIABLE] = points  # for workers that do not fork
    failpoints._points = failpoints._parse(points)
    committer.JOURNAL_S = journal_s
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with limited(resource.RLIMIT_FSIZE, file_size), limited(resource.RLIMIT_NOFILE, open_files), faulty(fault):
        stash = place.stash(**options)
        stash.prime()
    for number in (signal.SIGINT, signal.SIGTERM):  # they came too late
        signal.signal(number, signal.SIG_IGN)
    return digest_of(place)


def trace(place: Place) -> list[Call]:
    """The system calls of an encode."""
    committer.JOURNAL_S = 0.0
    with faulty(Fault(0, "", str(place.folder))) as calls:
        place.stash().prime()
        return list(calls)


def digest_of(place: Place) -> str:
    stash = place.stash()
    return stash.store.content_digest(stash.delegate)


def committed(place: Place) -> list[int]:
    """The batches that a store says to have; each of them is loaded."""
    os.environ["RANK"] = "1"  # only look
    stash = place.stash()
    if stash.store.manifest is None:
        return []
    missing = set(stash.store.index.missing())
    have = [position for position in range(len(stash.store.plan)) if position not in missing]
    for position in have:
        contexts = ContextReader(stash.store, stash.delegate).read(position)
        assert set(contexts) == {"label", "size", "leaves", "noise"}
        first = position * BATCH_SIZE
        assert contexts["size"].tensor.tolist() == list(range(first, min(first + BATCH_SIZE, place.n)))
    return have


Content = dict[str, tuple[Any, ...]]


def content(place: Place) -> Content:
    """Everything that a user gets from a store, by batch."""
    os.environ["RANK"] = "1"
    stash = place.stash()
    return {name: values(stash, name) for name in list(stash.keys())}


def values(stash: BatchStash, name: str) -> tuple[Any, ...]:
    batch = stash[name]
    attributes = {name: (tensor.dtype, tensor.tolist()) for name, tensor in batch.attributes.items()}
    return batch.split_name, batch.data_point_ids, attributes


@contextmanager
def limited(what: int, limit: int | None) -> Iterator[None]:
    """A limit of the system on this process."""
    soft, hard = resource.getrlimit(what)
    if limit is not None:
        resource.setrlimit(what, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(what, (soft, hard))


def leftovers(place: Place) -> list[str]:
    """What a finished encode should not leave behind."""
    return [str(path) for path in place.files() if path.name.startswith(".")]


def resume(place: Place, **options: Any) -> tuple[list[int], list[int], str, list[str]]:
    """Go on with an encode that was stopped.

    Returns:
        The batches that were committed, those that were encoded now, the digest, and what was left behind.
    """
    before = committed(place)
    del os.environ["RANK"]
    place.notes.unlink(missing_ok=True)
    digest = encode(place, **options)
    assert (place.folder / "ids.json").is_file(), "the readable plan was not written"
    return before, place.noted(), digest, leftovers(place)
