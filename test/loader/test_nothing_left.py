"""However a loop ends, no thread, process, open file or entry of /dev/shm is left behind."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from loader_fakes import FakeBatch, fake_loader, ids, load, load_all_but_three, wait_for
from support.flowers import flower_stash

from zensols_like.loader import BatchLoader

PROCESSES = {"workers": 2, "worker_type": "process"}


def belongings() -> set[str]:
    """What this process has that it could leave behind."""
    gc.collect()
    return {
        *(f"thread {thread.name} {thread.ident}" for thread in threading.enumerate()),
        *(f"process {process}" for process in descendants(os.getpid())),
        *(f"file {file}" for file in open_files()),
    }


@contextmanager
def nothing_new() -> Iterator[set[int]]:
    """What is done here leaves nothing; gives a set for the processes that it starts, whose shared memory is ours.

    What ended workers have in the files of torch is asked by their IDs, since others may come and go.
    """
    before, processes = belongings(), {os.getpid()}
    yield processes
    wait_for(lambda: belongings() <= before)  # a thread that has done its last work may still have to end
    assert [entry for entry in Path("/dev/shm").glob("torch_*") if int(entry.name.split("_")[1]) in processes] == []


def descendants(process: int) -> Iterator[int]:
    """The IDs of the processes that a process started, and of those that these started."""
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except FileNotFoundError:  # it has ended meanwhile
        return
    for child in children:
        yield child
        yield from descendants(child)


def open_files() -> Iterator[str]:
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            yield f"{descriptor.name} {descriptor.readlink()}"
        except FileNotFoundError:  # that of the folder itself
            continue


def end_somehow(number: int, loader: BatchLoader[Any]) -> None:
    """Begin a loop and leave it: early, by an error, by Ctrl-C, forgotten, or at its end."""
    way = number % 5
    if way == 0:
        for _, _ in zip(loader, range(2), strict=False):
            continue
    elif way == 1:
        with pytest.raises(ArithmeticError):
            ids(loader)
    elif way == 2:
        with pytest.raises(KeyboardInterrupt):
            interrupted(loader)
    elif way == 3:
        loop = iter(loader)
        next(loop)
        del loop
    else:
        loader.seek(loader.epoch, 4)
        ids(loader)


def interrupted(loader: BatchLoader[Any]) -> None:
    for _ in loader:
        raise KeyboardInterrupt


def slow_all_but_three(batch_id: str) -> FakeBatch:
    time.sleep(0.0005)
    return load_all_but_three(batch_id)


@pytest.mark.parametrize("way", [{}, {"workers": 4}, {"workers": 2, "prefetch": 1}, {"workers": 0}, {"cache": "cpu"}])
@pytest.mark.parametrize("load", [load_all_but_three, slow_all_but_three])
def test_a_hundred_loops_leave_nothing(way: dict[str, Any], load: Any) -> None:
    with nothing_new():
        for number in range(100):
            end_somehow(number, fake_loader(8, load, **way))
            wait_for(lambda: loader_threads() == [])


@pytest.mark.process
def test_a_hundred_loops_with_processes_leave_nothing() -> None:
    with fake_loader(8, load_all_but_three, **PROCESSES) as loader:  # starts the server of processes, which stays
        end_somehow(0, loader)
    with nothing_new() as processes:
        for _ in range(4):
            with fake_loader(8, load_all_but_three, **PROCESSES) as loader:
                for number in range(25):
                    end_somehow(number, loader)
                processes.update(descendants(os.getpid()))


def test_loops_over_a_store_leave_its_files_as_they_were(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path, n=40)
    list(stash.loader("train"))
    files = sorted(tmp_path.rglob("*"))
    with nothing_new():
        for number in range(100):
            if number % 5 != 1:  # there is no damage
                end_somehow(number, stash.loader("train"))
    assert sorted(tmp_path.rglob("*")) == files


def loader_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "zensols_like.loader"]


def test_a_loader_that_is_forgotten_ends_its_threads() -> None:
    loop = iter(fake_loader(8, workers=2))
    next(loop)
    assert len(loader_threads()) == 2
    del loop
    gc.collect()
    wait_for(lambda: loader_threads() == [])


@pytest.mark.process
def test_processes_stay_from_loop_to_loop_and_end_with_the_loader() -> None:
    loader = fake_loader(6, pid, **PROCESSES)
    seen = {batch.id for batch in loader}
    next(iter(loader))
    for _ in range(2):
        seen |= {batch.id for batch in loader}
    assert len(seen) <= 2  # while one starts, the other may do all the work
    del loader
    gc.collect()
    for process in seen:
        wait_for(lambda process=process: not is_there(int(process)))


def pid(batch_id: str) -> FakeBatch:
    return FakeBatch(str(os.getpid()), load(batch_id).attributes)


def is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.process
def test_processes_leave_nothing_in_shared_memory() -> None:
    with fake_loader(40, **PROCESSES) as loader:
        kept = list(loader)
        assert len(kept) == 40
        assert not any(batch.attributes["x"].is_shared() for batch in kept)  # type: ignore[union-attr]


SCRIPT = """
import sys
sys.path.insert(0, {path!r})
from loader_fakes import fake_loader
loop = iter(fake_loader(100, **{options!r}))
print(next(loop).id)
{end}
"""


@pytest.mark.process
@pytest.mark.parametrize("end", ["", "import os, signal; os.kill(os.getpid(), signal.SIGINT)"])
@pytest.mark.parametrize("options", [{"workers": 2}, PROCESSES])
def test_python_ends_in_the_middle_of_a_loop(tmp_path: Path, end: str, options: dict[str, Any]) -> None:
    script = tmp_path / "script.py"
    body = SCRIPT.format(path=str(Path(__file__).parent), options=options, end=end)
    script.write_text("if __name__ == '__main__':\n" + "".join(f"    {line}\n" for line in body.splitlines()))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=600, check=False)
    assert done.stdout == "0\n"
    assert done.returncode in ([-2, 130] if end else [0])
    assert ("Traceback" in done.stderr) == bool(end), done.stderr


FORK = """
import os, sys
sys.path.insert(0, {path!r})
from loader_fakes import fake_loader
loop = iter(fake_loader(100, workers=2))
next(loop)
child = os.fork()
if child == 0:
    {way}
    sys.exit(3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(list(loop)))
"""


@pytest.mark.process
@pytest.mark.parametrize("way", ["pass", "del loop", "loop.close()"])
def test_a_fork_that_lets_go_of_a_loop_of_its_parent_ends(tmp_path: Path, way: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(FORK.format(path=str(Path(__file__).parent), way=way))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "3 99\n"), done.stderr
