"""The machine, the space and the leftovers."""

from __future__ import annotations

import json
import resource
import shutil
import socket
from types import SimpleNamespace

import pytest
import torch
from support.flowers import FailingVectorizer, flower_stash, managers

from zensols_like.batch import BatchDirectoryCompositeStash, BatchShardStash
from zensols_like.errors import EncodeError
from zensols_like.inspect import StashReader, report_health
from zensols_like.inspect.doctor import examine_machine, examine_store


def by_name(findings):
    return {one.name: one for one in findings}


def test_this_machine_is_fit():
    found = by_name(examine_machine())
    assert {"python", "torch", "numpy", "CPUs", "start method", "open files"} <= found.keys()
    assert report_health(None).wrong == ()


def test_a_limit_of_the_size_of_files_is_told(monkeypatch):
    limits = {resource.RLIMIT_FSIZE: 5 << 20, resource.RLIMIT_AS: resource.RLIM_INFINITY}
    monkeypatch.setattr(resource, "getrlimit", lambda which: (limits.get(which, 1024), 1024))
    found = by_name(examine_machine())
    assert (found["file size"].value, found["file size"].state) == ("at most 5 MiB", "note")
    assert "memory" not in found


def test_too_few_open_files_are_wrong(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda which: (32, 32))
    found = by_name(examine_machine())
    assert found["file size"].state == found["memory"].state == "note"
    finding = found["open files"]
    assert (finding.state, finding.advice) == ("wrong", "raise it to at least 64: ulimit -n 64")


def test_a_store_that_is_not_there_is_fine_and_is_not_made(tmp_path):
    found = by_name(examine_store(StashReader(flower_stash(tmp_path))))
    assert found["store"].value.endswith("absent")
    assert found["disk"].state == "ok"
    assert list(tmp_path.iterdir()) == []


def test_the_space_that_is_missing_is_estimated_by_what_is_there(tmp_path, monkeypatch):
    stash = flower_stash(tmp_path, vectorizer_manager_set=managers(FailingVectorizer), chunk_size=1)
    with pytest.raises(EncodeError):
        stash.prime()
    reader = StashReader(flower_stash(tmp_path, vectorizer_manager_set=managers(FailingVectorizer)))
    missing = len(reader.store.index.missing())
    assert 0 < missing < 5
    assert "MiB more expected" in by_name(examine_store(reader))["disk"].value
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=100, total=200))
    assert by_name(examine_store(reader))["disk"].state == "wrong"


@pytest.mark.parametrize(
    ("host", "pid", "state", "words"),
    [
        (socket.gethostname(), 2**22 + 1, "note", "which is dead"),
        (socket.gethostname(), 1, "note", "process 1"),
        ("elsewhere", 1, "wrong", "on elsewhere"),
    ],
)
def test_a_lock_is_told_with_its_owner(tmp_path, host, pid, state, words):
    stash = flower_stash(tmp_path)
    stash.prime()
    owner = {"host": host, "pid": pid, "since": "2026-01-01T00:00:00+00:00"}
    (tmp_path / "batch" / ".store" / "lock").write_text(json.dumps(owner))
    finding = by_name(examine_store(StashReader(stash)))["lock"]
    assert finding.state == state
    assert words in finding.value


def test_a_lock_file_that_a_writer_takes_for_free_is_not_told(tmp_path):
    stash = flower_stash(tmp_path)
    stash.prime()
    for text in ("", "[]", '{"host": "elsewhere", "pid": 1, "since": "yesterday"}'):
        (tmp_path / "batch" / ".store" / "lock").write_text(text)
        assert "lock" not in by_name(examine_store(StashReader(stash)))
        with stash.store.folder.lock():
            assert by_name(examine_store(StashReader(stash)))["lock"].state == "note"


def test_temporary_files_of_a_killed_process_are_told(tmp_path):
    stash = flower_stash(tmp_path)
    stash.prime()
    left = tmp_path / "batch" / "comp" / "noise" / ".abc.1.tmp"
    left.touch()
    finding = by_name(examine_store(StashReader(stash)))["temporary files"]
    assert (finding.state, str(left) in finding.value) == ("note", True)


def test_damaged_books_are_wrong(tmp_path):
    stash = flower_stash(tmp_path)
    stash.prime()
    (tmp_path / "batch" / ".store" / "manifest.json").write_text("{}")
    (wrong,) = report_health(StashReader(flower_stash(tmp_path))).wrong
    assert wrong.name == "store"
    assert "manifest is damaged" in wrong.value


@pytest.mark.parametrize("container", [BatchDirectoryCompositeStash, BatchShardStash])
def test_records_that_no_batch_needs_are_told(tmp_path, container):
    stash = flower_stash(tmp_path, container=container)
    stash.prime()
    assert "records" not in by_name(examine_store(StashReader(stash)))
    stash.delegate.put("99", "noise", {"noise": torch.zeros(1)})
    stash.delegate.close()
    finding = by_name(examine_store(StashReader(flower_stash(tmp_path, container=container))))["records"]
    assert finding.state == "note"
    assert finding.value.startswith("1 files that no batch needs, as noise/")


def test_a_damaged_index_is_wrong_and_names_the_repair(tmp_path):
    stash = flower_stash(tmp_path)
    stash.prime()
    (tmp_path / "batch/.store/index.rec").unlink()
    reader = StashReader(flower_stash(tmp_path))
    (wrong,) = report_health(reader).wrong
    assert (wrong.name, "--repair" in wrong.advice) == ("index", True)
