from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from zensols_like.errors import BusyError
from zensols_like.persist.lock import write_lock


def test_a_lock_is_free_again_after_its_block(tmp_path: Path) -> None:
    for _ in range(2):
        with write_lock(tmp_path / "lock", timeout_s=0):
            assert json.loads((tmp_path / "lock").read_bytes())["pid"] == os.getpid()
        assert (tmp_path / "lock").read_bytes() == b""


def test_a_second_writer_hears_who_the_first_is(tmp_path: Path) -> None:
    who = rf"process {os.getpid()} on .*, since"
    first, second = write_lock(tmp_path / "lock"), write_lock(tmp_path / "lock", timeout_s=0)
    with first, pytest.raises(BusyError, match=who) as found, second:
        pass
    assert found.value.exit_code == 8


def test_a_lock_of_another_host_is_refused_with_its_age(tmp_path: Path) -> None:
    owner = {"host": "elsewhere", "pid": 7, "since": "2026-01-01T00:00:00+00:00"}
    (tmp_path / "lock").write_text(json.dumps(owner))
    with (
        pytest.raises(BusyError, match=r"process 7 on elsewhere, since 2026-01-01(.|\n)*remove"),
        write_lock(tmp_path / "lock"),
    ):
        pass


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"host": "x", "pid": 1, "since": "yesterday"}'])
def test_a_lock_file_that_says_nothing_is_free(tmp_path: Path, text: str) -> None:
    (tmp_path / "lock").write_text(text)
    with write_lock(tmp_path / "lock", timeout_s=0):
        pass


@pytest.mark.process
def test_a_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from zensols_like.persist.lock import write_lock\n"
        "with write_lock(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "lock")], check=False)
    assert json.loads((tmp_path / "lock").read_bytes())["pid"] != os.getpid()
    with write_lock(tmp_path / "lock", timeout_s=0):
        pass


def test_a_thread_does_not_wait_for_itself(tmp_path: Path) -> None:
    with (
        write_lock(tmp_path / "lock"),
        pytest.raises(BusyError, match="would wait for itself"),
        write_lock(tmp_path / "lock"),
    ):
        pass
    with write_lock(tmp_path / "lock", timeout_s=0):
        pass


def test_another_thread_waits(tmp_path: Path) -> None:
    order: list[str] = []

    def wait() -> None:
        with write_lock(tmp_path / "lock"):
            order.append("other")

    thread = Thread(target=wait)
    with write_lock(tmp_path / "lock"):
        thread.start()
        thread.join(0.3)
        order.append("this")
    thread.join(60)
    assert order == ["this", "other"]
