"""All stores below a folder; no configuration and no source is looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from zensols_like.books import BOOKS, MANIFEST, books_of
from zensols_like.errors import APIError
from zensols_like.inspect.errors import NotFoundError
from zensols_like.inspect.open import open_store
from zensols_like.inspect.reader import BatchReader
from zensols_like.inspect.report import Report

__all__ = ["DEPTH", "StoreEntry", "StoresReport", "find_stores", "is_store", "list_stores", "require_stores"]

DEPTH = 6
"""How many folders deep to look."""


@dataclass(frozen=True)
class StoreEntry:
    """A store among others."""

    path: str
    status: str
    """``damaged`` where its books cannot be read."""
    batches: int | None
    """This and what follows is ``None`` where the books do not say it."""
    committed: int | None
    data_points: int | None
    size_bytes: int | None
    created: str | None
    """When it was begun."""
    note: str | None
    """What is wrong with it."""


@dataclass(frozen=True)
class StoresReport(Report):
    """The stores below a folder."""

    kind: ClassVar[str] = "stores"

    path: str
    stores: tuple[StoreEntry, ...]


def list_stores(folder: Path, depth: int = DEPTH) -> StoresReport:
    """What there is below a folder; what is damaged is said so.

    Args:
        folder: Where to look.
        depth: How many folders deep.

    Raises:
        NotFoundError: There is none.
    """
    return StoresReport(str(folder), tuple(map(_entry, require_stores(folder, depth))))


def require_stores(folder: Path, depth: int = DEPTH) -> list[Path]:
    """The stores below a folder, or the folder itself when it is one.

    Raises:
        NotFoundError: There is none.
    """
    found = list(find_stores(folder, depth))
    if not found:
        raise NotFoundError(
            f"{folder.name!r} is a file, not a store."
            if folder.is_file()
            else f"There is no store in {folder.name!r}.",
            str(folder.absolute()),
            f"give the folder that the batches are encoded into, or one at most {depth} folders above it",
        )
    return found


def is_store(folder: Path) -> bool:
    """Whether the batches of a store lie in a folder."""
    place = folder.resolve() if folder.name in ("", "..") else folder
    return any((books / MANIFEST).is_file() for books in books_of(place))


def find_stores(folder: Path, depth: int = DEPTH) -> Iterator[Path]:
    """The stores below a folder, or the folder itself, in the order of their names.

    Links and what may not be read are passed over, and so are the insides of stores.
    """
    if is_store(folder):
        yield folder
    elif depth > 0:
        names = _folders(folder)
        # the books of a store may lie beside its folder, which need not be there, and may hold very many files
        beside = {name.removesuffix(BOOKS) for name in names if name.endswith(BOOKS) and name != BOOKS}
        hidden = {name for name in names if name.startswith(".") or name.endswith(BOOKS)}
        for name in sorted({*names, *beside}.difference(hidden)):
            yield from find_stores(folder / name, depth - 1)


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _entry(path: Path) -> StoreEntry:
    try:
        return _read_entry(open_store(path))
    except APIError as error:
        return StoreEntry(str(path), "damaged", None, None, None, None, None, error.what)


def _read_entry(reader: BatchReader) -> StoreEntry:
    manifest, index = reader.manifest, reader.store.index
    batches = manifest.plan["batches"]
    created = manifest.provenance.get("began")
    return StoreEntry(
        reader.path,
        reader.status.value,
        batches,
        batches - len(index.missing()),
        manifest.plan["data_points"],
        int(index.length.sum()),
        created if isinstance(created, str) else None,
        None,
    )
