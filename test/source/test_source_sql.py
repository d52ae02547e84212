import pickle
import sqlite3
import sys
from contextlib import closing

import pytest

from zensols_like.source import SourceError, SourceFileNotFoundError, SqlStash

KEYS = "select id from flower order by id"
ROW = "select * from flower where id = :key"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a flower.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("create table flower (id integer primary key, name text, photo blob)")
        database.executemany("insert into flower values (?, ?, ?)", [(7, "rose", b"\0"), (8, "tulip", None)])
    return path


def url_of(path):
    pytest.importorskip("sqlalchemy")
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite3", "sqlalchemy"])
def database(request, path):
    return path if request.param == "sqlite3" else url_of(path)


def change(path, *statements):
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)


def test_rows_are_dictionaries_by_column(database):
    stash = SqlStash(database, KEYS, ROW)
    assert dict(stash) == {
        "7": {"id": 7, "name": "rose", "photo": b"\0"},
        "8": {"id": 8, "name": "tulip", "photo": None},
    }
    assert list(stash.load_many(iter(["8", "9", "7"]))) == [("8", stash["8"]), ("9", None), ("7", stash["7"])]
    assert len(stash) == 2
    assert not stash.exists("9")


def test_keys_are_bound_and_never_a_part_of_the_query(database):
    stash = SqlStash(database, "select name from flower order by name", "select id from flower where name = :key")
    assert stash["rose"] == {"id": 7}
    for key in ("rose' or '1'='1", "'; drop table flower; --", "", "ROSE", ":key", "%", "7"):
        assert stash.load(key) is None
    numbers = SqlStash(database, KEYS, ROW)
    for key in ("7 or 1=1", "07", " 7", "7.0", "seven", ""):
        assert numbers.load(key) is None
    assert len(stash) == 2


@pytest.mark.parametrize(
    ("keys_query", "row_query", "said"),
    [
        ("select id, name from flower", ROW, r"(?s)gives the columns \['id', 'name'\].*keys_query"),
        ("select photo from flower", ROW, r"gives the key b'\\x00'"),
        ("select id from flower union all select name from flower", ROW, "gives the key 'rose'"),
        ("select 'x' from flower", ROW, r"come more than once, such as \['x'\]"),
        ("select nothing from flower", ROW, "(?s)The database refuses.*nothing"),
        (KEYS, "select * from flower where id = :key or 1", "finds 2 rows for the key '7'"),
        (KEYS, "select id, name as id from flower where id = :key", r"gives the columns \['id', 'id'\]"),
        (KEYS, "select * from flower where :key = :other", "The database refuses"),
    ],
)
def test_a_query_that_cannot_be_right_is_explained(database, keys_query, row_query, said):
    stash = SqlStash(database, keys_query, row_query)
    with pytest.raises(SourceError, match=said):
        dict(stash)


def test_a_row_query_without_a_key_is_refused(path):
    with pytest.raises(SourceError, match=r"finds the same for every key"):
        SqlStash(path, KEYS, "select * from flower")


def test_a_missing_database_is_an_error_and_is_not_made(tmp_path):
    with pytest.raises(SourceFileNotFoundError, match=r"No file 'no.db'"):
        SqlStash(tmp_path / "no.db", KEYS, ROW).keys()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "text.db").write_text("not a database, but long enough to look into" * 99)
    with pytest.raises(SourceError, match=r"The database refuses"):
        SqlStash(tmp_path / "text.db", KEYS, ROW).keys()


def test_the_name_of_a_file_is_no_part_of_a_url(path):
    odd = path.rename(path.with_name("100%?mode=rwc#.db"))
    assert len(SqlStash(odd, KEYS, ROW)) == 2


def test_a_database_is_a_path_or_a_url():
    with pytest.raises(SourceError, match=r"neither a Path nor a URL"):
        SqlStash("flowers.db", KEYS, ROW).keys()


def test_without_sqlalchemy_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(SourceError, match=r"pip install 'zensols_like\[sql\]'"):
        SqlStash("postgresql://host/flowers", KEYS, ROW).keys()


def test_passwords_are_not_shown():
    pytest.importorskip("sqlalchemy")
    stash = SqlStash("sqlite://me:secret@host/flowers", KEYS, ROW)
    assert "secret" not in f"{stash!r} {stash.source}"


def test_it_only_reads_and_only_while_it_is_asked(path):
    stash = SqlStash(path, KEYS, ROW)
    rows = iter(stash.items())
    next(rows)
    with pytest.raises(SourceError, match=r"readonly"):
        SqlStash(path, "delete from flower returning id", ROW).keys()
    rows.close()
    change(path, "insert into flower values (9, 'iris', null)")
    assert stash["9"]["name"] == "iris"
    assert len(stash) == 2
    stash.clear()
    assert len(stash) == 3


def test_it_travels_without_a_connection(database):
    stash = SqlStash(database, KEYS, ROW)
    rows = dict(stash)
    assert len(pickle.dumps(stash)) < 500
    assert dict(pickle.loads(pickle.dumps(stash))) == rows


def test_a_digest_tells_of_a_change(database, path):
    stash = SqlStash(database, KEYS, ROW)
    before = {level: stash.source_digest(level) for level in ("stat", "keys", "content")}
    change(path, "create table other (id integer)")
    assert stash.source_digest("content") == before["content"]
    change(path, "update flower set name = 'Rose' where id = 7")
    assert stash.source_digest("content") != before["content"]
    assert stash.source_digest("keys") == before["keys"]
    if database == path:
        assert stash.source_digest("stat") != before["stat"]
    else:
        assert stash.source_digest("stat") == ""  # nothing shows a change but the rows


def test_a_digest_at_a_glance_sees_what_lies_in_the_log(path):
    change(path, "pragma journal_mode=wal")
    stash = SqlStash(path, KEYS, ROW)
    with closing(sqlite3.connect(path)) as open_elsewhere:
        open_elsewhere.execute("select * from flower").fetchall()
        before = stash.source_digest("stat")
        change(path, "insert into flower values (9, 'iris', null)")
        assert stash.source_digest("stat") != before
        assert stash["9"]["name"] == "iris"
