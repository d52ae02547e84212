"""The JSON of every report: one document, with a schema that stays."""

from __future__ import annotations

import json

import pytest
from cli.iris import STOPPING, run

STATS = {
    "elements": int,
    "min": float,
    "max": float,
    "mean": float,
    "share_nan": float,
    "share_infinite": float,
    "share_zero": float,
}
SPLIT = {"name": str, "batches": int, "committed": int, "data_points": int, "size_bytes": int}
PROVENANCE = {
    **dict.fromkeys(["began", "finished", "command"], str),
    "commit": None,
    **dict.fromkeys(["host", "run"], str),
    "seed": None,
    **dict.fromkeys(["zensols_like", "python", "torch", "numpy", "pandas"], str),
}

SCHEMAS = {
    "store": {
        "schema_version": int,
        "report": str,
        "path": str,
        "container": str,
        "status": str,
        "batches": int,
        "committed": int,
        "data_points": int,
        "size_bytes": int,
        "label": str,
        "splits": [SPLIT],
        "groups": [{"name": str, "attributes": [str], "size_bytes": int}],
        "attributes": [
            {
                "name": str,
                "feature_id": str,
                "vectorizer": str,
                "is_label": bool,
                "dtype": str,
                "shape": [int],
                "stats": STATS,
                "note": None,
                "share_padding": None,
                "sizes": [[int]],
                "data_types": [str],
                "has_row_each": bool,
            }
        ],
        "labels": [{"label": str, "counts": {"train": int, "dev": int, "test": int}}],
        "looked_at": int,
        "provenance": PROVENANCE,
    },
    "list": {
        "schema_version": int,
        "report": str,
        "path": str,
        "status": str,
        "splits": [
            {
                "name": str,
                "batches": [{"id": str, "data_points": int, "size_bytes": int, "is_committed": bool}],
            }
        ],
    },
    "count": {"schema_version": int, "report": str, "path": str, "batches": int, "committed": int},
    "batch": {
        "schema_version": int,
        "report": str,
        "path": str,
        "id": str,
        "split": str,
        "data_point_ids": [str],
        "size_bytes": int,
        "attributes": [
            {
                "name": str,
                "feature_id": str,
                "is_label": bool,
                "dtype": str,
                "shape": [int],
                "size_bytes": int,
                "stats": STATS,
                "preview": [[float]],
                "note": None,
                "share_padding": None,
            }
        ],
        "labels": [str],
        "points": [{"id": str, "lines": [str]}],
    },
    "encode": {
        "schema_version": int,
        "report": str,
        "path": str,
        "status": str,
        "encoded": int,
        "seconds": float,
        "batches": int,
        "data_points": int,
        "size_bytes": int,
        "splits": [SPLIT],
    },
    "clear": {
        "schema_version": int,
        "report": str,
        "path": str,
        "is_dry_run": bool,
        "with_source": bool,
        "batches": int,
        "size_bytes": int,
    },
}


def schema_of(value):
    """Keys in their order and types; of a list the one schema of its items."""
    if isinstance(value, dict):
        return {key: schema_of(item) for key, item in value.items()}
    if isinstance(value, list):
        found = [schema_of(item) for item in value]
        assert all(one == found[0] for one in found)
        return found[:1]
    return None if value is None else type(value)


@pytest.mark.parametrize(
    ("report", "command"),
    [
        ("store", ["info"]),
        ("list", ["ls"]),
        ("count", ["ls", "--count"]),
        ("batch", ["show", "0", "--points"]),
        ("encode", ["encode"]),
        ("clear", ["clear", "--dry-run"]),
    ],
)
def test_the_schema_of_a_report_stays(encoded, report, command):
    result = encoded.run(*command, "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert (document["schema_version"], document["report"]) == (1, report)
    if "provenance" in document:
        document["provenance"]["commit"] = None  # that of this checkout, where it is one
    schema = schema_of(document)
    assert schema == SCHEMAS[report]
    assert json.dumps(schema, default=str) == json.dumps(SCHEMAS[report], default=str)


@pytest.mark.parametrize("command", [["info"], ["ls"], ["ls", "--count"], ["show", "0"]])
def test_a_path_gives_the_same_schema_as_a_configuration(encoded, command):
    by_path = json.loads(run(*command, str(encoded.store), "--json").stdout)
    by_configuration = json.loads(encoded.run(*command, "--json").stdout)
    assert list(by_path) == list(by_configuration)


def test_a_report_of_what_is_not_usable_is_still_one_document(partial):
    result = partial.run("info", "--json", overrides=(STOPPING,))
    assert result.exit_code == 5
    document = json.loads(result.stdout)
    assert (document["status"], document["batches"], document["committed"]) == ("partial", 10, 2)
    assert document["attributes"][1]["dtype"] == "float32"
    assert document["attributes"][1]["shape"] == [-1, 4]


def test_ls_as_json_is_never_shortened(iris):
    small = ("batch_stash.batch_size=1",)
    assert iris.run("encode", "-q", overrides=small).exit_code == 0
    splits = json.loads(iris.run("ls", "--json", overrides=small).stdout)["splits"]
    assert [(split["name"], len(split["batches"])) for split in splits] == [("train", 105), ("dev", 15), ("test", 30)]


FIELDS = {
    "verify": "path status tier batches committed records size_bytes damaged repaired mended",
    "why-stale": "path status differences",
    "stores": "path stores",
    "usage": "stores record_bytes file_bytes",
    "point": "path id batch_id split row label attributes source",
    "doctor": "findings",
    "check": "path status batches rules",
    "bench": "path status container batches planned size_bytes limit stages load limiting decode encode note",
}


@pytest.mark.parametrize(
    ("report", "command"),
    [
        ("verify", ["verify"]),
        ("why-stale", ["why-stale"]),
        ("point", ["show", "--point", "42"]),
        ("doctor", ["doctor"]),
        ("check", ["check", "-o", "checks.label=finite"]),
        ("bench", ["bench", "--seconds", "0"]),
    ],
)
def test_the_fields_of_other_reports_stay(encoded, tmp_path, report, command):
    config = tmp_path / "checked.conf"
    config.write_text(encoded.config.read_text() + "\n[checks]\nlabel = finite\n")
    encoded.config = config
    result = encoded.run(*command, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert list(document) == ["schema_version", "report", *FIELDS[report].split()]
    assert document["report"] == report


@pytest.mark.parametrize(("report", "command"), [("stores", ["ls", "."]), ("usage", ["du"])])
def test_the_fields_of_reports_of_folders_stay(encoded, report, command):
    document = json.loads(run(*command, "--json").stdout)
    assert list(document) == ["schema_version", "report", *FIELDS[report].split()]
    assert document["report"] == report
