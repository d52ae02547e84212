"""The processes of a loader share the fork server of this process with those of an encode."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

process = pytest.mark.process

SCRIPT = """
import os
import torch
from loader_fakes import FakeBatch, fake_loader
from zensols_like.multi import ProcessPool, start_context

def load(batch_id):
    return FakeBatch(batch_id, {"x": torch.tensor([int(os.environ["OMP_NUM_THREADS"])])})

class Worker:
    is_child = False
    def work(self, piece):
        return os.environ["OMP_NUM_THREADS"]
    def build(self):
        return self

if __name__ == "__main__":
    before = dict(os.environ)
    for batch in fake_loader(2, load, workers=1, worker_type="process"):
        print(batch.attributes["x"].tolist())
    print(*ProcessPool(Worker(), 1, start_context("forkserver")).run([0]))
    print(dict(os.environ) == before)
"""


@process
@pytest.mark.skipif(sys.platform != "linux", reason="uses a fork server")
def test_they_compute_in_one_thread_whoever_started_the_fork_server(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    folders = [Path(__file__).parent, Path(__file__).parents[2]]
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONPATH": os.pathsep.join(map(str, folders))}
    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.stdout.splitlines() == ["[1]", "[1]", "1", "True"], done.stderr
