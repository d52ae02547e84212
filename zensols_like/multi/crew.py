"""The processes of a pool: each has a pipe of its own, so that it is known what each one does and how it ended."""

from __future__ import annotations

import atexit
import math
import pickle
import signal
import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from zensols_like.multi import child
from zensols_like.multi.start import worker_environment
from zensols_like.multi.stop import held_signals

__all__ = ["Answer", "Crew", "Lost", "Member"]

T = TypeVar("T")

LOOK_S = 1.0
"""How often processes are looked at though they do not say anything."""
START_S = 300.0
"""How long a worker may take to be built where there is a limit for its work."""
GRACE_S = 2.0
"""How long a process that is asked to end has to clean up."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker process is gone without an answer."""

    reason: str
    """How it ended."""
    was_ready: bool
    """Whether its worker was built."""


Answer = child.Done | child.Failed | Lost


@dataclass(eq=False)
class Member(Generic[T]):
    """A worker process."""

    process: BaseProcess
    pipe: Connection
    deadline: float
    """When it must have answered."""
    is_ready: bool = False
    """Whether its worker is built."""
    task: T | None = None
    """What it does."""

    @property
    def is_awaited(self) -> bool:
        """Whether it must answer."""
        return self.task is not None or not self.is_ready


@dataclass(eq=False)
class Crew(Generic[T]):
    """Worker processes, which end with the ``with`` block.

    Args:
        recipe: The pickled recipe of the worker.
        size: How many there are.
        context: How they start.
        timeout_s: How long one may take for a task.
    """

    recipe: bytes
    size: int
    context: BaseContext
    timeout_s: float | None = None
    members: list[Member[T]] = field(default_factory=list)

    def __enter__(self) -> Self:
        atexit.register(self.stop)  # multiprocessing waits for workers at exit, for ever if nobody ends them
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        atexit.unregister(self.stop)

    def fill(self) -> None:
        """Start processes until all are there."""
        while len(self.members) < self.size:
            ours, theirs = self.context.Pipe()
            process = self.context.Process(target=child.main, args=(theirs, self.recipe))  # type: ignore[attr-defined]
            self.members.append(Member(process, ours, self._deadline(START_S)))  # an interrupted start is stopped, too
            forks = self.context.get_start_method() == "fork"
            with theirs, worker_environment(), held_signals() if forks else nullcontext():
                process.start()

    @property
    def idle(self) -> list[Member[T]]:
        """Those that wait for work."""
        return [member for member in self.members if member.is_ready and member.task is None]

    @property
    def tasks(self) -> list[T]:
        """What is being done."""
        return [member.task for member in self.members if member.task is not None]

    def give(self, member: Member[T], task: T, piece: Any) -> None:
        """Let an idle member do a task.

        Args:
            member: The member.
            task: What the task is called here.
            piece: What the process gets.
        """
        member.task = task
        member.deadline = self._deadline()
        with suppress(BrokenPipeError, ConnectionResetError):  # it has just died, which is noticed in a moment
            member.pipe.send_bytes(pickle.dumps(piece))

    def wait(self) -> list[tuple[T | None, Answer]]:
        """Wait until something happens, at most for a moment.

        Returns:
            The answers, each with the task that it is about; who does not answer any more is a member no more.
        """
        now = time.monotonic()
        patience = min([LOOK_S, *(max(0.0, member.deadline - now) for member in self.members if member.is_awaited)])
        wait([end for member in self.members for end in (member.pipe, member.process.sentinel)], patience)
        found: list[tuple[T | None, Answer]] = []
        for member in tuple(self.members):
            answer = self._look(member)
            if answer is not None:
                found.append((member.task, answer))
                member.task, member.is_ready = None, True
                if isinstance(answer, Lost) or (isinstance(answer, child.Failed) and answer.is_exhausted):
                    self.members.remove(member)
                    _end([member])
        return found

    def stop(self) -> None:
        """End the processes, those that do something too."""
        members, self.members = self.members, []
        _end(members)

    def _deadline(self, more_s: float = 0.0) -> float:
        return math.inf if self.timeout_s is None else time.monotonic() + self.timeout_s + more_s

    def _look(self, member: Member[T]) -> Answer | None:
        """The answer of a member, if there is one."""
        has_ended = member.process.exitcode is not None  # before we listen: its last words are heard
        try:
            if member.pipe.poll():
                answer: Answer = pickle.loads(member.pipe.recv_bytes())  # noqa: S301 - from our own child
                return answer
        except (EOFError, OSError):
            member.process.join(GRACE_S)
            has_ended = True
        if has_ended:
            return Lost(_reason(member.process.exitcode), member.is_ready)
        if member.is_awaited and time.monotonic() >= member.deadline:
            member.process.kill()
            return Lost(f"no answer within timeout_s = {self.timeout_s:g}", member.is_ready)
        return None


def _end(members: list[Member[T]]) -> None:
    """End processes; they have a moment to clean up."""
    members = [member for member in members if member.process.pid is not None]
    try:
        for member in members:
            member.process.terminate()
            with suppress(OSError):  # also said: what a signal raises in a worker may get lost in somebody's code
                member.pipe.send_bytes(child.GOODBYE)
        until = time.monotonic() + GRACE_S
        for member in members:
            member.process.join(max(0.0, until - time.monotonic()))
    finally:  # at once where we are interrupted
        for member in members:
            member.process.kill()
        for member in members:
            member.process.join(GRACE_S)
            member.pipe.close()


def _reason(exit_code: int | None) -> str:
    if exit_code is None:
        return "it closed its pipe"
    return f"exit code {exit_code}" if exit_code >= 0 else f"signal {-exit_code}: {signal.strsignal(-exit_code)}"
