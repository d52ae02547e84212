"""The guide to a first experiment, as somebody follows it in an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/guides/first-experiment.md").read_text()
PROGRAMS = {"python": [sys.executable], "zensols-like": [sys.executable, "-m", "zensols_like"]}


def run(folder, line):
    program, *arguments = shlex.split(line)
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return subprocess.run(
        [*PROGRAMS[program], *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.mark.process
def test_every_file_and_command_of_the_guide_works_in_an_empty_folder(tmp_path):
    for language in ("python", "ini"):
        for block in re.findall(rf"```{language}\n(# ([\w.]+)\n.*?)```", GUIDE, re.DOTALL):
            (tmp_path / block[1]).write_text(block[0])
    assert {path.name for path in tmp_path.iterdir()} == {"make_reviews.py", "reviews.py", "reviews.conf", "train.py"}
    output = {}
    for line in "".join(re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)).splitlines():
        done = run(tmp_path, line)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        output[line] = done.stdout
    assert "none is in two splits" in output["zensols-like check -c reviews.conf --duplicates"]
    assert "padding" in output["zensols-like info -c reviews.conf --all"]
    (accuracy,) = re.findall(r"test accuracy (\d\.\d+)\n", output["python train.py"])
    assert float(accuracy) > 0.85
    (unseen,) = re.findall(r"`(stash\.create_batch\(.*\))`", GUIDE)
    (loading,) = re.findall(r" (stash = Import.*)\n.*vocabulary", GUIDE)
    imports = "from reviews import Review; from zensols_like.config import ImportConfigFactory, load_config"
    done = run(tmp_path, shlex.join(["python", "-c", f"{imports}; {loading}; print({unseen}['words'].shape)"]))
    assert done.stdout == "torch.Size([1, 3])\n", done.stderr
    (told,) = re.findall(r"    \$ (zensols-like why-stale .*)\n((?:    .*\n)+)", GUIDE)
    done = run(tmp_path, told[0])
    assert done.returncode == 6
    assert [line.strip() for line in done.stdout.splitlines()] == [line.strip() for line in told[1].splitlines()]
