from sqlite_stash import SqliteStash

from zensols_like.testing.stash import StashContract


class TestSqliteStash(StashContract):
    def make(self, tmp_path):
        return SqliteStash(tmp_path / "values.db")
