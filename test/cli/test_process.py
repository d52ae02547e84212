"""The command line in processes of its own: start, signals, terminals, pipes, full disks."""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli.iris import STOPPING, clean_environment, process

pytestmark = pytest.mark.process

COMMAND = [sys.executable, "-m", "zensols_like"]


@pytest.mark.parametrize("arguments", [["--help"], ["verify", "--help"], ["--version"], ["ls"]])
def test_help_and_wrong_usage_import_neither_torch_nor_pandas(arguments):
    code = f"""
import sys
from zensols_like.cli.main import app
try:
    app({arguments!r})
except SystemExit:
    pass
print([name for name in ("torch", "pandas", "numpy") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_installed_command_and_the_module_are_the_same():
    command = Path(sys.executable).with_name("zensols-like")
    installed = subprocess.run([command, "--version"], text=True, capture_output=True, check=True)
    assert installed.stdout == process("--version").stdout


def test_workers_encode_and_the_batches_are_shown(iris):
    done = process("encode", *iris.arguments("batch_stash.workers=2"), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["encoded"] == 10
    assert done.stderr.startswith("encoding 10 of 10 batches\n")
    assert json.loads(process("show", "0", str(iris.store), "--json").stdout)["split"] == "train"


def test_a_worker_says_which_data_point_failed_without_a_traceback(iris, own_module, tmp_path):
    (tmp_path / "stop").write_text("error")
    done = process("encode", "-q", *iris.arguments(STOPPING, "batch_stash.workers=2"))
    assert done.returncode == 5
    assert done.stderr.startswith("error: Cannot encode data point '42'. ArithmeticError: a thorn")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_signal_stops_the_encode_which_can_go_on(iris, own_module, tmp_path, number, exit_code, workers):
    (tmp_path / "stop").write_text("slowly")
    settings = iris.arguments(
        STOPPING, "batch_stash.chunk_size=1", "batch_stash.batch_size=5", f"batch_stash.workers={workers}"
    )
    journal = iris.store / ".store" / "journal.jsonl"
    with subprocess.Popen([*COMMAND, "encode", "-q", *settings], text=True, stderr=subprocess.PIPE) as running:
        try:
            wait_for(lambda: lines_in(journal) >= 2 or running.poll() is not None)
            running.send_signal(number)
            _, stderr = running.communicate(timeout=600)
        finally:
            running.kill()
    assert running.returncode == exit_code, stderr
    assert "Go on with: zensols-like encode -c" in stderr
    assert "Traceback" not in stderr
    (tmp_path / "stop").unlink()
    again = json.loads(process("encode", "-q", "--json", *settings).stdout)
    assert again["status"] == "complete"
    assert 0 < again["encoded"] < 30


def lines_in(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for(condition) -> None:
    end = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def test_a_file_that_may_not_grow_is_incomplete_and_not_a_bug(iris):
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))

    done = process("encode", "-q", *iris.arguments(), preexec_fn=limit)
    assert done.returncode == 5
    what, where, fix = done.stderr.splitlines()
    assert what == "error: There is no room to write: File too large."
    assert where.startswith("  where: target/batch/")
    assert fix.startswith("  fix: let files grow larger (ulimit -f), then run the same command")
    assert process("encode", "-q", *iris.arguments()).returncode == 0


@pytest.mark.parametrize("more", [(), ("batch_stash.workers=2", "batch_stash.timeout_s=100")])
def test_what_code_of_the_user_prints_is_no_data(iris, own_module, more):
    Path("stop").write_text("aloud")
    done = process("encode", "-q", "--json", *iris.arguments(STOPPING, "batch_stash.batch_size=75", *more))
    assert json.loads(done.stdout)["report"] == "encode"
    assert done.stderr.count("hello from Python") == done.stderr.count("hello from another program") >= 2


@pytest.mark.parametrize(("closed", "option"), [("0", ""), ("1", ""), ("1", "--json"), ("2", "--json")])
def test_a_stream_may_be_closed(encoded, closed, option):
    shell = f"exec {sys.executable} -m zensols_like info {option} {encoded.store} {closed}>&-"
    done = subprocess.run(["/bin/sh", "-c", shell], text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert bool(done.stdout) is (closed != "1")


def test_who_cannot_be_asked_is_told(encoded):
    shell = f"exec {shlex.join([*COMMAND, 'clear', *encoded.arguments()])} <&-"
    done = subprocess.run(["/bin/sh", "-c", shell], text=True, capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: Nothing was removed: there is no terminal to ask on.")


def in_terminal(arguments: list[str], answer: str = "", **environment: str) -> tuple[int, str]:
    """Run a command with a terminal as its standard streams."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=clean_environment(TERM="xterm", COLUMNS="100", **environment),
    )
    os.close(theirs)
    os.write(ours, answer.encode())
    output = b""
    try:
        while data := os.read(ours, 4096):
            output += data
    except OSError:  # how a terminal says that its last user has gone
        pass
    os.close(ours)
    return running.wait(timeout=600), output.decode()


def test_a_terminal_gets_a_bar_and_colours(iris):
    exit_code, output = in_terminal(["encode", *iris.arguments()])
    assert exit_code == 0
    assert "━" in output
    assert "10/10" in output
    assert "\x1b[32mcomplete" in output


COLOUR = re.compile(r"\x1b\[(\d+;)*(3\d|4\d|9\d|10[0-7])(;\d+)*m")


@pytest.mark.parametrize("command", ["info", "nothing", "--help"])
def test_no_color_is_honoured(encoded, command):
    arguments = [command, *([] if command == "--help" else encoded.arguments())]
    coloured, plain = in_terminal(arguments), in_terminal(arguments, NO_COLOR="1")
    assert COLOUR.search(coloured[1])
    assert not COLOUR.search(plain[1])
    assert plain[0] == coloured[0] == (2 if command == "nothing" else 0)


def completed(shell: str, line: str) -> list[str]:
    """What a shell offers for the last word of a line."""
    words = line.split(" ")
    environment = clean_environment(
        _ZENSOLS_LIKE_COMPLETE=f"complete_{shell}",
        COMP_WORDS=line,
        COMP_CWORD=str(len(words) - 1),
        _TYPER_COMPLETE_ARGS=line,
    )
    done = subprocess.run(COMMAND, env=environment, text=True, capture_output=True, check=False)
    return done.stdout.split()


def test_a_shell_completes_commands_and_options():
    assert completed("bash", "zensols-like en") == ["encode"]
    assert completed("bash", "zensols-like why") == ["why-stale"]
    assert completed("bash", "zensols-like check --dup") == ["--duplicates"]
    assert '"info"' in "".join(completed("zsh", "zensols-like inf"))


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_is_told_how_to_complete_and_reads_it(tmp_path):
    script = tmp_path / "completion.sh"
    # the shell is found among the processes above, of which bash is one until its last command
    shell = f"{shlex.join(COMMAND)} --show-completion > {script}; source {script}; complete -p zensols-like"
    done = subprocess.run(["bash", "-c", shell], text=True, capture_output=True, check=False, env=clean_environment())
    assert (done.stdout, done.stderr) == ("complete -o default -F _zensols_like_completion zensols-like\n", "")


def test_a_pipe_gets_neither(iris):
    done = process("encode", *iris.arguments())
    assert "\x1b" not in done.stdout + done.stderr
    assert "━" not in done.stdout + done.stderr


@pytest.mark.parametrize(("answer", "is_there"), [("n\n", True), ("y\n", False)])
def test_clear_asks_on_a_terminal(encoded, answer, is_there):
    exit_code, output = in_terminal(["clear", *encoded.arguments()], answer)
    assert exit_code == 0
    assert "Remove 10 batches from target/batch? [y/N]:" in output
    assert (process("ls", str(encoded.store)).returncode == 0) is is_there


@pytest.mark.parametrize("arguments", [["info"], ["info", "--json"], ["--help"], ["config", "-c"]])
def test_a_command_that_nobody_reads_ends_as_a_program_of_the_system(encoded, arguments):
    place = [str(encoded.config if "-c" in arguments else encoded.store)]
    ours, theirs = os.pipe()
    os.close(ours)
    command = [*COMMAND, *arguments, *place, *(["-o", "default.resources_dir=."] if "-c" in arguments else [])]
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, check=False)
    os.close(theirs)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_reader_that_goes_away_gets_no_traceback(encoded):
    shell = f"{sys.executable} -m zensols_like ls --json {encoded.store} | head -1"
    done = subprocess.run(["/bin/sh", "-c", shell], text=True, capture_output=True, check=False)
    assert done.stdout == "{\n"
    assert "Traceback" not in done.stderr
