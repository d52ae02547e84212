"""Shards that the disk begins with while they grow."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from zensols_like.batch import ArrayBatchStash, Status
from zensols_like.persist import shardwriter
from zensols_like.torchconfig import TorchConfig

_ENCODE = """
import sys
from pathlib import Path
from batch.test_large_shards import large
from zensols_like.batch import committer
committer.JOURNAL_S = 0.01
stash = large(Path(sys.argv[1]))
print("begins", flush=True)
stash.prime()
print(stash.store.content_digest(stash.delegate))
"""


def large(path: Path) -> ArrayBatchStash:
    """Sixty batches of half a megabyte."""
    arrays = {"x": np.arange(60 * 8 * (1 << 14), dtype=np.int32).reshape(480, -1), "y": np.arange(480) % 3}
    return ArrayBatchStash.from_arrays(
        arrays, path, label="y", batch_size=8, split={"train": 1.0}, torch_config=TorchConfig(use_gpu=False)
    )


def digest(stash: ArrayBatchStash) -> str:
    stash.prime()
    return stash.store.content_digest(stash.delegate)  # type: ignore[arg-type]


def test_where_the_disk_fails_beside_the_encode_nothing_counts_as_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, begun = os.fsync, set[Path]()

    def begin(descriptor: int, start: int, end: int) -> None:
        begun.add(Path(f"/proc/self/fd/{descriptor}").readlink())

    def fails_once(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink() in begun:
            begun.clear()  # the system tells once of what failed before
            raise OSError(errno.EIO, "Input/output error")
        fsync(descriptor)

    stash = large(tmp_path / "store")
    with monkeypatch.context() as patch:
        patch.setattr(shardwriter, "begin_writeback", begin)
        patch.setattr(os, "fsync", fails_once)
        with pytest.raises(OSError, match="Input/output error"):
            stash.prime()
    assert stash.status is Status.PARTIAL
    again = large(tmp_path / "store")
    assert again.status is Status.PARTIAL
    assert not any(again.exists(str(position)) for position in range(60))
    assert digest(stash) == digest(again) == digest(large(tmp_path / "undisturbed"))


@pytest.mark.process
@pytest.mark.parametrize("delay_s", [0.0, 0.02, 0.05])
def test_an_encode_that_is_killed_while_the_disk_works_goes_on(delay_s: float, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _ENCODE, str(tmp_path / "store")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["test", *sys.path])}
    killed = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert killed.stdout is not None
    assert killed.stdout.readline() == "begins\n"
    with suppress(subprocess.TimeoutExpired):  # else it was quicker
        killed.wait(delay_s)
    killed.send_signal(signal.SIGKILL)
    killed.wait(300)
    killed.stdout.close()
    assert digest(large(tmp_path / "store")) == digest(large(tmp_path / "undisturbed"))
