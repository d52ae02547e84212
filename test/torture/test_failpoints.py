import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from zensols_like import failpoints

SCRIPT = """
from zensols_like.failpoints import failpoint
for number in range(4):
    try:
        failpoint("file.write")
        failpoint("file.replace")
        print(number, flush=True)
    except OSError as error:
        print(error, flush=True)
"""


def run(points: str) -> tuple[int, list[str], str]:
    environment = {**os.environ, failpoints.VARIABLE: points}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines(), done.stderr


@pytest.mark.process
@pytest.mark.parametrize(
    ("points", "code", "lines"),
    [
        ("", 0, ["0", "1", "2", "3"]),
        ("shard.sync=kill", 0, ["0", "1", "2", "3"]),
        ("file.write=kill", -9, []),
        ("file.write=kill@3", -9, ["0", "1"]),
        ("file.write=sleep:0.01;file.replace=kill@2", -9, ["0"]),
        (
            "file.replace=oserror:EIO@2",
            0,
            ["0", "[Errno 5] Input/output error (failpoint file.replace, pass 2)", "2", "3"],
        ),
    ],
)
def test_a_point_does_what_the_environment_says(points: str, code: int, lines: list[str]) -> None:
    assert run(points) == (code, lines, "")


@pytest.mark.process
@pytest.mark.parametrize(
    ("points", "refusal"),
    [
        (
            "file.write=explode",
            "has no action 'explode', in 'file.write=explode': use kill, sleep:SECONDS or oserror:NAME",
        ),
        (
            "file.wriet=kill",
            "has no point 'file.wriet', in 'file.wriet=kill': use worker.begin, worker.done, file.write, ",
        ),
    ],
)
def test_what_is_unknown_is_refused(points: str, refusal: str) -> None:
    code, _, stderr = run(points)
    assert code == 1
    assert refusal in stderr


@pytest.mark.process
def test_the_example_names_points_that_there_are() -> None:
    (example,) = re.findall(rf'{failpoints.VARIABLE}="(.+?)"', failpoints.__doc__ or "")
    assert run(example)[0] == 0


def test_the_points_that_are_listed_are_those_that_there_are() -> None:
    folder = Path(failpoints.__file__).parent
    found = {name for path in folder.rglob("*.py") for name in re.findall(r'failpoint\("(.+?)"\)', path.read_text())}
    assert found == set(failpoints.POINTS)
