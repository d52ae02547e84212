import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.errors import ConfigurationError
from zensols_like.multi import available_cpus, chunk_length, size, worker_count


@pytest.fixture
def ten_cpus(monkeypatch):
    monkeypatch.setattr(size, "available_cpus", lambda: 10)


@pytest.mark.usefixtures("ten_cpus")
@pytest.mark.parametrize(
    ("workers", "count"),
    [(1, 1), (3, 3), (25, 25), (0, 10), (-1, 9), (-9, 1), (1.0, 10), (0.5, 5), (0.01, 1), (0.7, 7)],
)
def test_an_option_stands_for_a_number_of_workers(workers, count):
    assert worker_count(workers) == count


@pytest.mark.usefixtures("ten_cpus")
@pytest.mark.parametrize("workers", [-10, -11, True, False, None, "2", math.nan, math.inf, 1.5, 0.0, -0.5])
def test_a_senseless_number_of_workers_is_an_error_that_says_what_makes_sense(workers):
    with pytest.raises(ConfigurationError, match=r"where: \[numbers\] workers\n  fix: use a number of workers"):
        worker_count(workers, "[numbers] workers")


def test_a_share_is_taken_as_it_is_written(monkeypatch):
    monkeypatch.setattr(size, "available_cpus", lambda: 100)
    assert worker_count(0.07) == 7


@given(st.integers(0, 50), st.integers(0, 10_000), st.integers(1, 64))
def test_a_chunk_has_the_length_asked_for_or_one_that_balances(chunk_size, n_items, workers):
    length = chunk_length(chunk_size, n_items, workers)
    if chunk_size:
        assert length == chunk_size
    else:
        assert 1 <= length <= 100
        assert length == 100 or math.ceil(n_items / length) <= workers * 8
        assert length in (1, 100) or math.ceil(n_items / (length - 1)) > workers * 8


@pytest.mark.parametrize("chunk_size", [-1, 1.0, True, None, "3"])
def test_a_senseless_size_of_a_chunk_is_an_error(chunk_size):
    with pytest.raises(ConfigurationError, match="use a whole number of items, or 0 for automatic"):
        chunk_length(chunk_size, 10, 2)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_a_cgroup_there_is_no_quota(tmp_path):
    assert size._quota_cpus(tmp_path) == math.inf


def test_the_least_quota_of_a_cgroup_and_those_above_it_counts(tmp_path):
    write(tmp_path / "proc/self/cgroup", "0::/pod/box\n")
    write(tmp_path / "sys/fs/cgroup/pod/box/cpu.max", "max 100000\n")
    write(tmp_path / "sys/fs/cgroup/pod/cpu.max", "250000 100000\n")
    write(tmp_path / "sys/fs/cgroup/cpu.max", "800000 100000\n")
    assert size._quota_cpus(tmp_path) == 2.5


def test_a_quota_of_the_first_version_of_cgroups_counts(tmp_path):
    write(tmp_path / "proc/self/cgroup", "3:cpuset:/\n2:cpu,cpuacct:/docker/abc\n")
    write(tmp_path / "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us", "-1\n")
    write(tmp_path / "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us", "100000\n")
    write(tmp_path / "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "300000\n")
    write(tmp_path / "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    assert size._quota_cpus(tmp_path) == 3


def test_a_quota_limits_the_available_cpus_but_one_is_left(monkeypatch):
    monkeypatch.setattr(size, "_own_quota_cpus", lambda: 0.2)
    assert available_cpus() == 1
