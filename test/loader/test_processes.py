"""The processes of a loader: how they start, what comes back of errors, and who may stop them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from loader_fakes import FakeBatch, fake_loader, ids, load

from zensols_like.errors import BatchError, WorkerError

process = pytest.mark.process
PROCESSES = {"workers": 2, "worker_type": "process"}

SCRIPT = """
import multiprocessing.forkserver
import os
import sys
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
    if "early" in sys.argv:
        multiprocessing.forkserver.ensure_running()
    before = dict(os.environ)
    for batch in fake_loader(2, load, workers=1, worker_type="process"):
        print(batch.attributes["x"].tolist())
    print(*ProcessPool(Worker(), 1, start_context("forkserver")).run([0]))
    print(dict(os.environ) == before)
"""


def run(*program, text=None):
    folders = [Path(__file__).parent, Path(__file__).parents[2]]
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONPATH": os.pathsep.join(map(str, folders))}
    return subprocess.run(
        [sys.executable, *program],
        env=environment,
        input=text,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@process
@pytest.mark.skipif(sys.platform != "linux", reason="uses a fork server")
@pytest.mark.parametrize("when", ["with the workers", "early"])
def test_they_compute_in_one_thread_whoever_started_the_fork_server(tmp_path, when):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = run(script, when)
    assert done.stdout.splitlines() == ["[1]", "[1]", "1", "True"], done.stderr


UNGUARDED = """
from loader_fakes import fake_loader
print(len(list(fake_loader(4, workers=2, worker_type="process"))))
"""


@process
def test_a_script_without_a_main_guard_is_told_so(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED)
    done = run(script)
    what, where, fix = done.stderr.splitlines()[-3:]
    assert what.endswith("The worker processes of the loader died before they gave a batch.")
    assert "script.py, which each worker imports when it starts" in where
    assert "put what starts the work below `if __name__ == '__main__':`" in fix
    script.write_text(UNGUARDED.replace("print", "if __name__ == '__main__':\n    print"))
    assert run(script).stdout == "4\n"


@process
def test_a_program_from_standard_input_is_told_that_it_needs_a_file():
    done = run("-", text=UNGUARDED)
    what, where, fix = done.stderr.splitlines()[-3:]
    assert what.endswith("Worker processes import the main file when they start, but this program is in none.")
    assert (where, fix) == ("  where: <stdin>", "  fix: put it in a file, or use worker_type='thread'")
    assert run("-", text=UNGUARDED.replace("process", "thread")).stdout == "4\n"


# ---- errors


class StubbornError(Exception):
    """Can be pickled, but not unpickled."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} is {why}")


class HeldError(Exception):
    """Cannot be pickled."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.lock = threading.Lock()


def stubborn_at_three(batch_id: str) -> FakeBatch:
    if batch_id == "3":
        raise StubbornError("3.png", "cut")
    return load(batch_id)


def held_at_three(batch_id: str) -> FakeBatch:
    if batch_id == "3":
        raise HeldError("3.png is cut")
    return load(batch_id)


@process
@pytest.mark.parametrize("fails", [stubborn_at_three, held_at_three])
def test_an_error_that_cannot_travel_is_told_in_its_turn_or_skipped(fails):
    with (
        fake_loader(6, fails, **PROCESSES) as loader,
        pytest.raises(BatchError, match=r"Error: 3\.png is cut") as raised,
    ):
        ids(loader)
    assert raised.value.__notes__ == ["while loading batch '3', position 3 of epoch 0"]
    assert f"in {fails.__name__}" in str(raised.value.__cause__)
    with fake_loader(6, fails, on_error="skip", **PROCESSES) as loader:
        assert ids(loader) == ["0", "1", "2", "4", "5"]
        assert loader.stats.skipped_ids == ["3"]


class Homesick:
    """A transform that can be pickled, but not unpickled."""

    def __call__(self, tensors):
        return tensors

    def __setstate__(self, state):
        raise AttributeError("only here")

    def __getstate__(self):
        return {"some": "thing"}


@process
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_a_transform_that_no_process_can_unpickle_is_refused(on_error):
    with (
        fake_loader(6, transform=Homesick(), on_error=on_error, **PROCESSES) as loader,
        pytest.raises(WorkerError, match=r"only here(.|\n)*define the transform at the top of a module"),
    ):
        ids(loader)


# ---- who may stop them


@process
def test_a_pause_by_another_thread_keeps_no_loop_waiting():
    with fake_loader(300, **PROCESSES) as loader:
        loop = iter(loader)
        got = [next(loop).id]
        is_over = threading.Event()

        def disturb():
            while not is_over.wait(0.0005):
                with loader.paused():
                    pass

        thread = threading.Thread(target=disturb, daemon=True)
        thread.start()
        got += [batch.id for batch in loop]
        is_over.set()
        thread.join()
    assert got == [str(number) for number in range(300)]


@process
def test_a_loader_that_is_closed_in_its_loop_says_so():
    loader = fake_loader(40, **PROCESSES)
    loop = iter(loader)
    next(loop)
    loader.close()
    with pytest.raises(WorkerError, match="closed while a loop was going on"):
        list(loop)
    with loader:
        assert len(ids(loader)) == 40
