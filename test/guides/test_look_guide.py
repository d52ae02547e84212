"""The Python of the guide to looking runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.flowers import flower_stash

from zensols_like.inspect import FailedCheckError

GUIDE = (Path(__file__).parents[2] / "docs/guides/look.md").read_text()


def test_reports_come_from_python_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    stash = flower_stash(Path("target"))
    stash.prime()
    damaged = next(Path("target/batch/comp/label").iterdir())
    reading, checking = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    exec(reading, {})
    assert capsys.readouterr().out == ""
    Path("iris.conf").write_text("[checks]\nsize = finite, max 19\n")
    exec(checking, {"stash": stash})
    Path("iris.conf").write_text("[checks]\nsize = finite, max 18\n")
    with pytest.raises(FailedCheckError, match="Data breaks 'max 18' of 'size'") as caught:
        exec(checking, {"stash": stash})
    assert caught.value.__notes__ == ["size: batch 4 of test, data point '19', at [3]: 19.0 breaks max 18"]
    damaged.write_bytes(b"")
    exec(reading, {})
    assert damaged.stem in capsys.readouterr().out
