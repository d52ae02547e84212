"""Whether this machine and this store are fit to encode."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

import zensols_like
from zensols_like.batch import Status
from zensols_like.errors import APIError
from zensols_like.inspect.reader import BatchReader
from zensols_like.inspect.report import Report
from zensols_like.multi import available_cpus, start_context
from zensols_like.multi.scratch import has_temporary_folder, leftovers
from zensols_like.persist import FileFolder, RecordStash, lock_owner

__all__ = ["DoctorReport", "Finding", "examine_machine", "examine_store", "report_health"]

FEW_FILES = 64
"""The least number of open files with which everything here works."""
LITTLE_SHARED = 64 << 20
"""Bytes of shared memory that containers often have, and that worker processes of torch easily fill."""
SPARE = 1.1
"""How much more space than the estimate there ought to be."""


@dataclass(frozen=True)
class Finding:
    """Something that was looked at."""

    name: str
    value: str
    state: str = "ok"
    """``ok``, ``note`` or ``wrong``."""
    advice: str | None = None
    """What to do about it."""


@dataclass(frozen=True)
class DoctorReport(Report):
    """All that was looked at."""

    kind: ClassVar[str] = "doctor"

    findings: tuple[Finding, ...]

    @property
    def wrong(self) -> tuple[Finding, ...]:
        """What keeps an encode from working."""
        return tuple(one for one in self.findings if one.state == "wrong")


def report_health(reader: BatchReader | None) -> DoctorReport:
    """Look at the machine, and at a store if there is one.

    Args:
        reader: The batches.
    """
    return DoctorReport((*examine_machine(), *(() if reader is None else examine_store(reader))))


def examine_machine() -> Iterator[Finding]:
    """Versions, limits and places of the machine, as this process has them."""
    yield Finding("zensols_like", zensols_like.__version__)
    yield Finding("python", f"{platform.python_version()} on {sys.platform}, {platform.machine()}")
    yield Finding("torch", f"{torch.__version__}, {'with' if torch.cuda.is_available() else 'no'} CUDA device")
    yield Finding("numpy", np.__version__)
    yield Finding("CPUs", f"{available_cpus()} of {os.cpu_count()} for this process")
    yield Finding("start method", start_context().get_start_method())
    yield _open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield from _small_limits()
    yield _temporary_folder()
    yield from _shared_memory(Path("/dev/shm"))  # noqa: S108 (it is only looked at)
    left = list(leftovers()) if has_temporary_folder() else []
    if left:
        yield Finding(
            "temporary folders",
            f"{len(left)} of killed processes, as {left[0]}",
            "note",
            "the next encode removes them",
        )


def _open_files(limit: int) -> Finding:
    if limit == resource.RLIM_INFINITY:
        return Finding("open files", "no limit")
    is_low = limit < FEW_FILES
    return Finding(
        "open files",
        f"at most {limit}",
        "wrong" if is_low else "ok",
        f"raise it to at least {FEW_FILES}: ulimit -n {FEW_FILES}" if is_low else None,
    )


def _small_limits() -> Iterator[Finding]:
    """Limits of this process that are usually not set, and stop an encode when they are."""
    kinds = (("file size", resource.RLIMIT_FSIZE, "-f"), ("memory", resource.RLIMIT_AS, "-v"))
    for name, kind, option in kinds:
        limit = resource.getrlimit(kind)[0]
        if limit != resource.RLIM_INFINITY:
            advice = f"an encode that needs more stops with an error: ulimit {option} unlimited"
            yield Finding(name, f"at most {limit / (1 << 20):.6g} MiB", "note", advice)


def _temporary_folder() -> Finding:
    if not has_temporary_folder():
        return Finding("temporary folder", "none", "note", "set TMPDIR to a folder that can be written to")
    import tempfile  # here: its folder is looked for when it is first asked

    return Finding("temporary folder", f"{tempfile.gettempdir()}, {_free(Path(tempfile.gettempdir()))}")


def _shared_memory(place: Path) -> Iterator[Finding]:
    if place.is_dir():
        is_small = shutil.disk_usage(place).total <= LITTLE_SHARED
        yield Finding(
            "shared memory",
            f"{place}, {_free(place)}",
            "note" if is_small else "ok",
            "a data loader with workers may need more: run the container with --shm-size=1g" if is_small else None,
        )


def _free(place: Path) -> str:
    return f"{shutil.disk_usage(place).free / (1 << 30):.1f} GiB free"


def examine_store(reader: BatchReader) -> Iterator[Finding]:
    """The status of a store, the space that it will need, and what a crash left."""
    try:
        status = reader.status
        yield Finding("store", f"{reader.path}, {status.value}", "note" if status is Status.STALE else "ok")
        needed = None if status is Status.ABSENT else _bytes_to_come(reader)
    except APIError as error:
        yield Finding("store", f"{reader.path}: {error.what}", "wrong", error.fix)
        needed = None
    folder = reader.store.folder
    if not isinstance(folder, FileFolder):
        return
    yield _space(_existing(folder.path), needed)
    if reader.store.index_damage is not None:
        yield Finding("index", reader.store.index_damage.what, "wrong", reader.store.index_damage.fix)
    if not folder.is_writable():
        yield Finding("rights", f"{folder.path} cannot be written to", "note", "it can be read, and not encoded into")
    yield from _lock(folder.path / "lock")
    yield from _temporary_files((folder.path, Path(reader.path)))
    yield from _unnamed_records(reader)


def _bytes_to_come(reader: BatchReader) -> int | None:
    """How much the batches that are missing will take, by those that are there; ``None`` when there are none."""
    index, batches = reader.store.index, len(reader.store.plan)
    missing = len(index.missing())
    if missing == batches:
        return None
    is_committed = (index.file >= 0).all(axis=0)
    return round(float(index.length[:, is_committed].sum(axis=0).mean()) * missing)


def _space(place: Path, needed: int | None) -> Finding:
    free = shutil.disk_usage(place).free
    text = f"{free / (1 << 30):.1f} GiB free on the file system of {place}"
    if not needed:
        return Finding("disk", text)
    text += f", {needed / (1 << 20):.3g} MiB more expected"
    if needed * SPARE <= free:
        return Finding("disk", text)
    return Finding("disk", text, "wrong", "free some space, or give the store another folder")


def _existing(path: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def _lock(path: Path) -> Iterator[Finding]:
    """Who a lock file says holds it."""
    owner = lock_owner(path)
    if owner is None:
        return
    if not owner.is_here:
        yield Finding("lock", str(owner), "wrong", f"wait for it to end; if it is dead, remove {path}")
    elif Path("/proc").is_dir() and not Path(f"/proc/{owner.pid}").is_dir():
        yield Finding("lock", f"{owner}, which is dead", "note", "nothing to do: the next encode takes it over")
    else:
        yield Finding("lock", str(owner), "note", "it encodes; others wait for it")


def _temporary_files(folders: Iterable[Path]) -> Iterator[Finding]:
    """Files under temporary names, which only a killed process leaves."""
    found = sorted({path for folder in folders if folder.is_dir() for path in folder.rglob(".*.tmp")})
    if found:
        yield Finding(
            "temporary files",
            f"{len(found)}, as {found[0]}",
            "note",
            "if nothing encodes now, a killed process left them; they are never read, and encoding removes them",
        )


def _unnamed_records(reader: BatchReader) -> Iterator[Finding]:
    """Files of records that no batch is in: what a killed encode wrote last, or an older generation."""
    if not isinstance(reader.contexts, RecordStash):
        return
    try:
        named = set() if reader.store.manifest is None else set(reader.store.index.files)
        groups = [] if reader.store.manifest is None else reader.manifest.groups
    except APIError:
        return  # it is told above
    records = reader.contexts.records
    found = sorted({file for group in groups for file in records.files(group.key)}.difference(named))
    if found:
        yield Finding(
            "records",
            f"{len(found)} files that no batch needs, as {found[0]}",
            "note",
            "an encode goes on, or was killed: the next one that ends removes them",
        )
