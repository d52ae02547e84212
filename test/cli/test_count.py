"""Counting the batches of a complete store imports no torch, and says what looking at all of it says."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support.flowers import flower_stash
from typer.testing import CliRunner

from zensols_like.batch import BatchDirectoryCompositeStash, BatchShardStash
from zensols_like.books import checksum_of
from zensols_like.cli.count import count_complete
from zensols_like.cli.main import app
from zensols_like.errors import CorruptBatch
from zensols_like.inspect import count_batches, open_store
from zensols_like.persist import DirectoryStash


@pytest.mark.parametrize("container", [BatchShardStash, BatchDirectoryCompositeStash, None])
def test_it_is_the_number_that_the_plan_says(tmp_path, container):
    if container is None:
        flower_stash(tmp_path, delegate=DirectoryStash(tmp_path / "batch")).prime()
    else:
        flower_stash(tmp_path, container=container).prime()
    assert count_complete(tmp_path / "batch") == count_batches(open_store(tmp_path / "batch")).batches == 5


def test_what_is_not_complete_or_not_whole_is_left_to_others(tmp_path):
    assert count_complete(tmp_path) is None
    stash = flower_stash(tmp_path)
    stash.prime()
    manifest = tmp_path / "batch/.store/manifest.json"
    whole = manifest.read_text()
    manifest.write_text(whole.replace('"batches": 5', '"batches": 6'))
    assert count_complete(tmp_path / "batch") is None
    result = CliRunner().invoke(app, ["ls", "--count", str(tmp_path / "batch")])
    assert (result.exit_code, result.stdout) == (4, "")
    manifest.write_text(whole)
    assert CliRunner().invoke(app, ["ls", "--count", str(tmp_path / "batch")]).stdout == "5\n"


def test_a_manifest_of_another_release_is_left_to_others(tmp_path):
    flower_stash(tmp_path).prime()
    path = tmp_path / "batch/.store/manifest.json"
    newer = json.loads(path.read_text()) | {"version": 2}
    path.write_text(json.dumps(newer | {"checksum": checksum_of(newer)}))
    assert count_complete(tmp_path / "batch") is None
    with pytest.raises(CorruptBatch, match="version 2"):
        open_store(tmp_path / "batch")


@pytest.mark.process
def test_no_torch_is_imported_for_it(tmp_path):
    flower_stash(tmp_path).prime()
    code = (
        "import sys; from zensols_like.cli.main import app\n"
        f"try: app(['ls', '--count', {str(tmp_path / 'batch')!r}])\n"
        "finally: print('torch' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.stdout.split() == ["5", "False"]
