"""The commands that say what is damaged, stale, broken or large: what they print and exit with."""

from __future__ import annotations

import json
import re

import pytest
from cli.iris import RESOURCES, STOPPING, flip, process, record_of, run, text

from zensols_like.batch import BatchStash


def test_a_sound_store_is_verified_by_path_and_by_configuration(encoded):
    for result in (encoded.run("verify"), run("verify", str(encoded.store))):
        assert result.exit_code == 0
        assert text(result) == (
            "target/batch  complete\n20 records of 10 batches, 11.2 KiB: each byte is as it was committed."
        )
        assert result.stderr == "verifying 10 of 10 batches\n"
    assert encoded.run("verify", "--quiet").stderr == ""


@pytest.mark.parametrize(
    ("tier", "words"), [("--sizes", "is there with its size."), ("--deep", "and all of them decode.")]
)
def test_the_tiers_say_what_they_saw(encoded, tier, words):
    for result in (encoded.run("verify", tier), run("verify", tier, str(encoded.store))):
        assert result.exit_code == 0
        assert words in result.stdout
    assert encoded.run("verify", "--sizes", "--deep").exit_code == 2


def test_damage_is_named_with_batch_group_and_file(encoded, as_json):
    record = record_of(encoded.store, "flower_dims", "3")
    flip(record)
    result = encoded.run("verify")
    assert result.exit_code == 4
    assert str(record) in result.stdout
    assert "error: 1 of 10 batches are damaged: 3." in result.stderr
    assert "--repair; in Python: stash.repair(['3'])" in result.stderr
    assert "fix: run: zensols-like verify -c FILE --repair; in Python: stash.repair(['3'])" in (
        run("verify", str(encoded.store)).stderr
    )
    (damage,) = as_json(run("verify", "--json", str(encoded.store)))["damaged"]
    assert (damage["batch_id"], damage["group"], damage["split"]) == ("3", "flower_dims", "train")
    assert damage["file"] == str(record)


def test_repair_encodes_what_is_damaged_and_nothing_else(encoded, as_json):
    flip(record_of(encoded.store, "flower_dims", "3"))
    record_of(encoded.store, "label", "7").unlink()
    whole = record_of(encoded.store, "label", "0").stat().st_mtime_ns
    report = as_json(encoded.run("verify", "--repair", "--json"))
    assert (report["repaired"], report["damaged"]) == (["3", "7"], [])
    assert record_of(encoded.store, "label", "0").stat().st_mtime_ns == whole
    assert encoded.run("verify", "--repair").exit_code == 0
    refused = run("verify", "--repair", str(encoded.store))
    assert (refused.exit_code, "stash.repair([…])" in refused.stderr) == (2, True)


def test_damaged_books_can_be_made_again_in_python_too(encoded):
    flip(encoded.store / ".store" / "plan.rec")
    assert "in Python: stash.repair([]); or clear the store" in run("verify", str(encoded.store)).stderr


def test_missing_batches_can_be_encoded_in_python_too(partial):
    assert "in Python: stash.prime()" in run("verify", str(partial.store)).stderr


def test_a_damaged_manifest_is_one_report_and_corrupt(encoded, as_json):
    (encoded.store / ".store" / "manifest.json").write_text("{")
    for result in (encoded.run("verify", "--json"), run("verify", "--json", str(encoded.store))):
        assert result.exit_code == 4
        report = as_json(result)
        assert report["status"] == "damaged"
        assert report["damaged"][0]["file"].endswith("manifest.json")


def test_a_store_that_is_not_whole_or_not_current_is_verified_and_said_so(partial, as_json):
    result = partial.run("verify", "--json", overrides=(STOPPING,))
    assert (result.exit_code, as_json(result)["committed"]) == (5, 2)
    stale = partial.run("verify", "--deep", overrides=(STOPPING, "batch_stash.batch_size=10"))
    assert stale.exit_code == 6
    assert "batch_size: 15 -> 10" in stale.stderr
    assert run("verify", "nope").exit_code == 3
    assert partial.run("verify", overrides=("default.temporary_dir=other",)).exit_code == 5


def test_why_stale_names_each_field_with_both_values(encoded, as_json):
    result = encoded.run("why-stale")
    assert result.exit_code == 0
    assert text(result) == "target/batch  complete\nNothing that decides about the batches changed."
    changed = encoded.run("why-stale", overrides=("batch_stash.batch_size=10",))
    assert changed.exit_code == 6
    assert text(changed) == "target/batch  stale\nbatch_size: 15 -> 10"
    assert changed.stderr == ""
    report = as_json(encoded.run("why-stale", "--json", overrides=("batch_stash.batch_size=10",)))
    assert report["differences"] == ["batch_size: 15 -> 10"]


def test_why_stale_of_no_store_is_incomplete(iris):
    assert iris.run("why-stale").exit_code == 5


RULES = """
[rules]
flower_dims = float32[N, 4], finite, min 0, max 7
label = float32[N, 3], balance 0.3
"""


@pytest.fixture
def checked(encoded, tmp_path):
    config = tmp_path / "checked.conf"
    config.write_text(encoded.config.read_text() + RULES)
    encoded.config = config
    return encoded


def test_check_names_data_point_index_and_value(checked, as_json):
    result = checked.run("check", "-r", "rules")
    assert result.exit_code == 9
    assert "batch 0 of train, data point '" in result.stdout
    assert "breaks max 7" in result.stdout
    assert "'max 7' of 'flower_dims'" in result.stderr
    report = as_json(checked.run("check", "-q", "-r", "rules", "--json"))
    counts = {one["rule"]: one["count"] for one in report["rules"]}
    assert counts["max 7"] == 12
    assert [rule for rule, count in counts.items() if count] == ["max 7"]
    assert checked.run("check", "-r", "rules", overrides=("rules.flower_dims=max 8",)).exit_code == 0


@pytest.fixture
def ruled(iris, tmp_path):
    """A configuration whose rules are checked by each encode."""
    config = tmp_path / "ruled.conf"
    config.write_text(iris.config.read_text() + RULES.replace("[rules]", "[checks]"))
    iris.config = config
    return iris


def test_encode_checks_the_rules_and_names_what_breaks_them(ruled, as_json):
    result = ruled.run("encode")
    assert result.exit_code == 9
    assert "target/batch  complete\nEncoded 10 batches" in result.stdout
    assert "checking 10 of 10 batches\n" in result.stderr
    assert "Data breaks 'max 7' of 'flower_dims'." in result.stderr
    assert re.search(
        r"flower_dims: batch 0 of train, data point '\d+', at \[\d+, 0\]: 7.\d+ breaks max 7", result.stderr
    )
    assert ruled.run("ls", "--count").stdout == "10\n"  # what was committed stays
    again = ruled.run("encode", "-q", "--json")
    assert (again.exit_code, as_json(again)["encoded"]) == (9, 0)


def test_an_encode_that_keeps_the_rules_succeeds(ruled):
    assert ruled.run("encode", "-q", overrides=("checks.flower_dims=max 8",)).exit_code == 0


def test_a_wrong_rule_is_found_before_anything_is_encoded(ruled, tmp_path):
    for rule, words in (("checks.flower_dims=maximum 8", "no rule 'maximum 8'"), ("checks.nope=finite", "['nope']")):
        result = ruled.run("encode", overrides=(rule,))
        assert result.exit_code == 2
        assert words in result.stderr
    assert not (tmp_path / "target").exists()


def test_check_without_rules_or_of_stale_batches_is_refused(checked):
    missing = checked.run("check")
    assert missing.exit_code == 2
    assert "There is no section [checks] with rules." in missing.stderr
    assert checked.run("check", "-r", "rules", overrides=("batch_stash.batch_size=10",)).exit_code == 6


def test_ls_of_a_folder_lists_the_stores_below_it(encoded, as_json):
    result = run("ls", ".")
    assert result.exit_code == 0
    assert "target/batch  complete       10          150  11.2 KiB" in result.stdout
    (store,) = as_json(run("ls", "--json", "target"))["stores"]
    assert (store["path"], store["status"], store["batches"]) == ("target/batch", "complete", 10)


def test_du_shows_groups_and_splits_of_one_store_and_a_line_for_each_of_several(encoded, as_json):
    one = run("du")
    assert one.exit_code == 0
    assert "flower_dims  4.7 KiB    688 B  1.3 KiB   6.7 KiB" in one.stdout
    assert encoded.run("encode", "-q", overrides=("default.temporary_dir=other",)).exit_code == 0
    report = as_json(run("du", "--json", "other", "target"))
    assert [store["path"] for store in report["stores"]] == ["other/batch", "target/batch"]
    assert report["record_bytes"] == 2 * 11510
    assert "all" in run("du").stdout
    assert run("du", "nope").exit_code == 3


def test_doctor_looks_at_the_machine_and_the_store(encoded, as_json):
    assert run("doctor").exit_code == 0
    result = encoded.run("doctor")
    assert result.exit_code == 0
    assert "target/batch, complete" in result.stdout
    (encoded.store / ".store" / "lock").write_text(json.dumps({"host": "elsewhere", "pid": 1, "since": "2026-01-01"}))
    wrong = run("doctor", str(encoded.store))
    assert wrong.exit_code == 9
    assert "process 1 on elsewhere" in wrong.stdout
    assert "Something is wrong: lock." in wrong.stderr
    states = {one["name"]: one["state"] for one in as_json(run("doctor", "--json", str(encoded.store)))["findings"]}
    assert states["lock"] == "wrong"


def test_a_data_point_is_shown_by_its_id(encoded, as_json):
    result = encoded.run("show", "--point", "42", "--points")
    assert result.exit_code == 0
    assert "data point 42, label setosa  target/batch\nrow 3 of batch 2 of train" in text(result)
    assert "sepal_length" in result.stdout
    report = as_json(run("show", "--point", "42", str(encoded.store), "--json"))
    assert (report["report"], report["batch_id"], report["row"]) == ("point", "2", 3)
    assert encoded.run("show", "--point", "nope").exit_code == 3


def test_the_configuration_is_printed_without_secrets(encoded, tmp_path):
    config = tmp_path / "secret.conf"
    config.write_text("[default]\npassword = abc\nuser = me\n")
    result = run("config", "-c", str(config))
    assert result.exit_code == 0
    assert "abc" not in result.stdout
    assert "user = me" in result.stdout


@pytest.mark.parametrize("command", ["verify", "why-stale", "check", "du", "doctor", "config"])
def test_every_command_explains_itself_and_stands_in_the_help(command):
    assert command in run("--help").stdout
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "--json" in result.stdout


def test_looking_at_a_stale_store_never_rebuilds_it(encoded, monkeypatch):
    monkeypatch.setattr(BatchStash, "prime", None)
    changed = ("batch_stash.batch_size=10", "batch_stash.stale=rebuild")
    for command in (["show", "0"], ["ls"], ["verify"], ["why-stale"]):
        assert encoded.run(*command, overrides=changed).exit_code == 6


@pytest.mark.process
def test_a_process_verifies_with_the_right_exit_code(encoded):
    flip(record_of(encoded.store, "label", "0"))
    done = process("verify", "-q", str(encoded.store))
    assert done.returncode == 4
    assert "Traceback" not in done.stderr


def test_a_data_point_in_two_splits_is_found_before_anything_is_encoded(iris, tmp_path, as_json):
    # the table has one flower twice, both in train
    table = (RESOURCES / "iris.csv").read_text()
    assert "compared by flower_dims: none is in two splits; repeated inside of a split: 1." in text(
        iris.run("check", "-q", "--duplicates")
    )
    (tmp_path / "iris.csv").write_text(table.replace("1.9,virginica,train", "1.9,virginica,test", 1))
    moved = (f"default.resources_dir={tmp_path}",)
    result = iris.run("check", "--duplicates", overrides=moved)
    assert result.exit_code == 9
    assert "1 of 150 data points have the content of one in another split." in result.stderr
    assert re.search(r"\n 5 +test +128 +train$", text(result))
    (found,) = as_json(iris.run("check", "-q", "--duplicates", "--json", overrides=moved))["duplicates"]
    assert found == {"id": "5", "split": "test", "first_id": "128", "first_split": "train"}
    assert not (tmp_path / "target").exists()
