"""Judges changes of a garden: each in a process of its own, forked from this one.

Reads from standard input a JSON list of changes; prints for each what the store says of it, as a JSON list of lines.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from zensols_like.inspect import open_stash

NOBODY = 65534


def judge(change: dict[str, Any], folder: Path) -> list[str]:
    """In a child: what differs after a change of the files of a folder."""
    for name, (old, new) in change["edits"].items():
        path = folder / name
        text = path.read_text()
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new))
    for name in change["remove"]:
        (folder / name).unlink()
    os.environ.update(change["environment"])
    if change["as_nobody"] and os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    os.chdir("/" if change["elsewhere"] else folder)
    root = [f"default.root={folder}"] if change["elsewhere"] else []
    sys.path.insert(0, str(folder))
    overrides = [one.replace("FOLDER", str(folder)) for one in change["overrides"]]
    stash = open_stash(folder / "garden.conf", [*root, *overrides], change["section"])
    return stash.differences()


def judge_apart(change: dict[str, Any], folder: Path) -> list[str]:
    """Copy the folder, judge a change of the copy in another process, and remove the copy."""
    copy = folder.parent / "copy"
    shutil.copytree(folder, copy)
    place = copy if change["moved"] else folder
    try:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                answer = judge(change, place)
            except BaseException as error:  # noqa: BLE001 - the test looks at it
                answer = [f"{type(error).__name__}: {error}"]
            os.write(writing, json.dumps(answer).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            data = pipe.read()
        os.waitpid(child, 0)
        found: list[str] = json.loads(data)
        return found
    finally:
        if not change["moved"]:
            shutil.rmtree(folder)
            shutil.copytree(copy, folder)
        shutil.rmtree(copy)


def main() -> None:
    folder = Path(sys.argv[1])
    sys.path.insert(0, str(folder))
    open_stash(folder / "garden.conf").differences()  # imports what another user may not read
    del sys.modules["garden"]  # which is imported anew after each change
    print(json.dumps([judge_apart(change, folder) for change in json.load(sys.stdin)]))


if __name__ == "__main__":
    main()
