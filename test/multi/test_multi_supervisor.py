"""What happens when worker processes die, hang or run out of memory, and when the work is stopped."""

import gc
import logging
import multiprocessing
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from zensols_like.errors import ConfigurationError, WorkerError
from zensols_like.multi import MultiProcessStash, ProcessPool, scratch, start_context
from zensols_like.multi.stop import HELD, Terminated, stoppable
from zensols_like.persist import DirectoryStash

pytestmark = pytest.mark.process

ENDS = ["kill", "segfault", "exit", "memory", "hang", "close"]


def end(how, folder):
    """End this process, one way or another; the folder is told of one that hangs."""
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif how == "exit":
        os._exit(0)
    elif how == "memory":
        resource.setrlimit(resource.RLIMIT_AS, (1 << 32, resource.RLIM_INFINITY))
        bytearray(1 << 33)
    elif how == "hang":
        with (folder / "hung").open("a") as out:
            out.write("x")
        threading.Event().wait()
    elif how == "close":
        for descriptor in range(3, 100):
            with suppress(OSError):  # it is not open
                if stat.S_ISSOCK(os.fstat(descriptor).st_mode):  # as its pipe is, and nothing else that it has
                    os.close(descriptor)
        threading.Event().wait()


@dataclass
class Letters(MultiProcessStash):
    """Upper-case letters; ends its process at some of them, as often as it is told to."""

    folder: Path
    how: str
    times: dict[str, int]
    letters: str = "abcdefghijklmnopqrst"
    told: list[int] = field(default_factory=list)

    def _calculate_has_data(self):  # so that what was made stays when the rest fails
        return len(self.delegate) == len(self.letters)

    def _create_data(self):
        return self.letters

    def _process(self, chunk: Sequence[str]):
        for letter in chunk:
            file = self.folder / letter
            count = file.stat().st_size if file.exists() else 0
            with file.open("a") as out:
                out.write("x")
            if count < self.times.get(letter, 0):
                end(self.how, self.folder)
            yield letter, letter.upper()

    def _done(self, result):
        self.told.append(result)


@pytest.fixture(autouse=True)
def _leaping_clock(tmp_path, monkeypatch):
    """For each process that hangs an hour passes, so that no other counts as hanging, however slow this machine is."""
    hung = tmp_path / "folder" / "hung"

    def monotonic():
        return time.monotonic() + 3600 * (hung.stat().st_size if hung.exists() else 0)

    monkeypatch.setattr("zensols_like.multi.crew.time", SimpleNamespace(monotonic=monotonic))


def letters(path, how, times, timeout_s=600.0):
    (path / "folder").mkdir(exist_ok=True)
    return Letters(
        DirectoryStash(path / "letters"),
        None,
        "letters",
        20 if how == "hang" else 3,  # an hour passes for all processes, so that there is one
        2,
        path / "folder",
        how,
        times,
        timeout_s=timeout_s,
    )


@pytest.mark.parametrize("how", ENDS)
def test_work_that_is_lost_once_is_done_again(tmp_path, how):  # weakness B6
    stash = letters(tmp_path, how, {"e": 1})
    assert dict(stash) == {letter: letter.upper() for letter in stash.letters}
    assert sum(stash.told) == 20
    assert (tmp_path / "folder/e").read_text() == "xx"
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("kill", "signal 9: Killed"),
        ("segfault", "signal 11: Segmentation fault"),
        ("exit", "exit code 0"),
        ("memory", "out of memory"),
        ("hang", "no answer within timeout_s = 600"),
        ("close", "it closed its pipe"),
    ],
)
def test_an_item_that_ends_its_process_twice_is_an_error_that_names_it(tmp_path, how, reason):
    stash = letters(tmp_path, how, {"e": 99})
    with pytest.raises(WorkerError) as caught:
        stash.prime()
    what = caught.value.what
    assert what.startswith("A worker process died (")
    assert what.count(reason) == 2
    assert caught.value.where == "['e']"
    assert (tmp_path / "folder/e").read_text() == "xx"
    stored = set(stash.delegate.keys())
    assert {"a", "b", "c", "d"} <= stored <= set(stash.letters) - {"e"}
    assert sum(stash.told) in (len(stored), len(stored) - 1)  # the d of the lost chunk may be stored, and is not told
    assert multiprocessing.active_children() == []


def test_items_that_end_their_processes_once_are_all_done_again(tmp_path):
    stash = letters(tmp_path, "kill", {"a": 1, "d": 1, "t": 1})
    assert dict(stash) == {letter: letter.upper() for letter in stash.letters}


def test_nothing_else_is_done_while_lost_work_is_tried_again(tmp_path):
    pool = ProcessPool(Witness(tmp_path), 3, start_context())
    assert sorted(pool.run(range(20))) == list(range(20))
    assert (tmp_path / "retry").read_text() == "alone"


@dataclass
class Witness:
    """Notes who else works while number 5 is done for the second time."""

    folder: Path
    is_child: bool = False

    def build(self):
        return self

    def work(self, number):
        mine = self.folder / f"working-{os.getpid()}"
        if number == 5 and not (self.folder / "first").exists():
            (self.folder / "first").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        mine.touch()
        time.sleep(0.02)
        if number == 5:
            others = list(self.folder.glob("working-*"))
            (self.folder / "retry").write_text("alone" if others == [mine] else str(others))
        mine.unlink()
        return number


def test_a_failure_in_the_second_try_is_raised_as_it_is(tmp_path):
    with pytest.raises(ZeroDivisionError):
        list(ProcessPool(Turncoat(tmp_path), 2).run(range(9)))


@dataclass
class Turncoat(Witness):
    """Dies first, then fails."""

    def work(self, number):
        if number == 4:
            if (self.folder / "died").exists():
                return 1 / 0
            (self.folder / "died").touch()
            os._exit(0)
        return number


class Unbuildable:
    def build(self):
        os.kill(os.getpid(), signal.SIGKILL)


class Endless:
    is_child = False

    def build(self):
        return self

    def work(self, number):
        threading.Event().wait()


def test_workers_that_always_die_while_they_are_built_are_an_error():
    with pytest.raises(WorkerError, match=r"died before they were ready \(signal 9"):
        list(ProcessPool(Unbuildable(), 2).run(range(4)))
    assert multiprocessing.active_children() == []


def test_a_worker_whose_result_cannot_travel_is_an_error():
    with pytest.raises(WorkerError, match="A result cannot be sent to the parent process: cannot pickle"):
        list(ProcessPool(Secretive(), 2).run(range(4)))


@dataclass
class Secretive(Endless):
    is_child: bool = False

    def work(self, number):
        return (n for n in range(number))


@pytest.mark.parametrize("timeout_s", [0, -1.0, float("nan")])
def test_a_senseless_limit_is_refused(tmp_path, timeout_s):
    with pytest.raises(ConfigurationError, match=r"where: \[letters\] timeout_s"):
        letters(tmp_path, "kill", {}, timeout_s=timeout_s).prime()


def test_a_pool_that_nobody_closes_ends_when_it_is_forgotten():
    results = ProcessPool(Witness(Path(tempfile.mkdtemp())), 2).run(range(100))
    next(results)
    assert multiprocessing.active_children() != []
    del results
    gc.collect()
    assert multiprocessing.active_children() == []


# ---- asked to stop

SCRIPT = """
import sys, time
from pathlib import Path
from dataclasses import dataclass
from zensols_like.multi import MultiProcessStash
from zensols_like.persist import DirectoryStash

@dataclass
class Slow(MultiProcessStash):
    def _create_data(self):
        return range(1000)

    def _process(self, chunk):
        for number in chunk:
            time.sleep(600 if sys.argv[4] == "stuck" and number > 3 else 0.05)
            yield str(number), number

    def _done(self, result):
        print(result, flush=True)

if __name__ == "__main__":
    Slow(DirectoryStash(Path(sys.argv[1])), None, "slow", 1, int(sys.argv[2]), start_method=sys.argv[3]).prime()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("workers", "method", "pace"),
    [(1, "fork", "steady"), (2, "forkserver", "steady"), (2, "forkserver", "stuck"), (2, "spawn", "stuck")],
)
def test_an_encode_that_is_asked_to_stop_ends_soon_and_says_how_to_go_on(
    tmp_path_factory, number, workers, method, pace
):
    tmp_path = tmp_path_factory.mktemp("stop")  # short: a fork server has its socket there
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(tmp_path / "numbers"), str(workers), method, pace]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    ) as parent:
        for _ in range(3):
            parent.stdout.readline()
        os.killpg(parent.pid, number) if number == signal.SIGINT else os.kill(parent.pid, number)
        _, stderr = parent.communicate(timeout=300)
    assert parent.returncode == (143 if number == signal.SIGTERM else -signal.SIGINT), stderr
    assert "Call the same again" in stderr
    assert list((tmp_path / "numbers").glob("*.dat")) == []  # a part would pass for the whole
    left = [path.name for path in tmp_path.rglob("*") if path.name.startswith((".", "zensols-like-", "pymp-"))]
    assert left == []


def test_the_handler_of_somebody_else_stays():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append(1))
    try:
        with stoppable("go on"):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [1]


def test_sigterm_is_an_exit_that_says_how_to_go_on(caplog):
    with caplog.at_level(logging.WARNING), pytest.raises(Terminated) as caught, stoppable("go on"):
        os.kill(os.getpid(), signal.SIGTERM)
    assert (caught.value.code, caught.value.__notes__, caplog.messages) == (143, ["go on"], ["go on"])
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
def test_an_end_that_foreign_code_swallows_is_not_forgotten(number, error):
    with pytest.raises(error) as caught, stoppable("outer"), stoppable("inner"), suppress(BaseException):
        os.kill(os.getpid(), number)
    assert caught.value.__notes__ == ["inner", "outer"]


@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)])
@pytest.mark.parametrize("fails", [False, True])
def test_an_end_that_is_asked_for_while_all_is_put_back_comes_after_that(monkeypatch, number, error, fails):
    before = {one: signal.getsignal(one) for one in HELD}
    set_handler, asked = signal.signal, [number]

    def put_back(which, handler):
        if asked:
            os.kill(os.getpid(), asked.pop())
        return set_handler(which, handler)

    def work():
        monkeypatch.setattr(signal, "signal", put_back)
        if fails:
            raise ValueError("something else")

    with pytest.raises(error) as caught, stoppable("go on"):
        work()
    monkeypatch.undo()
    assert caught.value.__notes__ == ["go on"]
    assert {one: signal.getsignal(one) for one in HELD} == before


def test_threads_leave_signals_alone():
    seen = []

    def look():
        with stoppable("go on"):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.SIG_DFL]


# ---- what stays behind


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_a_killed_group_leaves_nothing_that_the_next_run_does_not_remove(tmp_path, method):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    temporary = Path(tempfile.mkdtemp(dir="/tmp"))  # the path of a socket is short
    environment = {**os.environ, "TMPDIR": str(temporary)}
    shared: set[int] = set()
    for name in ("first", "second"):
        command = [sys.executable, str(script), str(tmp_path / name), "2", method, "steady"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, start_new_session=True) as parent:
            parent.stdout.readline()
            shared |= shared_memory(parent.pid)
            os.killpg(parent.pid, signal.SIGKILL)
        assert parent.returncode == -signal.SIGKILL
        assert len(list(temporary.iterdir())) == (method == "forkserver")
    assert shared & {entry.inode() for entry in os.scandir("/dev/shm")} == set()
    shutil.rmtree(temporary)


def shared_memory(group: int) -> set[int]:
    """The inodes in /dev/shm that the processes of a group have; others may come and go."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            if os.getpgid(int(process.name)) == group:
                found |= set(map(int, re.findall(r"(\d+) +/dev/shm/", (process / "maps").read_text())))
    return found


def test_a_long_temporary_path_starts_workers_otherwise(tmp_path, monkeypatch):
    place = tmp_path / ("x" * 100)
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    assert start_context().get_start_method() == "spawn"
    with pytest.raises(ConfigurationError, match="short path"):
        start_context("forkserver")


def test_the_temporary_folder_of_a_living_process_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mine = scratch._make()
    theirs = tmp_path / f"zensols-like-{os.getuid()}-abc"
    theirs.mkdir()
    (theirs / "listener-xyz").touch()
    (tmp_path / f"zensols-like-{os.getuid()}-file").touch()
    (tmp_path / f"zensols-like-{os.getuid()}-link").symlink_to(tmp_path)
    assert list(scratch.leftovers()) == [theirs]
    assert list(scratch.leftovers(remove=True)) == [theirs]
    assert mine.is_dir()
    assert not theirs.exists()


def test_without_a_temporary_folder_workers_start_otherwise(monkeypatch):
    def fail():
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", fail)
    assert start_context().get_start_method() == "spawn"
