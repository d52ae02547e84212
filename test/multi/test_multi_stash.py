import inspect
import math
import multiprocessing
import os
import pickle
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from zensols_like.config import IniConfig
from zensols_like.errors import ConfigurationError, WorkerError
from zensols_like.multi import MultiProcessStash, TorchMultiProcessStash
from zensols_like.persist import CacheStash, DictionaryStash, DirectoryStash

process = pytest.mark.process


@dataclass
class SquareStash(TorchMultiProcessStash):
    """Squares of numbers; writes down who processed what."""

    count: int = 23
    bad: int = -1
    log: Path | None = None
    finished: list[int] = field(default_factory=list)

    def _create_data(self) -> Iterable[int]:
        return range(self.count)

    def _process(self, chunk):
        if self.log is not None:
            with (self.log / str(os.getpid())).open("a") as file:
                file.write(f"{self.is_child} {len(chunk)}\n")
        for number in chunk:
            if number == self.bad:
                raise ValueError(f"{number} is bad")
            yield str(number), number * number

    def _done(self, result):
        self.finished.append(result)


@dataclass
class BareStash(MultiProcessStash):
    def _create_data(self):
        return "abc"

    def _process(self, chunk):
        return ((letter, letter.upper()) for letter in chunk)


@dataclass
class TellingStash(BareStash):
    """Tells the parent more than a number."""

    def _work(self, chunk):
        return super()._work(chunk), "".join(chunk)

    def _done(self, result):
        self.told = [*vars(self).get("told", []), result]


def square_stash(path, chunk_size=0, workers=1, **fields):
    return SquareStash(DirectoryStash(path / "squares"), None, "squares", chunk_size, workers, **fields)


def all_of(stash):
    return sorted((int(key), value) for key, value in stash)


SQUARES = [(number, number * number) for number in range(23)]


def test_the_documented_parameters_are_in_their_order():
    documented = ["delegate", "config", "name", "chunk_size", "workers"]
    assert list(inspect.signature(TorchMultiProcessStash).parameters)[:5] == documented
    assert list(inspect.signature(BareStash).parameters)[:5] == documented


def test_one_worker_works_in_this_process_and_memory_will_do():
    stash = BareStash(DictionaryStash(), None, "letters", 2, 1)
    assert dict(stash) == {"a": "A", "b": "B", "c": "C"}
    assert stash.is_child is False


@process
@pytest.mark.parametrize("chunk_size", [0, 1, 5, 100])
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_values_are_the_same_for_any_workers_and_chunks(tmp_path, workers, chunk_size):
    stash = square_stash(tmp_path, chunk_size, workers)
    assert all_of(stash) == SQUARES
    assert sum(stash.finished) == 23
    if chunk_size and workers > 1:
        assert len(stash.finished) == math.ceil(23 / chunk_size)
    assert max(stash.finished) <= (chunk_size or 23)


@process
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_the_values_are_the_same_for_any_start_method(tmp_path, method):
    assert all_of(square_stash(tmp_path, 5, 2, start_method=method)) == SQUARES


def test_an_unknown_start_method_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="No start method 'thread'"):
        len(square_stash(tmp_path, 1, 2, start_method="thread"))


@process
def test_a_stash_of_a_configuration_is_built_from_its_section(tmp_path):
    (tmp_path / "log").mkdir()
    (tmp_path / "squares.conf").write_text(f"""
[files]
class_name = zensols_like.persist.DirectoryStash
path = path: {tmp_path}/squares

[squares]
class_name = {__name__}.SquareStash
delegate = instance: files
chunk_size = 5
workers = 2
log = path: {tmp_path}/log
""")
    stash = SquareStash(
        DirectoryStash(tmp_path / "squares"),
        IniConfig(tmp_path / "squares.conf"),
        "squares",
        1,
        2,
        log=Path("/nowhere"),
    )
    assert all_of(stash) == SQUARES
    lines = [line for file in (tmp_path / "log").iterdir() for line in file.read_text().splitlines()]
    assert lines == ["True 1"] * 23


def made_here(tmp_path):
    lines = (tmp_path / "log" / str(os.getpid())).read_text().splitlines()
    return sum(int(line.removeprefix("False ")) for line in lines)


def test_what_is_primed_is_not_made_again(tmp_path):
    (tmp_path / "log").mkdir()
    stash = square_stash(tmp_path, 5, log=tmp_path / "log")
    for _ in range(2):
        stash.prime()
        assert all_of(stash) == SQUARES
    again = square_stash(tmp_path, 5, log=tmp_path / "log")
    assert all_of(again) == SQUARES
    assert made_here(tmp_path) == 23
    again.clear()
    assert all_of(again) == SQUARES
    assert made_here(tmp_path) == 46


def test_work_that_gives_nothing_is_not_tried_again(tmp_path):  # weakness B5
    stash = square_stash(tmp_path, count=0)
    stash._create_data = lambda calls=[]: calls.append(1) or range(len(calls) - 1)
    assert [len(stash), list(stash.keys()), stash.load("0")] == [0, [], None]


def test_looking_for_a_key_makes_nothing(tmp_path):
    stash = square_stash(tmp_path)
    assert not stash.exists("1")
    assert not (tmp_path / "squares").exists()


def test_a_copy_in_a_worker_does_not_start_workers_itself(tmp_path):
    stash = square_stash(tmp_path)
    stash.is_child = True
    assert list(stash) == []


@process
@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_chunk_tells_reaches_the_parent(tmp_path, workers):
    stash = TellingStash(DirectoryStash(tmp_path / "letters"), None, "letters", 2, workers)
    assert dict(stash) == {"a": "A", "b": "B", "c": "C"}
    assert all(count == len(letters) <= 2 for count, letters in stash.told)
    if workers == 1:  # how chunks are cut in this process follows the clock
        assert "".join(letters for _, letters in stash.told) == "abc"
    else:
        assert sorted(stash.told) == [(1, "c"), (2, "ab")]


@process
@pytest.mark.parametrize("workers", [1, 2])
def test_a_failing_chunk_is_the_error_of_the_stash_and_a_part_does_not_pass_for_the_whole(tmp_path, workers):
    stash = square_stash(tmp_path, 1, workers, bad=20)
    with pytest.raises(ValueError, match="20 is bad") as caught:
        stash.prime()
    assert workers == 1 or "in _process" in str(caught.value.__cause__)
    assert 17 <= len(stash.finished) <= 22
    assert list(stash.delegate.keys()) == []
    for again in (stash, square_stash(tmp_path, 1, workers, bad=20)):
        with pytest.raises(ValueError, match="20 is bad"):
            again.load("1")
    assert all_of(square_stash(tmp_path, 1, workers)) == SQUARES


@dataclass
class ImpatientStash(SquareStash):
    """Has enough after the first chunk, and knows that this is not all."""

    def _calculate_has_data(self):
        return len(self.delegate) == self.count

    def _done(self, result):
        raise InterruptedError("enough")


@process
def test_an_error_of_the_parent_stops_the_workers(tmp_path):
    stash = ImpatientStash(DirectoryStash(tmp_path / "squares"), None, "squares", 1, 2, count=1000)
    with pytest.raises(InterruptedError, match="enough"):
        stash.prime()
    assert multiprocessing.active_children() == []
    assert 1 <= len(stash.delegate) < 20


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_delegate_in_memory_is_refused_with_a_sentence(wrapped):
    memory = DictionaryStash()
    stash = BareStash(CacheStash(memory, DictionaryStash()) if wrapped else memory, None, "letters", 1, 2)
    with pytest.raises(WorkerError, match=r"they would stay in their memory(.|\n)*\[letters\] delegate"):
        stash.prime()


def test_a_stash_that_cannot_be_copied_says_what_to_do(tmp_path):
    stash = square_stash(tmp_path, 1, 2)
    stash.generator = (n for n in range(3))
    with pytest.raises(WorkerError, match=r"A SquareStash cannot be copied(.|\n)*use workers = 1"):
        stash.prime()


@pytest.mark.parametrize(("chunk_size", "workers", "option"), [(-1, 1, "chunk_size"), (1, -1000, "workers")])
def test_senseless_options_name_their_section(tmp_path, chunk_size, workers, option):
    with pytest.raises(ConfigurationError, match=rf"where: \[squares\] {option}"):
        square_stash(tmp_path, chunk_size, workers).prime()


def test_a_stash_can_be_pickled(tmp_path):
    stash = pickle.loads(pickle.dumps(square_stash(tmp_path)))
    assert all_of(stash) == SQUARES


SCRIPT = """
import sys
from dataclasses import dataclass
from pathlib import Path
from zensols_like.multi import MultiProcessStash
from zensols_like.persist import DirectoryStash

@dataclass
class NumberStash(MultiProcessStash):
    def _create_data(self):
        return range(10)

    def _process(self, chunk):
        return ((str(number), number) for number in chunk)

{guard}
    stash = NumberStash(DirectoryStash(Path(sys.argv[1])), None, "numbers", 1, 2, start_method=sys.argv[2])
    print(sum(stash.values()))
"""


def run_script(tmp_path, guard, method):
    script = tmp_path / "numbers_script.py"
    script.write_text(SCRIPT.format(guard=guard))
    return subprocess.run(
        [sys.executable, str(script), str(tmp_path / "numbers"), method], capture_output=True, text=True, check=False
    )


@process
@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_a_script_with_a_main_guard_may_define_the_stash_itself(tmp_path, method):
    done = run_script(tmp_path, 'if __name__ == "__main__":', method)
    assert (done.returncode, done.stdout, done.stderr) == (0, "45\n", "")


@process
@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_a_script_without_a_main_guard_ends_with_an_error_that_says_so(tmp_path, method):
    done = run_script(tmp_path, "if True:", method)
    assert (done.returncode, done.stdout) == (1, "")
    what, where, fix = done.stderr.splitlines()[-3:]
    assert what == "zensols_like.errors.WorkerError: The worker processes died before they were ready (exit code 1)."
    assert "numbers_script.py" in where
    assert "`if __name__ == '__main__':`" in fix
    assert not (tmp_path / "numbers").exists()


CONFIGURED = """
from zensols_like.config import DictionaryConfig, ImportConfigFactory
delegate = {"class_name": "zensols_like.persist.DirectoryStash", "path": "path: " + sys.argv[1]}
numbers = {"class_name": "__main__.NumberStash", "delegate": "instance: delegate", "chunk_size": 1, "workers": 2}
config = DictionaryConfig({"delegate": delegate, "numbers": {**numbers, "start_method": sys.argv[2]}})
print(sum(ImportConfigFactory(config).instance("numbers").values()))
"""


@process
@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_a_class_of_a_notebook_is_an_error_with_the_way_out(tmp_path, method):
    program = SCRIPT.partition("{guard}")[0] + CONFIGURED
    arguments = [str(tmp_path / "numbers"), method]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert "FactoryError: __main__ has no class 'NumberStash'." in done.stderr
    assert "move it to a module, or use workers = 1" in done.stderr


@process
@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_a_program_from_standard_input_is_told_at_once_that_it_needs_a_file(tmp_path, method):
    program = SCRIPT.replace("{guard}", "if True:")
    arguments = [str(tmp_path / "numbers"), method]
    done = subprocess.run(
        [sys.executable, "-", *arguments], input=program, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    what, where, fix = done.stderr.splitlines()[-3:]
    assert what.endswith("Worker processes import the main file when they start, but this program is in none.")
    assert (where, fix) == ("  where: <stdin>", "  fix: put it in a file, or use workers = 1")
    assert done.stderr.count("Traceback") == 1


@process
@pytest.mark.parametrize("arguments", [("-c", "{program}"), ("-",)])
def test_what_needs_no_file_needs_none(tmp_path, arguments):
    program = SCRIPT.replace("{guard}", "if True:")
    method = "forkserver" if arguments[0] == "-c" else "fork"
    words = [word.replace("{program}", program) for word in arguments]
    done = subprocess.run(
        [sys.executable, *words, str(tmp_path / "numbers"), method],
        input=program,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.stdout == "45\n", done.stderr


def test_a_senseless_option_of_a_configuration_names_its_file(tmp_path):
    path = tmp_path / "squares.conf"
    path.write_text("[squares]\nworkers = 1.5\n")
    stash = SquareStash(DirectoryStash(tmp_path / "squares"), IniConfig(path), "squares", 1, 1.5)
    with pytest.raises(ConfigurationError, match=r"squares\.conf \[squares\] workers"):
        stash.prime()
