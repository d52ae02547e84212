"""What a command exits with, and what it says then."""

from __future__ import annotations

import errno
import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli.iris import STOPPING, flip, process, record_of, run

from zensols_like.batch import BatchStash
from zensols_like.persist.formats import find_format
from zensols_like.persist.framing import frame


def test_no_batches_named_is_wrong_usage():
    result = run("ls")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        "error: No batches are named.\n"
        "  where: the arguments\n"
        "  fix: give either the folder of the batches, or a configuration with -c FILE\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [["ls", "target/batch", "-c", "iris.conf"], ["ls", "target/batch", "-s", "batch_stash"], ["nope"], ["show"]],
)
def test_arguments_that_do_not_fit_are_wrong_usage(arguments):
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize("command", ["encode", "ls", "info", "clear"])
def test_a_configuration_that_is_not_there_is_not_found(command):
    result = run(command, "-c", "nope.conf")
    assert result.exit_code == 3
    assert "There is no configuration file 'nope.conf'." in result.stderr


def test_an_unknown_section_is_a_wrong_configuration(iris):
    result = iris.run("encode", "--section", "nope")
    assert result.exit_code == 2
    assert "There is no section [nope]." in result.stderr
    assert "batch_stash" in result.stderr


def test_a_section_of_something_else_is_a_wrong_configuration_that_names_the_batch_stashes(iris):
    result = iris.run("encode", "--section", "torch_config")
    assert result.exit_code == 2
    assert "[torch_config] makes a TorchConfig, not a BatchStash." in result.stderr
    assert "['batch_stash']" in result.stderr


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("nope.x=3", "There is no section [nope]."),
        ("batch_stash.bach_size=3", "did you mean 'batch_size'?"),
        ("batch_stash", "write section.option=value"),
        ("batch_stash.decoded_attributes=set: nope", "No mapped attributes ['nope']."),
    ],
)
def test_a_wrong_override_is_told_with_what_there_is(iris, override, message):
    result = iris.run("encode", overrides=(override,))
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_store_that_is_not_there_is_not_found():
    result = run("info", "target/batch")
    assert result.exit_code == 3
    assert "There is no store in 'batch'." in result.stderr


def test_a_file_is_no_store(tmp_path):
    (tmp_path / "iris.conf").touch()
    result = run("info", "iris.conf")
    assert result.exit_code == 3
    assert "'iris.conf' is a file, not a store." in result.stderr
    assert "-c" in result.stderr


@pytest.mark.parametrize("batch", ["10", "00", "x", "1.5"])
def test_an_unknown_batch_is_not_found(encoded, batch):
    for result in (encoded.run("show", batch), run("show", batch, str(encoded.store))):
        assert result.exit_code == 3
        assert f"There is no batch {batch!r}." in result.stderr
        assert "use one of '0' to '9'" in result.stderr


def test_a_store_without_a_batch_is_told_that_the_batch_is_lacking(encoded):
    result = run("show", str(encoded.store))
    assert result.exit_code == 2
    assert "No batch is named." in result.stderr
    assert "No batches are named." in run("show", "0").stderr


def test_an_unknown_attribute_is_wrong_usage_that_lists_them(encoded):
    result = run("show", "0", str(encoded.store), "--attribute", "nope")
    assert result.exit_code == 2
    assert "use some of ['label', 'flower_dims']" in result.stderr


def test_a_flipped_bit_is_corrupt_and_names_batch_and_file(encoded):
    record = record_of(encoded.store, "flower_dims", "0")
    flip(record)
    for result in (
        encoded.run("show", "0"),
        encoded.run("info"),
        run("show", "0", str(encoded.store)),
        run("info", str(encoded.store)),
    ):
        assert result.exit_code == 4
        assert str(record) in result.stderr
        assert "key '0'" in result.stderr
    assert encoded.run("show", "1").exit_code == 0


def test_a_damaged_manifest_is_corrupt(encoded):
    (encoded.store / ".store" / "manifest.json").write_text("{")
    assert run("ls", str(encoded.store)).exit_code == 4


def test_a_forged_record_is_refused_and_runs_nothing(encoded):
    description = b"\x80\x05\x8c\x08builtins\x8c\x05print\x93\x8c\x05owned\x85R."
    record = record_of(encoded.store, "label", "0")
    size = record.stat().st_size

    def forged(filler):
        return b"".join(frame("0", "label", find_format("record").code, [description, b"", bytes(filler)]).pieces)

    record.write_bytes(forged(size - len(forged(0))))
    result = run("show", "0", str(encoded.store))
    assert result.exit_code in (4, 7), result.stderr  # not the record that was committed, or not a safe one
    assert str(record) in result.stderr
    assert "owned" not in result.stdout


@pytest.mark.process
def test_a_context_of_a_user_is_read_with_the_configuration_only(iris, own_module):
    own = "iseries_vectorizer.class_name=garden.OwnVectorizer"
    assert iris.run("encode", "-q", overrides=(own,)).exit_code == 0
    assert iris.run("show", "0", overrides=(own,)).exit_code == 0
    bare = process("show", "0", str(iris.store))
    assert bare.returncode == 7
    assert "garden.OwnContext, which is not on the allow-list" in bare.stderr
    assert "give the configuration with -c" in bare.stderr
    assert process("show", "0", str(iris.store), "--attribute", "label").returncode == 0


def test_a_data_point_that_cannot_be_encoded_is_named(partial, tmp_path):
    (tmp_path / "stop").write_text("error")
    result = partial.run("encode", "-q", overrides=(STOPPING,))
    assert result.exit_code == 5
    assert result.stderr.startswith("error: Cannot encode data point '42'. ArithmeticError: a thorn")
    assert "Traceback" not in result.stderr


def test_a_partial_store_is_shown_and_is_incomplete(partial):
    for result in (partial.run("ls", overrides=(STOPPING,)), run("ls", str(partial.store))):
        assert result.exit_code == 5
        assert "not committed" in result.stdout
        assert "error: 8 of 10 batches are not encoded yet." in result.stderr
    assert "fix: run: zensols-like encode -c" in partial.run("info", overrides=(STOPPING,)).stderr
    assert run("info", str(partial.store)).exit_code == 5
    assert run("show", "1", str(partial.store)).exit_code == 0
    missing = run("show", "2", str(partial.store))
    assert missing.exit_code == 5
    assert "Batch '2' is planned, but not committed yet." in missing.stderr


def test_encode_goes_on_where_it_stopped(partial, as_json):
    report = as_json(partial.run("encode", "-q", "--json", overrides=(STOPPING,)))
    assert (report["encoded"], report["batches"], report["status"]) == (8, 10, "complete")
    again = partial.run("encode", overrides=(STOPPING,))
    assert again.exit_code == 0
    assert "Already complete: all 10 batches are there." in again.stdout


def test_a_store_that_was_never_encoded_is_incomplete(iris):
    for command in (["ls"], ["info"], ["show", "0"]):
        result = iris.run(*command)
        assert result.exit_code == 5
        assert "There is no store of batches." in result.stderr
    assert not iris.store.exists()


@pytest.mark.parametrize("command", [["encode", "-q"], ["show", "0"], ["ls"], ["info"]])
def test_a_changed_configuration_is_stale_and_says_what_changed(encoded, command):
    result = encoded.run(*command, overrides=("batch_stash.batch_size=10",))
    assert result.exit_code == 6
    assert "batch_size: 15 -> 10" in result.stderr


def test_a_stale_store_is_shown_as_it_is_stored(encoded, as_json):
    report = as_json(encoded.run("info", "--json", overrides=("batch_stash.batch_size=10",)))
    assert (report["status"], report["batches"]) == ("stale", 10)


def fixed_by(result) -> list[str]:
    """The words of the command that an error says to run."""
    return shlex.split(re.search(r"fix: .*zensols-like (.*); in Python", result.stderr)[1])


@pytest.mark.parametrize("command", [["ls"], ["show", "0"], ["info"]])
def test_what_is_said_of_a_store_that_is_not_there_mends_it(iris, command):
    words = fixed_by(iris.run(*command))
    assert words == ["encode", *iris.arguments()]
    assert run(*words, "-q").exit_code == iris.run(*command).exit_code == 0


@pytest.mark.parametrize(("stale", "commands"), [("error", ["clear", "encode"]), ("rebuild", ["encode"])])
def test_what_is_said_of_a_stale_store_mends_it(encoded, stale, commands):
    changed = ("batch_stash.batch_size=10", f"batch_stash.stale={stale}")
    refused = encoded.run("ls", overrides=changed)
    assert refused.exit_code == 6
    assert ("set stale = rebuild" in refused.stderr) is (stale == "error")
    words = fixed_by(refused)
    assert words == [commands[0], *encoded.arguments(*changed)]
    assert run(*words, *(["-y"] if stale == "error" else [])).exit_code == 0
    assert (
        encoded.run("encode", "-q", overrides=changed).exit_code == encoded.run("ls", overrides=changed).exit_code == 0
    )


@pytest.mark.parametrize("command", [("info",), ("show", "--step", "0")])
def test_a_split_that_is_not_there_is_not_found(encoded, command):
    result = run(*command, "--split", "nope", str(encoded.store))
    assert result.exit_code == 3
    assert "There is no split 'nope'." in result.stderr
    assert "use one of ['train', 'dev', 'test']" in result.stderr


def test_a_full_disk_is_incomplete_without_a_traceback(iris, monkeypatch):
    def prime(stash):
        raise OSError(errno.ENOSPC, "No space left on device", "target/batch/x")

    monkeypatch.setattr(BatchStash, "prime", prime)
    result = iris.run("encode")
    assert result.exit_code == 5
    assert "error: There is no room to write: No space left on device.\n  where: target/batch/x" in result.stderr
    assert "Traceback" not in result.stderr


def test_paths_where_no_file_can_be_are_told_without_a_traceback(iris, tmp_path):
    (tmp_path / "file").write_text("")
    for path, what in (("file/x", "No folder can be made here: File exists"), (".", "no path for a file: Is a dir")):
        overrides = (f"batch_stash.data_point_id_sets_path=path: {tmp_path / path}",)
        result = iris.run("encode", "-q", overrides=overrides)
        assert result.exit_code == 2
        assert what in result.stderr
        assert f"where: {tmp_path / path.removesuffix('/x')}" in result.stderr
    result = iris.run("encode", "-q", overrides=("batch_dir_stash.path=path: file/x",))
    assert result.exit_code == 2
    assert "No folder can be made here: File exists.\n  where: file\n" in result.stderr


def test_what_may_not_be_read_is_told_without_a_traceback(iris, monkeypatch):
    def prime(stash):
        raise PermissionError(errno.EACCES, "Permission denied", "target/batch/x")

    monkeypatch.setattr(BatchStash, "prime", prime)
    result = iris.run("encode")
    assert result.exit_code == 2
    assert "error: Not allowed: Permission denied.\n  where: target/batch/x" in result.stderr
    assert "Traceback" not in result.stderr


def test_another_operating_system_error_is_a_bug(iris, monkeypatch):
    def prime(stash):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(BatchStash, "prime", prime)
    result = iris.run("encode")
    assert result.exit_code == 1
    assert isinstance(result.exception, OSError)


def test_an_interrupt_keeps_what_is_encoded_and_says_how_to_go_on(iris, own_module, tmp_path, as_json):
    settings = (STOPPING, "batch_stash.chunk_size=1")
    (tmp_path / "stop").write_text("interrupt")
    result = iris.run("encode", "-q", overrides=settings)
    assert result.exit_code == 130
    assert "Stopped with 2 of 10 batches encoded." in result.stderr
    assert "Go on with: zensols-like encode -c" in result.stderr
    (tmp_path / "stop").unlink()
    assert as_json(iris.run("encode", "-q", "--json", overrides=settings))["encoded"] == 8


def test_verbose_shows_where_in_the_code_an_error_came_from(iris):
    result = iris.run("encode", "-v", "--section", "nope")
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert result.stdout == ""


def test_an_error_in_the_code_of_a_user_names_its_line_and_verbose_shows_the_way(iris, tmp_path, monkeypatch):
    (tmp_path / "thorny.py").write_text("class Config:\n    def __init__(self):\n        raise ValueError('a thorn')\n")
    monkeypatch.syspath_prepend(tmp_path)
    wrong = ("batch_stash.model_torch_config=object: thorny.Config",)
    result = iris.run("encode", "-q", overrides=wrong)
    assert result.exit_code == 2
    assert "raised ValueError: a thorn" in result.stderr
    assert "thorny.py, line 3; -v shows how it came there" in result.stderr
    assert "above" not in result.stderr
    verbose = iris.run("encode", "-v", overrides=wrong)
    assert "Traceback" in verbose.stderr
    assert "-v shows" not in verbose.stderr


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "batch_stash.model_torch_config=instance: iris_dataframe_stash",
            "no DefaultDataframeStash as 'model_torch_config'",
        ),
        ("iris_dataset_stash.sort_function=int", "write 'sort_function = eval: int'"),
        ("ilabel_vectorizer.feature_id=None", "takes no None as 'feature_id'"),
        ("batch_stash.split_stash_container=instance: torch_config", "which has no splits"),
        ("ilabel_vectorizer.categories=setosa, virginica", "one text, not a list of labels"),
        ("ilabel_vectorizer.unknown=zzz", "The category 'zzz' for unknown labels"),
        ("ilabel_vectorizer.feature_id=iseries", "Two vectorizers have the feature_id 'iseries'"),
        ("iris_vectorizer_manager.configured_vectorizers=ilabel_vectorizer", "one text, not a list of sections"),
        ("vectorizer_manager_set.names=iris_vectorizer_manager", "one text, not a list of sections"),
        ("torch_config.data_type=float99", "No data type 'float99'"),
    ],
)
def test_a_wrong_option_is_a_wrong_configuration(iris, override, message):
    result = iris.run("encode", "-q", overrides=(override,))
    assert result.exit_code == 2, result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_notes_follow_an_error(iris):
    result = iris.run("encode", overrides=("batch_dir_stash.path=target/batch",))
    lines = result.stderr.splitlines()
    assert lines[0].startswith("error: The path 'target/batch' is a str, not a Path.")
    assert any(line.startswith("  while making [batch_dir_stash]") for line in lines)


def test_a_lock_of_another_host_is_refused_with_its_owner_and_age(iris):
    lock = iris.store / ".store/lock"
    lock.parent.mkdir(parents=True)
    since = (datetime.now(UTC) - timedelta(seconds=3600)).isoformat(timespec="seconds")
    lock.write_text(json.dumps({"host": "elsewhere", "pid": 7, "since": since}))
    for command in (["encode", "-q"], ["clear", "--yes"]):
        result = iris.run(*command)
        assert result.exit_code == 8
        assert re.search(rf"process 7 on elsewhere, since {re.escape(since)} \(36\d\d s\)", result.stderr)
        assert f"remove {lock}" in result.stderr.replace(f"{Path.cwd()}/", "")
    lock.unlink()
    assert iris.run("encode", "-q").exit_code == 0


def test_a_repair_of_books_and_records_ends_well(encoded):
    for name in ("plan.rec", "index.rec"):
        flip(encoded.store / ".store" / name)
    flip(record_of(encoded.store, "label", "3"))
    assert run("verify", "-q", str(encoded.store)).exit_code == 4
    result = encoded.run("verify", "-q", "--repair")
    assert result.exit_code == 0
    assert "Encoded again: 1 batch (3)." in result.stdout
    assert "plan.rec" in result.stdout
    assert run("verify", "-q", "--deep", str(encoded.store)).exit_code == 0
