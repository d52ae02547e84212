"""Who made a store stands in its manifest: without secrets, and without a say in anything."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from support.flowers import NoiseVectorizer, Splits, flower_stash, items, managers, splits

from zensols_like.batch import BatchShardStash, Manifest
from zensols_like.batch.provenance import begin_provenance, find_commit
from zensols_like.dataset import DatasetSplitStash
from zensols_like.errors import StaleError
from zensols_like.persist import DictionaryStash
from zensols_like.torchconfig import TorchConfig

SECRET = "hunter2"


def git(folder: Path, *arguments: str) -> str:
    names = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **names, "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    folder = tmp_path / "repository"
    (folder / "deep/below").mkdir(parents=True)
    git(folder, "init", "-b", "work")
    git(folder, "commit", "--allow-empty", "-m", "one")
    return folder


def test_the_commit_of_a_branch_is_found_from_any_folder_below(repository):
    assert find_commit(repository / "deep/below") == git(repository, "rev-parse", "HEAD")


@pytest.mark.parametrize("change", [["pack-refs", "--all"], ["checkout", "--detach"], ["switch", "-c", "a/b"]])
def test_the_commit_is_found_however_git_keeps_it(repository, change):
    git(repository, *change)
    assert find_commit(repository) == git(repository, "rev-parse", "HEAD")


def test_the_commit_of_a_worktree_is_its_own(repository, tmp_path):
    git(repository, "worktree", "add", "-b", "other", str(tmp_path / "other"))
    git(tmp_path / "other", "commit", "--allow-empty", "-m", "two")
    assert find_commit(tmp_path / "other") == git(tmp_path / "other", "rev-parse", "HEAD") != find_commit(repository)


@pytest.mark.parametrize("head", [b"", b"ref: refs/heads/none", b"\xff\xfe", b"0" * 39, b"z" * 40, None])
def test_what_is_no_repository_has_no_commit_and_nothing_waits(tmp_path, head):
    (tmp_path / ".git").mkdir()
    if head is None:
        os.mkfifo(tmp_path / ".git/HEAD")
    else:
        (tmp_path / ".git/HEAD").write_bytes(head)
    assert find_commit(tmp_path) is None


def test_a_repository_without_a_commit_has_none(tmp_path):
    assert find_commit(tmp_path) is None


def test_a_manifest_says_who_made_the_store(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/home/somebody/bin/train", "--size", "3 4"])
    monkeypatch.setattr("zensols_like.torchconfig.seed._context", None)  # and what it was comes back
    TorchConfig.set_random_seed(5)
    stash = flower_stash(tmp_path)
    stash.prime()
    found = stash.store.require_manifest().provenance
    assert list(found)[:6] == ["began", "finished", "command", "commit", "host", "run"]
    assert (found["command"], found["seed"]) == ("train --size '3 4'", 5)
    assert datetime.fromisoformat(found["began"]) <= datetime.fromisoformat(found["finished"])
    assert {"zensols_like", "python", "torch", "numpy", "pandas"} <= found.keys()
    assert str(Path.home()) not in str(found)


def test_a_current_folder_that_is_gone_has_no_commit(tmp_path, monkeypatch):
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert begin_provenance(None)["commit"] is None


def test_a_command_of_any_bytes_comes_back(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["x", os.fsdecode(b"\xff\n"), "y" * 10_000])
    command = begin_provenance(None)["command"]
    assert command.encode().startswith(b"x '\\udcff\n' yyy")
    assert len(command) == 2001


@dataclass
class SecretiveVectorizer(NoiseVectorizer):
    api_key: str = ""
    accessTokens: tuple[str, ...] = ()
    url: str = ""


@dataclass
class SecretiveSource(DictionaryStash):
    password: str = field(kw_only=True)
    url: str = field(kw_only=True)
    options: dict[str, str] = field(kw_only=True)

    def __hash__(self) -> int:
        return id(self)


def secretive(folder: Path, secret: str, container: type = BatchShardStash):
    vectorizers = managers(SecretiveVectorizer)
    noise = vectorizers["flowers"]["noise"]
    noise.api_key, noise.accessTokens, noise.url = "fixed", ("fixed",), f"https://me:{secret}@host/x"
    source = SecretiveSource(
        items(20), password=secret, url=f"postgresql://me:{secret}@host/data", options={"credentials": secret}
    )
    return flower_stash(
        folder,
        container=container,
        vectorizer_manager_set=vectorizers,
        split_stash_container=DatasetSplitStash(source, Splits(splits(20))),
    )


ARGUMENTS = [
    "encode",
    f"batch_stash.token={SECRET}",
    f"db.password=a {SECRET} b",
    "--api-key",
    SECRET,
    f"--credentials={SECRET}",
    f"postgresql://me:{SECRET}@host/data",
    f"https://host/x?token={SECRET}&n=3",
    f"source.options=dict: {{'password': '{SECRET} {SECRET}'}}",
    f'{{"secret": "{SECRET}"}}',
]


def test_no_byte_of_a_store_is_a_secret(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ARGUMENTS)
    stash = secretive(tmp_path, SECRET)
    stash.prime()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 6
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
    command = stash.store.require_manifest().provenance["command"]
    assert command.count("***") == len(ARGUMENTS) - 2  # the program, and the name of an option
    assert "n=3" in command


def test_another_password_makes_no_store_stale(tmp_path):
    secretive(tmp_path, SECRET).prime()
    assert secretive(tmp_path, "another").differences() == []


def test_another_key_makes_a_store_stale_and_is_not_told(tmp_path):
    secretive(tmp_path, SECRET).prime()
    stash = secretive(tmp_path, SECRET)
    stash.vectorizer_manager_set["flowers"]["noise"].api_key = "swordfish"
    with pytest.raises(StaleError, match=r"noise\.vectorizer.*api_key") as found:
        stash.prime()
    assert "swordfish" not in str(found.value)


def test_who_made_a_store_decides_nothing(tmp_path, monkeypatch):
    digests, fingerprints = set(), []
    for number, (folder, host) in enumerate([("a", "here"), ("b", "there")]):
        monkeypatch.setattr(sys, "argv", ["program", str(number)])
        monkeypatch.setattr("socket.gethostname", lambda host=host: host)
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        stash = flower_stash(tmp_path / folder)
        stash.prime()
        digests.add(stash.store.content_digest(stash.delegate))
        fingerprints.append([group.fingerprint.digest for group in stash.store.require_manifest().groups])
        assert "began" not in str(fingerprints[-1])
    assert len(digests) == 1
    assert fingerprints[0] == fingerprints[1]


def test_a_manifest_with_provenance_comes_back_equal(tmp_path):
    stash = flower_stash(tmp_path)
    stash.prime()
    manifest = stash.store.require_manifest()
    assert Manifest.from_json(manifest.to_json(), "here").provenance == manifest.provenance
