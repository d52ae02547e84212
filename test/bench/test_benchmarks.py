"""A small run of the benchmarks: our stores and the limits, no other libraries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.arrays import ArrayProbe
from benchmarks.bars import bars
from benchmarks.catalog import CATALOG, TABLES
from benchmarks.figures import Figure, Results, latest, read_figures
from benchmarks.ours_probe import OursProbe
from benchmarks.page import load_table
from benchmarks.report import Figures
from benchmarks.table import write_table
from benchmarks.table_probe import TableProbe
from benchmarks.workload import WORKLOADS, read_arrays, write_arrays

ROOT = Path(__file__).parents[2]


def test_arrays_are_the_same_every_time_and_written_once(tmp_path: Path) -> None:
    workload = WORKLOADS["W2"].scaled(0.01)
    first = write_arrays(workload, tmp_path / "a")
    other = write_arrays(workload, tmp_path / "b")
    for name, array in read_arrays(first).items():
        np.testing.assert_array_equal(array, read_arrays(other)[name])
        assert array.dtype == workload.fields[name][0]
    assert write_arrays(workload, tmp_path / "a") == first


def test_only_figures_of_the_last_run_are_compared(tmp_path: Path) -> None:
    for run, seconds in (("2026-01-01", 3.0), ("2026-01-02", 2.0)):
        results = Results(tmp_path, run=run)
        results.add([Figure("load", "W1", "raw", [seconds, seconds + 2, seconds + 1])], {"raw": {}})
    Results(tmp_path, run="2026-01-01").add([Figure("load", "W2", "raw", [9.0])], {"raw": {}})
    found = {figure.workload: figure.median for figure in latest(read_figures(tmp_path))}
    assert found == {"W1": 3.0, "W2": 9.0}


@pytest.mark.parametrize("name", [name for name, entry in CATALOG.items() if entry.kind in ("limit", "ours")])
def test_a_store_gives_back_what_was_written(name: str, tmp_path: Path) -> None:
    source = write_arrays(WORKLOADS["W2"].scaled(0.001), tmp_path / "source")
    probe = ArrayProbe(name)
    probe.start("W2", 0.001, str(source), str(tmp_path / "store"))
    written = probe.write(workers=1)
    assert written["seconds"] >= written["unsynced"] > 0
    assert written["bytes"] > 0.9 * WORKLOADS["W2"].scaled(0.001).nbytes
    assert probe.check() == {"batches": 3}
    assert probe.first(verify=True)["seconds"] > 0
    for seed in (None, 7):
        assert probe.epoch(seed, verify=True, budget=0)["epochs"] == 1


@pytest.mark.process
def test_figures_of_stores_that_took_turns_are_compared_with_the_raw_walk(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "load", "W1", "--scale", "0.005", "--rounds", "2", "--budget", "0"]
    command += [
        "--stores",
        "raw",
        "batches",
        "--results",
        str(tmp_path / "results"),
        "--folder",
        str(tmp_path / "work"),
    ]
    command += ["--page", str(tmp_path / "page.md")]
    subprocess.run(command, cwd=ROOT, check=True)
    figures = Figures(read_figures(tmp_path / "results"))
    ours, raw = (figures.find("load", "W1", store, order="shuffled", verify=True) for store in ("batches", "raw"))
    assert ours is not None
    assert raw is not None
    assert len(ours.rounds) == len(raw.rounds) == 2
    assert "beside the raw walk" in (tmp_path / "page.md").read_text()
    (walk,) = (row for row in load_table(figures, verify=True).splitlines() if row.startswith("| raw walk"))
    assert walk.count("(1.00x)") == 2  # in order and shuffled


@pytest.mark.parametrize("name", [name for name, entry in TABLES.items() if entry.kind in ("limit", "ours")])
def test_a_table_is_encoded_and_read_whole(name: str, tmp_path: Path) -> None:
    probe = TableProbe(name)
    probe.start(str(write_table(450, tmp_path)), 450, str(tmp_path / "store"))
    assert probe.encode(workers=1)["bytes"] > 450 * (10 * 4 + 8)
    assert set(probe.load()) == {"seconds", "again"}  # it counts the rows


def test_many_small_batches_are_encoded_opened_and_got(tmp_path: Path) -> None:
    store = {"folder": str(tmp_path), "batches": 40}
    assert OursProbe("ours").encode_small(**store)["files"] <= 8
    assert OursProbe("ours").open_small(**store)["memory"] > 0
    gets = OursProbe("ours").get_small(**store, gets=30)
    assert 0 < gets["p50"] <= gets["p99"]
    assert OursProbe("ours").epoch_small(**store, most=20)["seconds"] > 0


def test_what_one_attribute_of_many_fetches_is_counted(tmp_path: Path) -> None:
    store = {"folder": str(tmp_path / "wide"), "attributes": 4}
    OursProbe("ours").encode_wide(**store, points=128, size=16)
    one, everything = (OursProbe("ours").load_wide(**store, only=only)["bytes"] for only in (["x2"], None))
    assert one <= everything


@pytest.mark.process
def test_slow_batches_are_encoded_by_two_workers(tmp_path: Path) -> None:
    assert OursProbe("ours").encode_slow(str(tmp_path), batches=4, workers=2)["seconds"] > 0
    assert len(list(tmp_path.rglob("*.shard"))) >= 1


def test_a_bar_that_is_not_reached_is_said_to_be_so(tmp_path: Path) -> None:
    how = {"order": "shuffled", "verify": False}
    figures = [Figure("load", "W1", store, [seconds] * 3, how=how) for store, seconds in _SECONDS.items()]
    found = {bar.work: (bar.measured, bar.holds) for bar in bars(Figures(figures))}
    assert found["load W1 shuffled, not verified: beside the raw walk"] == (2.0, False)
    assert found["load W1 shuffled, not verified: beside the best peer"] == (0.5, True)
    assert found["load W1 shuffled, verified: beside the raw walk"] == (None, None)


def test_times_as_quick_is_said_of_a_table(tmp_path: Path) -> None:
    how = {"work": "encode", "measure": "seconds", "rows": 450}
    seconds = {"classes": 1.0, "zensols-tutorial": 6.0}
    figures = [Figure("table", "T", store, [one] * 3, how=how) for store, one in seconds.items()]
    found = {bar.work: (bar.measured, bar.holds) for bar in bars(Figures(figures))}
    assert found["T, classes: encode, times as quick as zensols, tutorial"] == (6.0, True)
    assert found["T, columns: encode, times as quick as zensols, tutorial"] == (None, None)


_SECONDS = {"raw": 1.0, "batches": 3.0, "loader": 2.0, "litdata": 4.0, "tensordict": 5.0}
