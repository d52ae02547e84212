"""Where the number of workers is left to us, processes start only where they pay."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from zensols_like.multi import MultiProcessStash, ThriftyPool, Worker
from zensols_like.persist import DirectoryStash


@dataclass
class WhoStash(MultiProcessStash):
    """Which process made each value, and how long each takes."""

    seconds: float = 0.0

    def _create_data(self):
        return range(40)

    def _process(self, chunk):
        for number in chunk:
            time.sleep(self.seconds)
            yield str(number), os.getpid()


def makers(path: Path, **fields) -> list[int]:
    stash = WhoStash(DirectoryStash(path), None, "who", **{"chunk_size": 0, **fields})
    stash.prime()
    return [stash[str(number)] for number in range(40)]


@pytest.mark.process
@pytest.mark.parametrize("workers", [0, -1 if (os.cpu_count() or 1) > 2 else 0, 1.0])
def test_little_work_is_done_in_this_process(tmp_path, workers):
    assert set(makers(tmp_path, workers=workers)) == {os.getpid()}


@pytest.mark.process
def test_much_work_is_begun_here_and_goes_on_in_processes(tmp_path, monkeypatch):
    monkeypatch.setattr("zensols_like.multi.size.available_cpus", lambda: 2)
    monkeypatch.setattr(ThriftyPool, "GLANCE_S", 0.05)
    monkeypatch.setattr(ThriftyPool, "START_S", 0.2)
    found = makers(tmp_path, workers=0, seconds=0.02)
    assert found[0] == os.getpid()
    assert len(set(found) - {os.getpid()}) in (1, 2)
    assert found[-1] != os.getpid()


@pytest.mark.process
@pytest.mark.parametrize("fields", [{"workers": 2}, {"workers": 0, "timeout_s": 60}, {"workers": 2, "chunk_size": 50}])
def test_who_asks_for_processes_gets_them(tmp_path, monkeypatch, fields):
    monkeypatch.setattr("zensols_like.multi.size.available_cpus", lambda: 2)
    assert os.getpid() not in makers(tmp_path, **fields)


class Napper(Worker):
    """Gives how many it did; the first one takes as long as loading something large."""

    def __init__(self, first_s: float, each_s: float) -> None:
        self.nap_s, self.each_s = first_s, each_s

    def work(self, piece):
        time.sleep(self.nap_s + self.each_s * len(piece))
        self.nap_s = 0.0
        return len(piece)


def parts_of(worker: Worker, total: int, workers: int = 1, longest: int = 1000) -> list[int]:
    def processes():
        raise AssertionError("processes are started")

    pool = ThriftyPool(worker, processes, workers, total, total, longest)
    return list(pool.run([range(total)]))


def test_slow_work_gives_its_results_one_by_one_and_quick_work_many_at_once():
    assert parts_of(Napper(0.0, 0.04), 8) == [1] * 8
    quick = parts_of(Napper(0.0, 0.0), 800)
    assert sum(quick) == 800
    assert len(quick) <= 8
    assert max(parts_of(Napper(0.0, 0.0), 800, longest=100)) == 100


def test_what_the_first_piece_takes_to_make_ready_is_not_what_the_rest_takes(monkeypatch):
    monkeypatch.setattr(ThriftyPool, "GLANCE_S", 0.05)
    assert sum(parts_of(Napper(0.4, 0.0), 200, workers=2)) == 200
    with pytest.raises(AssertionError, match="are started"):
        parts_of(Napper(0.4, 0.06), 200, workers=2)
