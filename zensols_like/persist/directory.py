"""A folder with one record file for each key."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from zensols_like.errors import CorruptBatch, PersistableError
from zensols_like.persist.atomic import remove_temporaries, sync_folder, write_atomically
from zensols_like.persist.folder import FileFolder, StoreFolder
from zensols_like.persist.frame import REPAIR, unframe
from zensols_like.persist.framing import Records
from zensols_like.persist.mapped import map_file
from zensols_like.persist.names import file_name, key_of
from zensols_like.persist.receipt import Receipt, ReceiptRun
from zensols_like.persist.records import RecordStash, RecordStore

__all__ = ["DirectoryRecords", "DirectoryStash", "require_path"]


def require_path(path: Any, option: str = "path") -> Path:
    """Refuse what is no path.

    Raises:
        PersistableError: ``path`` is not a `Path`.
    """
    if not isinstance(path, Path):
        raise PersistableError(
            f"The {option} {path!r} is a {type(path).__name__}, not a Path.",
            None,
            f"write '{option} = path: …' in a configuration, or Path(…) in Python",
        )
    if path.exists() and not path.is_dir():
        raise PersistableError(f"The {option} {str(path)!r} is a file, not a folder.", None, "name a folder")
    return path


@dataclass(frozen=True)
class DirectoryRecords(RecordStore):
    """One file for each record: ``root/<group>/<key as a file name>``."""

    root: Path
    prefix: str = ""
    suffix: str = ".dat"
    _written: dict[Path, None] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Folders that got new names, one for each group."""

    @cached_property
    def _root(self) -> str:
        return str(self.root)  # putting paths together takes longer than opening a file

    def path_of(self, key: str, group: str) -> Path:
        """The file of a record; it need not exist."""
        return self.root / group / f"{self.prefix}{file_name(key)}{self.suffix}"

    def keys_of(self, group: str) -> list[str]:
        """The keys that have a file, sorted."""
        return sorted(self._key(group, name) for name in self._names(group))

    def files(self, group: str) -> list[str]:
        """One for each key."""
        return [str(Path(group) / name) for name in self._names(group)]

    def _names(self, group: str) -> list[str]:
        try:
            entries = os.scandir(self.root / group)
        except (FileNotFoundError, NotADirectoryError):
            return []
        with entries:
            names = [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_file()]
        return list(filter(self._is_ours, names))

    def _is_ours(self, name: str) -> bool:
        return (
            name.startswith(self.prefix)
            and name.endswith(self.suffix)
            and len(name) > len(self.prefix) + len(self.suffix)
        )

    def _key(self, group: str, name: str) -> str:
        key = key_of(name[len(self.prefix) : len(name) - len(self.suffix)])
        if key is None:
            path = self.root / group / name
            key = unframe(map_file(path), str(path), verify=False).key
        return key

    def find(self, key: str, group: str) -> Receipt | None:
        """The receipt of a record by its place; ``None`` when there is none."""
        path = self.path_of(key, group)
        try:
            size = path.stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Receipt(str(path.relative_to(self.root)), 0, size, 0)

    def find_all(self, group: str) -> Iterator[tuple[str, Receipt]]:
        """The files of a group, by their names."""
        for key in self.keys_of(group):
            receipt = self.find(key, group)
            if receipt is not None:
                yield key, receipt

    def put_all(self, runs: Iterable[Records]) -> list[ReceiptRun]:
        """Write the file of each record."""
        return [
            self._write(records.part(number, number + 1)) for records in runs for number in range(len(records.keys))
        ]

    def _write(self, record: Records) -> ReceiptRun:
        path = self.path_of(record.keys[0], record.group)
        write_atomically(path, record.pieces, syncs_name=False)
        self._written[path.parent] = None
        return record.receipts(str(path.relative_to(self.root)))

    def get(self, receipt: Receipt) -> memoryview:
        """Map the file of a record."""
        path = f"{self._root}/{receipt.file}"
        try:
            data = map_file(path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise CorruptBatch("The file of a record is gone.", path, REPAIR) from error
        is_committed = receipt.checksum != 0  # else it was found by its place, and may have been replaced since
        if is_committed and len(data) != receipt.length:
            raise CorruptBatch(
                f"The file of a record has {len(data)} bytes; {receipt.length} were committed.",
                path,
                REPAIR,
            )
        return data

    def delete(self, key: str, group: str) -> None:
        """Remove the file of a record."""
        path = self.path_of(key, group)
        if path.exists():
            path.unlink()
            sync_folder(path.parent)

    def flush(self) -> None:
        """Force the names of the files to the disk, whose bytes are there already."""
        # a folder stays noted: there are few, and who took it off might not be done when another thread needs it
        for folder in tuple(self._written):
            with suppress(FileNotFoundError):  # somebody removed it, and with it all names in it
                sync_folder(folder)

    def close(self) -> None:
        """Flush; nothing is open."""
        self.flush()

    def keep_only(self, files: Collection[str]) -> None:
        """Remove temporary files, and in the folders of groups the records that are not named."""
        for folder in {(self.root / name).parent for name in files}:  # where this store wrote, and nowhere else
            remove_temporaries(folder)
            for path in folder.iterdir():
                if path.is_file() and self._is_ours(path.name) and str(path.relative_to(self.root)) not in files:
                    path.unlink()

    def where(self, receipt: Receipt) -> str:
        """The file."""
        return str(self.root / receipt.file)

    def clear(self) -> None:
        """Remove the folder."""
        self._written.clear()
        if self.root.exists():
            shutil.rmtree(self.root)


@dataclass
class DirectoryStash(RecordStash):
    """A folder with one verified record for each key.

    Values are numbers, strings, containers, paths, dates, arrays, tensors and objects of registered classes; anything
    else needs ``format = pickle`` and ``trusted = true``.  Loaded tensors and arrays are views of a private map of the
    file: writing into them changes neither the file nor the next load.

    Configuration::

        [points]
        class_name = zensols_like.persist.DirectoryStash
        path = path: target/points

    Args:
        path: The folder; it is made by the first `dump`.
        pattern: How a file is called; holds ``{name}`` once.

    Example:
        >>> import tempfile
        >>> stash = DirectoryStash(Path(tempfile.mkdtemp()) / "points")
        >>> stash.dump("a", {"size": (1.5, 2.0)})
        >>> stash["a"], list(stash.keys())
        ({'size': (1.5, 2.0)}, ['a'])
    """

    path: Path
    """The folder."""
    pattern: str = "{name}.dat"
    """The name of a file."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require_path(self.path)
        prefix, found, suffix = self.pattern.partition("{name}")
        if found == "" or "{name}" in suffix or "/" in self.pattern or os.sep in self.pattern or prefix.startswith("."):
            raise PersistableError(
                f"The pattern {self.pattern!r} is no file name with one {{name}} in it.",
                None,
                "use a pattern such as '{name}.dat', without a folder and without a leading dot",
            )
        self._files = DirectoryRecords(self.path, prefix, suffix)

    @property
    def records(self) -> DirectoryRecords:
        """The files."""
        return self._files

    @property
    def folder(self) -> StoreFolder:
        """The folder beside, since this one holds keys only."""
        return FileFolder(self.path.parent / f"{self.path.name}.store")

    @property
    def container(self) -> str:
        """A file for each key."""
        return "directory"

    def grouping(self, attributes: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """All attributes in one record."""
        return (tuple(sorted(attributes)),)

    def group_key(self, group: Collection[str]) -> str:  # noqa: ARG002 (there is only one)
        """The one group has no name."""
        return ""

    def key_to_path(self, name: str) -> Path:
        """The file of a key; it need not exist."""
        return self._files.path_of(name, "")

    def load(self, name: str) -> Any:
        """The value of a key; ``None`` when absent."""
        receipt = self._files.find(name, "")
        return None if receipt is None else self.get_part(name, "", receipt)

    def dump(self, name: str, inst: Any) -> None:
        """Store a value, whole or not at all."""
        self.put(name, "", inst)
        self.flush()

    def delete(self, name: str) -> None:
        """Remove the file of a key."""
        self._files.delete(name, "")

    def exists(self, name: str) -> bool:
        """Whether the key has a file."""
        return self.key_to_path(name).is_file()

    def keys(self) -> Iterable[str]:
        """The keys that have a file, sorted."""
        return self._files.keys_of("")

    def clear(self) -> None:
        """Remove the file of each key; other files stay."""
        names = self._files.files("")
        for name in names:
            (self.path / name).unlink(missing_ok=True)
        if names:
            sync_folder(self.path)
