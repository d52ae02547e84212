"""The command that says how quick a store is here."""

from __future__ import annotations

from pathlib import Path

from cli.iris import STOPPING, run, text


def test_bench_of_a_path_shows_the_stages_beside_the_limit(encoded):
    result = run("bench", "--seconds", "0.1", str(encoded.store))
    assert result.exit_code == 0
    lines = text(result).splitlines()
    assert lines[0] == "target/batch  complete"
    assert lines[1].startswith("10 batches, 11.2 KiB, composite, in memory already")
    stages = [line.split()[0] for line in lines[4:] if line.strip()]
    assert stages[stages.index("read") :][:5] == ["read", "verify", "decode", "load", "limit"]
    assert "Loading is limited by: " in lines[-1]
    assert "encode" not in result.stdout


def test_bench_of_a_configuration_names_the_vectorizers(encoded):
    result = encoded.run("bench", "--seconds", "0.1")
    assert result.exit_code == 0
    assert result.stdout.count("iseries (SeriesEncodableFeatureVectorizer)") >= 2  # it decodes, and it encodes
    assert "Encoding is limited by: " in result.stdout


def test_bench_encodes_in_memory_where_nothing_is_encoded_yet(iris):
    result = iris.run("bench", "--seconds", "0")
    assert result.exit_code == 0
    assert text(result).startswith("target/batch  absent")
    assert not Path("target/batch").exists()


def test_bench_of_what_is_not_whole_or_not_current_says_so(partial, as_json):
    result = partial.run("bench", "--seconds", "0", "--json", overrides=(STOPPING,))
    assert (result.exit_code, as_json(result)["status"]) == (5, "partial")
    stale = partial.run("bench", "--seconds", "0", overrides=(STOPPING, "batch_stash.batch_size=10"))
    assert stale.exit_code == 6
