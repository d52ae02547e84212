"""Processes that a test may kill: forks of one process that has imported everything.

The test asks the nursery for a child that runs a function; the child leads a process group of its own, so that it can
be killed with its workers.  What the function returns or raises comes back through a file.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any, NoReturn

LIMIT_S = 300.0
"""No child takes longer; one that does hangs."""


@dataclass(frozen=True)
class End:
    """How a child ended."""

    code: int
    """The exit code; of a signal its number, negative."""
    value: Any = None
    """What the function returned, or the exception that it raised."""
    trace: str = ""

    @property
    def error(self) -> BaseException | None:
        return self.value if isinstance(self.value, BaseException) else None


@dataclass
class Child:
    """A process that runs a function."""

    pipe: Connection
    pid: int
    result: Path

    def kill(self, number: int = signal.SIGKILL, group: bool = True) -> None:
        with suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.pid, number)

    def wait(self, limit_s: float = LIMIT_S) -> End:
        """Wait for the end.

        Raises:
            AssertionError: It hangs; the group is killed then.
        """
        self.pipe.send(("wait", self.pid, limit_s))
        code = self.pipe.recv()
        if code is None:
            self.kill()
            self.pipe.send(("wait", self.pid, LIMIT_S))
            self.pipe.recv()
            raise AssertionError(f"process {self.pid} did not end within {limit_s} s")
        data = self.result.read_bytes() if self.result.exists() else b""
        return End(code, *pickle.loads(data)) if data else End(code)


class Nursery:
    """Starts children."""

    def __init__(self, pipe: Connection, folder: Path) -> None:
        self._pipe = pipe
        self._folder = folder
        self._count = 0

    def start(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Child:
        """Start a child that runs an importable function."""
        self._count += 1
        result = self._folder / f"result-{self._count}"
        self._pipe.send(("start", pickle.dumps((function, arguments, options)), result))
        return Child(self._pipe, self._pipe.recv(), result)

    def run(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> End:
        """Run a function in a child."""
        return self.start(function, *arguments, **options).wait()

    def call(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """The value of a function that must not fail, run in a child."""
        end = self.run(function, *arguments, **options)
        assert end.code == 0, f"{function.__name__}{arguments} {options} ended with {end.code}\n{end.trace}"
        return end.value


@contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    """A nursery, with what its children write to the standard streams in ``folder/log``."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    address = str(folder / "socket")
    with Listener(address, "AF_UNIX") as listener, (folder / "log").open("ab") as log:
        command = [sys.executable, "-m", "torture.nursery", address]
        with subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True):
            pipe = listener.accept()
            try:
                yield Nursery(pipe, folder)
            finally:
                pipe.close()


def _serve(pipe: Connection) -> None:
    codes: dict[int, int] = {}
    with suppress(EOFError):
        while True:
            kind, *arguments = pipe.recv()
            pipe.send(_start(pipe, codes, *arguments) if kind == "start" else _wait(codes, *arguments))


def _start(pipe: Connection, codes: dict[int, int], call: bytes, result: Path) -> int:
    pid = os.fork()
    if pid == 0:
        os.setsid()
        pipe.close()
        _run(call, result)
    codes.pop(pid, None)  # of an earlier child with this number
    return pid


def _wait(codes: dict[int, int], pid: int, limit_s: float) -> int | None:
    until = time.monotonic() + limit_s
    while pid not in codes:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found == pid:
            codes[pid] = os.waitstatus_to_exitcode(status)
        elif time.monotonic() > until:
            return None
        else:
            time.sleep(0.002)
    return codes[pid]


def _run(call: bytes, result: Path) -> NoReturn:
    code, value, trace = 0, None, ""
    file = result.open("wb", buffering=0)  # before the function may become another user
    try:
        function, arguments, options = pickle.loads(call)
        value = function(*arguments, **options)
    except BaseException as error:  # noqa: BLE001 - the test looks at it
        value, trace = error, "".join(traceback.format_exception(error))
        code = error.code if isinstance(error, SystemExit) else 130 if isinstance(error, KeyboardInterrupt) else 1
    try:
        data = pickle.dumps((value, trace))
    except Exception:  # noqa: BLE001 - then its text must do
        data = pickle.dumps((None if code == 0 else RuntimeError(trace), trace))
    file.write(data)
    os._exit(code)


def main() -> None:
    import torch

    torch.set_num_threads(1)  # a process with threads cannot be forked safely
    import torture.store  # noqa: F401 - what children need

    with Client(sys.argv[1], "AF_UNIX") as pipe:
        _serve(pipe)


if __name__ == "__main__":
    main()
