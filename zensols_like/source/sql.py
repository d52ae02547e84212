"""Rows of a database: SQLite, or any that SQLAlchemy knows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from zensols_like.persist import BulkStash
from zensols_like.source.digest import Buffer, SourceStash
from zensols_like.source.errors import SourceError
from zensols_like.source.extra import import_extra
from zensols_like.source.file import Stamp, require_file
from zensols_like.source.keyindex import KeyIndex, whole_number

__all__ = ["SqlStash"]

_PARAMETER = "key"

Row: TypeAlias = dict[str, Any]
Execute: TypeAlias = Callable[[str, Mapping[str, Any]], tuple[Sequence[str], Iterable[Sequence[Any]]]]
"""Runs a query with its parameters bound; gives the names of the columns, and the rows."""


class _Database(Protocol):
    """All that the stash asks of a database."""

    @property
    def source(self) -> str:
        """What it is, for people."""

    def connect(self) -> AbstractContextManager[Execute]:
        """A connection of this process, closed at the end of the ``with`` block."""

    def glance(self) -> list[str]:
        """What shows a change without a query; nothing where none does."""


@dataclass
class SqlStash(BulkStash, SourceStash):
    """The rows that queries find in a database, as dictionaries by column.

    Keys are bound to queries and never become a part of their text.  The database is opened for reading only, for as
    long as rows are read, by each process for itself.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "flowers.db"
        >>> with closing(sqlite3.connect(path)) as database, database:
        ...     _ = database.execute("create table flower (id integer primary key, name text)")
        ...     _ = database.execute("insert into flower values (7, 'rose'), (8, 'tulip')")
        >>> stash = SqlStash(path, "select id from flower order by id", "select * from flower where id = :key")
        >>> list(stash.keys()), stash["8"]
        (['7', '8'], {'id': 8, 'name': 'tulip'})

    Configuration::

        [flowers]
        class_name = zensols_like.source.SqlStash
        database = path: flowers.db
        keys_query = select id from flower order by id
        row_query = select * from flower where id = :key
    """

    database: Path | str = field(repr=False, metadata={"fingerprint": False})
    """The file of an SQLite database; or a URL such as ``postgresql://me@host/flowers``, which needs
    ``pip install zensols_like[sql]`` and the driver of the database."""

    keys_query: str
    """Gives a column with the keys, strings or whole numbers; with ``order by``, so that their order is always the
    same."""

    row_query: str
    """Gives the row of the key that is bound to ``:key``, and none for another key."""

    def __post_init__(self) -> None:
        if f":{_PARAMETER}" not in self.row_query:
            raise SourceError(
                f"The query finds the same for every key: {self.row_query!r}.",
                "row_query",
                f"write :{_PARAMETER} where the key belongs, as in '… where id = :{_PARAMETER}'",
            )

    @property
    def source(self) -> str:
        """The database, without a password."""
        return self._database.source

    def load_many(self, keys: Iterable[str]) -> Iterator[tuple[str, Row | None]]:
        """Pairs of key and row in the order of ``keys``, with one connection; an absent key gives None.

        Raises:
            SourceError: The database refuses the query, or it finds several rows for a key.
        """
        with self._database.connect() as execute:
            for key in keys:
                yield key, self._find(execute, key)

    def exists(self, name: str) -> bool:
        """Whether there is a row of this key."""
        return self.load(name) is not None

    def keys(self) -> Iterable[str]:
        """The keys, in the order of the query."""
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    @cached_property
    def _database(self) -> _Database:
        if isinstance(self.database, Path):
            return _Sqlite(self.database)
        if "://" not in self.database:
            raise SourceError(
                f"The database {self.database!r} is neither a Path nor a URL.",
                "database",
                "write 'database = path: …' for an SQLite file, or a URL such as postgresql://me@host/flowers",
            )
        return _SqlAlchemy(self.database)

    @cached_property
    def _keys(self) -> KeyIndex:
        return KeyIndex.of(map(str, self._ask_for_keys()), f"{self.source}, keys_query")

    @cached_property
    def _has_numbers(self) -> bool:
        """Whether keys are whole numbers, which some databases do not compare with text."""
        return isinstance(next(iter(self._ask_for_keys()), None), int)

    def _ask_for_keys(self) -> Iterator[str | int]:
        with self._database.connect() as execute:
            columns, rows = execute(self.keys_query, {})
            if len(columns) != 1:
                raise self._wrong("keys_query", f"gives the columns {list(columns)}", "select the keys only")
            kind = None
            for (key,) in rows:
                if not isinstance(key, str | int) or isinstance(key, bool) or type(key) is not (kind or type(key)):
                    raise self._wrong(
                        "keys_query", f"gives the key {key!r}", "let it give strings only, or whole numbers only"
                    )
                kind = type(key)
                yield key

    def _find(self, execute: Execute, name: str) -> Row | None:
        key = whole_number(name) if self._has_numbers else name
        if key is None:
            return None
        columns, rows = execute(self.row_query, {_PARAMETER: key})
        if len(set(columns)) < len(columns):
            raise self._wrong(
                "row_query", f"gives the columns {list(columns)}", "give each a name of its own with 'as'"
            )
        found = list(rows)
        if len(found) > 1:
            raise self._wrong("row_query", f"finds {len(found)} rows for the key {name!r}", "let it find one row")
        return {name: _plain(value) for name, value in zip(columns, found[0], strict=True)} if found else None

    def _wrong(self, option: str, what: str, fix: str) -> SourceError:
        return SourceError(f"The query {what}: {getattr(self, option)!r}.", f"{self.source}, {option}", fix)

    def _glance(self) -> Iterable[str | Buffer]:
        return self._database.glance()

    def _contents(self) -> Iterator[str]:
        for key, row in self.load_many(self.keys()):
            yield key
            yield repr(row)


@dataclass(frozen=True)
class _Sqlite:
    """A file, by the standard library."""

    path: Path

    @property
    def source(self) -> str:
        return str(self.path)

    @contextmanager
    def connect(self) -> Iterator[Execute]:
        require_file(self.path)
        url = f"{self.path.absolute().as_uri()}?mode=ro"
        with _explained(sqlite3.Error, self.source), closing(sqlite3.connect(url, uri=True)) as connection:

            def execute(query: str, parameters: Mapping[str, Any]) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
                cursor = connection.execute(query, parameters)
                return [column[0] for column in cursor.description or ()], cursor

            yield execute

    def glance(self) -> list[str]:
        # what was committed a moment ago may still lie beside the file
        beside = self.path.with_name(f"{self.path.name}-wal")
        return [str(Stamp.of(path)) for path in (self.path, beside) if path == self.path or path.exists()]


@dataclass(frozen=True)
class _SqlAlchemy:
    """Any database at a URL."""

    url: str

    @cached_property
    def _alchemy(self) -> Any:
        return import_extra("sqlalchemy", "sql", "database")

    @cached_property
    def _engine(self) -> Any:
        # a connection for each use: one that was kept would not survive a fork
        return self._alchemy.create_engine(self.url, poolclass=self._alchemy.pool.NullPool)

    @property
    def source(self) -> str:
        return str(self._alchemy.make_url(self.url).render_as_string(hide_password=True))

    @contextmanager
    def connect(self) -> Iterator[Execute]:
        with _explained(self._alchemy.exc.SQLAlchemyError, self.source), self._engine.connect() as connection:

            def execute(query: str, parameters: Mapping[str, Any]) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
                result = connection.execute(self._alchemy.text(query), parameters)
                return tuple(result.keys()), result

            yield execute

    def glance(self) -> list[str]:
        return []


@contextmanager
def _explained(errors: type[Exception], source: str) -> Iterator[None]:
    try:
        yield
    except errors as error:
        raise SourceError(f"The database refuses: {error}", source, "correct the queries or the database") from error


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value
