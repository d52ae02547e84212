"""Values in a table of an SQLite database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zensols_like.persist import Stash


@dataclass
class SqliteStash(Stash):
    """Values that JSON can say, in one file, for many processes at once."""

    path: Path
    """The file; it is made by the first `dump`."""

    def load(self, name: str) -> Any:
        """The value of a key; None when absent."""
        found = self._ask("select value from item where name = ?", name)
        return json.loads(found[0][0]) if found else None

    def dump(self, name: str, inst: Any) -> None:
        """Store a value."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as database:
            database.execute("insert or replace into item values (?, ?)", (name, json.dumps(inst)))

    def delete(self, name: str) -> None:
        """Forget a key; nothing happens when it is absent."""
        self._ask("delete from item where name = ?", name)

    def exists(self, name: str) -> bool:
        """Whether there is a value of this key."""
        return len(self._ask("select 1 from item where name = ?", name)) > 0

    def keys(self) -> Iterable[str]:
        """The keys, sorted."""
        return (name for (name,) in self._ask("select name from item order by name"))

    def _ask(self, query: str, *parameters: str) -> list[tuple[Any, ...]]:
        if not self.path.exists():  # looking makes no file
            return []
        with self._open() as database:
            return database.execute(query, parameters).fetchall()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection that is committed and closed at the end; none is kept, since none survives a fork."""
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute("create table if not exists item (name text primary key, value text not null)")
            yield database
