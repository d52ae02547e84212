import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from torture.crashes import POINTS

from zensols_like import failpoints

SCRIPT = """
from zensols_like.failpoints import failpoint
for number in range(4):
    try:
        failpoint("here")
        failpoint("there")
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
        ("elsewhere=kill", 0, ["0", "1", "2", "3"]),
        ("here=kill", -9, []),
        ("here=kill@3", -9, ["0", "1"]),
        ("here=sleep:0.01;there=kill@2", -9, ["0"]),
        ("there=oserror:EIO@2", 0, ["0", "[Errno 5] Input/output error (failpoint there, pass 2)", "2", "3"]),
    ],
)
def test_a_point_does_what_the_environment_says(points: str, code: int, lines: list[str]) -> None:
    assert run(points) == (code, lines, "")


@pytest.mark.process
def test_an_unknown_action_is_refused() -> None:
    code, _, stderr = run("here=explode")
    assert code == 1
    assert "has no action 'explode', in 'here=explode': use kill, sleep:SECONDS or oserror:NAME" in stderr


def test_the_battery_kills_at_every_point_that_there_is() -> None:
    folder = Path(failpoints.__file__).parent
    found = {name for path in folder.rglob("*.py") for name in re.findall(r'failpoint\("(.+?)"\)', path.read_text())}
    assert found == set(POINTS)
