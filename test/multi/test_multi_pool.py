import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from zensols_like.errors import ConfigurationError, WorkerError
from zensols_like.multi import ProcessPool, start_context
from zensols_like.multi.start import worker_environment

process = pytest.mark.process


class OddError(Exception):
    """An error with an attribute that is not among its arguments."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.number = None


class StubbornError(Exception):
    """An error that can be pickled, but not unpickled."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")


def fail_oddly(number):
    error = OddError(f"{number} is odd")
    error.number = number
    error.add_note("while halving")
    raise error


def fail_stubbornly(_):
    raise StubbornError("this", "that")


def fail_in_a_function(_):
    raise (lambda: type("LocalError", (Exception,), {}))()("nobody knows me")


def end_politely(_):
    sys.exit(0)


def end_without_a_word(_):
    os._exit(0)


def end_with_three(_):
    os._exit(3)


def be_killed(_):
    os.kill(os.getpid(), signal.SIGKILL)


def give_threads(_):
    import torch

    return torch.get_num_threads(), os.environ["OMP_NUM_THREADS"]


@dataclass
class Squarer:
    """Squares numbers; does something else with those that it is told to."""

    folder: Path | None = None
    special: dict[int, Any] | None = None
    is_child: bool = False

    def work(self, number):
        if self.special and number in self.special:
            return self.special[number](number)
        return number * number

    def build(self):
        if self.folder is not None:
            with (self.folder / str(os.getpid())).open("a") as file:
                file.write("built\n")
        return self


@dataclass
class Sociable(Squarer):
    """Does nothing before two are built."""

    def work(self, number):
        wait_until(lambda: len(list(self.folder.iterdir())) == 2)
        return self.is_child, number


class Broken:
    def build(self):
        raise OddError("no plan for this worker")


def squares(pool, pieces):
    with closing(pool.run(pieces)) as results:
        return sorted(results)


def test_an_unknown_start_method_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ConfigurationError, match=r"No start method 'thread'(.|\n)*\['fork', 'forkserver', 'spawn'\]"):
        start_context("thread")


@process
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_every_piece_is_done_once(workers):
    assert squares(ProcessPool(Squarer(), workers), range(40)) == [n * n for n in range(40)]


@process
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_every_start_method_gives_the_same(method):
    assert squares(ProcessPool(Squarer(), 2, start_context(method)), range(4)) == [0, 1, 4, 9]


@process
def test_each_worker_is_built_once_and_knows_that_it_is_a_child(tmp_path):
    results = squares(ProcessPool(Sociable(tmp_path), 2), range(12))
    assert results == [(True, n) for n in range(12)]
    built = [file.read_text() for file in tmp_path.iterdir()]
    assert built == ["built\n"] * 2
    assert str(os.getpid()) not in {file.name for file in tmp_path.iterdir()}


@process
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_a_worker_computes_in_one_thread(method):
    before = dict(os.environ)
    pool = ProcessPool(Squarer(special={0: give_threads}), 1, start_context(method))
    assert list(pool.run([0])) == [(1, "1")]
    assert dict(os.environ) == before


def test_two_threads_that_start_workers_leave_the_environment_as_it_was(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = dict(os.environ)
    is_in, may_leave = threading.Event(), threading.Event()
    other = threading.Thread(target=start_until, args=(is_in, may_leave))
    with worker_environment():
        other.start()
        is_in.wait(0.2)  # it is told to wait
        assert os.environ["OMP_NUM_THREADS"] == "1"
    may_leave.set()
    other.join()
    assert dict(os.environ) == before


@process
def test_a_fork_while_another_thread_starts_workers_may_start_some():
    is_in, may_leave = threading.Event(), threading.Event()
    other = threading.Thread(target=start_until, args=(is_in, may_leave))
    other.start()
    is_in.wait()
    fork = start_context("fork").Process(target=start_again)
    fork.start()
    fork.join(300)
    may_leave.set()
    other.join()
    fork.kill()
    fork.join()
    assert fork.exitcode == 0


def start_until(is_in: threading.Event, may_leave: threading.Event) -> None:
    """In a thread: be where workers are started for as long as the test says."""
    with worker_environment():
        is_in.set()
        may_leave.wait(600)


def start_again():
    with worker_environment():
        pass


@process
def test_pieces_are_taken_as_workers_become_free():
    taken = count()
    with closing(ProcessPool(Squarer(), 2).run(taken)) as results:
        for _ in range(10):
            next(results)
    assert next(taken) <= 10 + 2 * 2
    assert multiprocessing.active_children() == []


@process
def test_a_failure_arrives_with_its_type_attributes_notes_and_the_traceback_of_the_worker():
    with pytest.raises(OddError, match="1 is odd") as caught:
        squares(ProcessPool(Squarer(special={1: fail_oddly}), 2), range(100))
    assert caught.value.number == 1
    assert caught.value.__notes__ == ["while halving"]
    assert "in fail_oddly" in str(caught.value.__cause__)
    assert multiprocessing.active_children() == []


@process
def test_what_others_finish_during_a_failure_is_not_lost_and_nothing_new_begins():
    results, taken = [], count()
    pool = ProcessPool(Squarer(special={5: fail_oddly}), 2)
    with pytest.raises(OddError):
        results.extend(pool.run(taken))
    begun = next(taken)
    assert {n * n for n in range(5)} <= set(results) <= {n * n for n in range(begun)} - {25}
    assert begun - len(results) <= 2 * 2


@process
@pytest.mark.parametrize(
    ("doing", "message"),
    [
        (fail_stubbornly, "StubbornError: this and that"),
        (fail_in_a_function, "LocalError: nobody knows me"),
        (end_politely, r"SystemExit\(0\)"),
    ],
)
def test_what_cannot_travel_becomes_a_worker_error_with_the_traceback(doing, message):
    with pytest.raises(WorkerError, match=message) as caught:
        squares(ProcessPool(Squarer(special={1: doing}), 2), range(4))
    assert f"in {doing.__name__}" in str(caught.value.__cause__)


@process
def test_a_worker_that_cannot_be_built_raises_its_own_error():
    with pytest.raises(OddError, match="no plan for this worker"):
        squares(ProcessPool(Broken(), 2), range(4))


@process
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
@pytest.mark.parametrize(
    ("doing", "end"), [(end_without_a_word, "exit code 0"), (end_with_three, "exit code 3"), (be_killed, "signal 9")]
)
def test_a_dead_worker_is_an_error_that_says_how_it_ended_and_what_it_did(method, doing, end):
    pool = ProcessPool(Squarer(special={7: doing}), 2, start_context(method), name=lambda n: f"number {n}")
    results = []
    with pytest.raises(WorkerError, match=rf"died \({end}(.|\n)*number 7") as caught:
        results.extend(pool.run(range(1000)))
    assert caught.value.exit_code == 5
    assert set(results) <= {n * n for n in range(1000)} - {49}  # all others, where nobody saw it in time
    assert multiprocessing.active_children() == []


def test_a_daemonic_process_is_told_that_it_cannot_have_workers(monkeypatch):
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)
    with pytest.raises(WorkerError, match="daemonic"):
        squares(ProcessPool(Squarer(), 2), range(4))


SCRIPT = """
import os, sys, time
from pathlib import Path
from zensols_like.multi import ProcessPool, start_context

folder = Path(sys.argv[1])

class Sleeper:
    is_child = False
    def work(self, piece):
        (folder / str(os.getpid())).touch()
        time.sleep(0.1)
        return piece
    def build(self):
        return self

if __name__ == "__main__":
    for _ in ProcessPool(Sleeper(), 2, start_context(sys.argv[2])).run(range(10_000)):
        pass
"""


def wait_until(condition):
    while not condition():  # pytest's faulthandler ends what hangs
        time.sleep(0.02)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@process
@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_its_parent(tmp_path, method, end):
    script, folder = tmp_path / "script.py", tmp_path / "pids"
    script.write_text(SCRIPT)
    folder.mkdir()
    command = [sys.executable, str(script), str(folder), method]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as parent:
        wait_until(lambda: len(list(folder.iterdir())) == 2)
        # Ctrl-C reaches every process of a terminal
        os.kill(parent.pid, end) if end == signal.SIGKILL else os.killpg(parent.pid, end)
        _, stderr = parent.communicate()
    assert parent.returncode == -end
    wait_until(lambda: not any(is_alive(int(file.name)) for file in folder.iterdir()))
    assert stderr.count("Traceback") == (1 if end == signal.SIGINT else 0)
