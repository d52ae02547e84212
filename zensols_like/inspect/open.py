"""Find batches to look at: a store by its path, or the stash of a configuration."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from zensols_like.batch import BatchStash, BatchStore
from zensols_like.batch.interface import records_in
from zensols_like.books import MANIFEST, books_of
from zensols_like.config import ConfigFactory, ImportConfigFactory, load_config
from zensols_like.errors import ConfigurationError, FactoryError
from zensols_like.inspect.errors import NotFoundError
from zensols_like.inspect.reader import StoreReader
from zensols_like.persist import FileFolder

__all__ = ["BATCH_SECTION", "open_stash", "open_store"]

BATCH_SECTION = "batch_stash"
"""The section of the batch stash, when nobody says which."""


def open_store(path: Path) -> StoreReader:
    """The batches of a store, without its configuration: no class of a user is imported.

    Args:
        path: The folder with the batches: that of a `BatchShardStash`, a `BatchDirectoryCompositeStash` or a
            `DirectoryStash`.

    Raises:
        NotFoundError: There is no store.
        ConfigurationError: The batches lie in a stash of another kind.
        CorruptBatch: The manifest is damaged.
    """
    place = path.resolve() if path.name in ("", "..") else path
    inside, beside = books_of(place)
    for books in (inside, beside) if place.is_dir() else (beside,):
        store = BatchStore(FileFolder(books))
        manifest = store.manifest
        if manifest is not None:
            groups = [group.attributes for group in manifest.groups]
            records = records_in(manifest.container, place, groups)
            store.contexts = records
            return StoreReader(store, records)
    gone = [books / MANIFEST for books in (inside, beside) if (books / "plan.rec").is_file()]
    if gone:
        raise NotFoundError(
            f"The manifest of the store {place.name!r} is gone, without which nobody knows what is complete.",
            str(gone[0]),
            "restore the file from a copy, or encode again",
        )
    raise NotFoundError(
        f"{place.name!r} is a file, not a store." if place.is_file() else f"There is no store in {place.name!r}.",
        str(place.absolute()),
        "give the folder that the batches are encoded into, or a configuration with -c",
    )


def open_stash(path: Path, overrides: Iterable[str] = (), section: str | None = None) -> BatchStash:
    """The batch stash of a configuration; nothing is encoded.

    Args:
        path: The configuration.
        overrides: Options that win over those of the file, each as ``section.option=value``.
        section: The section of the stash; without it `BATCH_SECTION`, or the only one whose class is a `BatchStash`.

    Raises:
        ConfigurationError: There is no such stash, or no telling which; and whatever else is wrong with it.
    """
    factory = ImportConfigFactory(load_config(path, overrides))
    name = section or _find_section(factory, path)
    stash = factory.instance(name)
    if not isinstance(stash, BatchStash):
        raise ConfigurationError(
            f"[{name}] makes a {type(stash).__name__}, not a BatchStash.",
            factory.config.where(name),
            f"name the section of a batch stash with --section; there are {_candidates(factory)}",
        )
    return stash


def _find_section(factory: ConfigFactory, path: Path) -> str:
    if BATCH_SECTION in factory.config.sections:
        return BATCH_SECTION
    candidates = _candidates(factory)
    if len(candidates) == 1:
        return candidates[0]
    raise ConfigurationError(
        f"There are {len(candidates) or 'no'} sections of a batch stash.",
        str(path),
        f"name one of {candidates} with --section" if candidates else "write one, as resources/batch.conf shows",
    )


def _candidates(factory: ConfigFactory) -> list[str]:
    found = []
    for section in factory.config.sections:
        try:
            if issubclass(factory.get_class(section), BatchStash):
                found.append(section)
        except FactoryError:  # a section of something else, whose package need not be here
            continue
    return found
