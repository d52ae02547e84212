"""C-20: the power fails.  Only what was forced to the disk is there afterwards, in the worst case that POSIX allows."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from torture.cases import Bench, case
from torture.crashes import KINDS
from torture.faults import Call
from torture.store import trace


@dataclass
class Disk:
    """What the calls of an encode leave on a disk."""

    names: dict[str, int] = field(default_factory=dict)
    """What a path leads to; 0 is a folder."""
    durable_names: dict[str, int] = field(default_factory=dict)
    content: list[bytes] = field(default_factory=lambda: [b""])
    durable_content: list[bytes] = field(default_factory=lambda: [b""])

    def see(self, call: Call) -> None:
        """Take notice of a call."""
        if call.name == "mkdir":
            self.names[call.path] = 0
        elif call.name == "open" and call.flags & os.O_CREAT:
            if call.path not in self.names:
                self.names[call.path] = len(self.content)
                self.content.append(b"")
                self.durable_content.append(b"")
            elif call.flags & os.O_TRUNC:
                self.content[self.names[call.path]] = b""
        elif call.name == "writev":
            self.content[self.names[call.path]] += call.data
        elif call.name == "replace":
            self.names[call.target] = self.names.pop(call.path)
        elif call.name == "unlink":
            self.names.pop(call.path, None)
        elif call.name == "fsync" and self.names.get(call.path):
            number = self.names[call.path]
            self.durable_content[number] = self.content[number]
        elif call.name == "fsync":
            inside = {path: number for path, number in self.names.items() if str(Path(path).parent) == call.path}
            kept = {path: number for path, number in self.durable_names.items() if str(Path(path).parent) != call.path}
            self.durable_names = {**kept, **inside}

    def write(self, here: Path, there: Path, names: dict[str, int]) -> None:
        """Make the files that the power cut leaves, with names that are there and content that is durable."""
        for path, number in sorted(names.items()):
            target = there / Path(path).relative_to(here)
            if not target.parent.is_dir():  # the name of its folder is lost
                continue
            if number == 0:
                target.mkdir(exist_ok=True)
            else:
                target.write_bytes(self.durable_content[number])


def strict(disk: Disk) -> dict[str, int]:
    """No name is there that was not forced to the disk."""
    return disk.durable_names


def eager(disk: Disk) -> dict[str, int]:
    """All names are there, before the bytes."""
    return disk.names


@case("C-20", "the power fails after every call, names late or names early", "cuts", short=4)
def power_cut(bench: Bench, seed: int) -> int:
    names: Callable[[Disk], dict[str, int]] = (strict, eager)[seed // 2]
    source = bench.place("trace", KINDS[seed % 2], 8)
    calls = bench.nursery.call(trace, source)
    disk, commits, seen, failures, cuts = Disk({str(source.folder): 0}), 0, None, [], 0
    for number, call in enumerate(calls, start=1):
        disk.see(call)
        commits += (call.name, Path(call.path).name) == ("fsync", "journal.jsonl")
        state = dict(names(disk)), list(disk.durable_content)
        if state == seen:
            continue
        seen, cuts = state, cuts + 1
        place = bench.place("store", source.container, 8)
        disk.write(source.folder, place.folder, names(disk))
        try:
            bench.require_resumable(place, at_least=commits)
        except AssertionError as error:
            failures.append(f"after call {number} of {len(calls)}, {call[:3]}:\n{error}")
    assert not failures, f"{len(failures)} of {cuts}\n" + "\n\n".join(failures)
    return cuts
