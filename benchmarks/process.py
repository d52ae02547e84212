"""Processes that measure one store each, and rounds in which all of them take their turns."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from benchmarks.catalog import Entry
from benchmarks.environments import HERE, find_python

__all__ = ["Answer", "ChildError", "Measured", "interleave", "start_all", "versions_of"]

Answer = dict[str, Any]


class ChildError(Exception):
    """What was measured failed; says how."""


class Measured:
    """A child process with one store.

    Args:
        entry: The store.
        log: Where its standard error goes.
    """

    def __init__(self, entry: Entry, log: Path) -> None:
        python = find_python(entry.environment)
        if python is None:
            raise ChildError(f"there is no environment {entry.environment!r}: run make bench-setup")
        self.entry = entry
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [str(python), "-m", "benchmarks.child", *entry.probe, entry.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "PYTHONPATH": str(HERE.parent), "OMP_NUM_THREADS": "1"},
            text=True,
        )

    @cached_property
    def versions(self) -> dict[str, str]:
        """What is installed in its environment, which it says first."""
        return self._answer("versions")

    @property
    def pid(self) -> int:
        """That of the process."""
        return self._process.pid

    def ask(self, do: str, **options: Any) -> Answer:
        """Have a command done.

        Raises:
            ChildError: It could not be done.
        """
        self.versions  # noqa: B018 (the first line that comes)
        print(json.dumps({"do": do, **options}), file=self._process.stdin, flush=True)
        answer = self._answer(do)
        if "error" in answer:
            raise ChildError(f"{self.entry.name}, {do}: {answer['error']}")
        return answer

    def _answer(self, do: str) -> Answer:
        line = self._process.stdout.readline()
        if not line:
            raise ChildError(
                f"the process of {self.entry.name} ended at {do!r} with {self._process.wait()}: see {self._log.name}"
            )
        answer: Answer = json.loads(line)
        return answer

    def close(self) -> None:
        """Let it end."""
        self._process.stdin.close()
        self._process.wait()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


@contextmanager
def start_all(entries: Sequence[Entry], folder: Path) -> Iterator[list[Measured]]:
    """A process for each entry whose environment is there."""
    with ExitStack() as stack:
        started = []
        for entry in entries:
            if find_python(entry.environment) is None:
                print(f"{entry.name} is left out: there is no environment {entry.environment!r}, run make bench-setup")
            else:
                started.append(stack.enter_context(Measured(entry, folder / "log.txt")))
        yield started


def versions_of(children: Sequence[Measured]) -> dict[str, Mapping[str, str]]:
    """What is installed where each store is measured."""
    return {child.entry.name: child.versions for child in children}


def interleave(
    children: Sequence[Measured],
    rounds: int,
    commands: Mapping[Any, Answer],
    seed: int = 0,
    can: Callable[[Measured, Any], bool] | None = None,
) -> dict[tuple[str, Any], list[Answer]]:
    """Let all children do the commands in every round, in another order each time, so that drift meets all alike.

    Args:
        children: The processes.
        rounds: How many rounds.
        commands: The options of `Measured.ask` by a name.
        seed: That of the order.
        can: Whether a child can do the command of a name; all can do all when not given.

    Returns:
        The answers of all rounds, by the name of the entry and that of the command.
    """
    rng = random.Random(seed)
    answers: dict[tuple[str, Any], list[Answer]] = {
        (child.entry.name, name): [] for name in commands for child in children if can is None or can(child, name)
    }
    for _ in range(rounds):
        for name, command in commands.items():
            able = [child for child in children if (child.entry.name, name) in answers]
            for child in rng.sample(able, len(able)):
                answers[child.entry.name, name].append(child.ask(**command))
    return answers
