from __future__ import annotations

import multiprocessing
import os
import random
import subprocess
import sys
import threading
import time
from contextlib import suppress

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zensols_like.torchconfig import TorchConfig, derive_seed, get_random_seed_context, seeded
from zensols_like.torchconfig import seed as module

PARTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3).map(tuple),
    max_leaves=5,
)


def draw():
    return random.random(), float(np.random.rand()), float(torch.rand(1))


def typed(value):
    """A value that is only equal to another one of the same type, down to the sign of a zero."""
    return [typed(item) for item in value] if isinstance(value, tuple) else (type(value), repr(value))


@given(st.lists(PARTS, max_size=4), st.lists(PARTS, max_size=4))
def test_derived_seeds_differ_exactly_when_the_parts_do(one, other):
    assert (derive_seed(0, *one) == derive_seed(0, *other)) == (typed(tuple(one)) == typed(tuple(other)))


@given(st.integers(), PARTS)
def test_derived_seeds_fit_every_generator(seed, part):
    derived = derive_seed(seed, part)
    assert 0 <= derived < 2**63
    with seeded(derived):
        draw()


def test_derived_seeds_are_equal_in_every_process():
    script = "from zensols_like.torchconfig import derive_seed; print(derive_seed(7, 'a', ('b', 1)))"
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        )
        assert int(done.stdout) == derive_seed(7, "a", ("b", 1))


def test_what_has_no_bytes_of_its_own_is_no_part_of_a_seed():
    with pytest.raises(TypeError, match="set"):
        derive_seed(0, {1})


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_seed_repeats_all_generators(seed):
    with seeded(seed):
        first = draw()
    with seeded(seed):
        assert draw() == first


def test_threads_do_not_draw_from_the_seed_of_each_other():
    def expected(seed):
        with seeded(seed):
            return [draw() for _ in range(3)]

    def seeds_and_draws(seed, found):
        with seeded(seed):
            for _ in range(3):
                time.sleep(0.02)  # the other thread comes meanwhile
                found.append(draw())

    before = torch.get_rng_state()
    found = {seed: [] for seed in range(2)}
    threads = [threading.Thread(target=seeds_and_draws, args=arguments) for arguments in found.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {seed: expected(seed) for seed in found}
    assert torch.equal(torch.get_rng_state(), before)


def test_a_fork_does_not_wait_for_a_thread_that_it_does_not_have():
    is_in, may_leave = threading.Event(), threading.Event()

    def stay():
        with seeded(1):
            is_in.set()
            may_leave.wait(60)

    thread = threading.Thread(target=stay)
    thread.start()
    is_in.wait(60)
    child = multiprocessing.get_context("fork").Process(target=torch_free_block)
    child.start()
    child.join(30)
    ended = child.exitcode
    child.kill()
    may_leave.set()
    thread.join()
    assert ended == 0


def torch_free_block():
    with seeded():
        random.random()


def test_the_generators_go_on_where_they_were():
    with seeded(1):
        expected = [draw(), draw()]
    with seeded(1):
        actual = [draw()]
        with suppress(ZeroDivisionError), seeded(2):
            draw()
            raise ZeroDivisionError
        actual.append(draw())
    assert actual == expected


@pytest.fixture
def restored(monkeypatch):
    monkeypatch.setattr(module, "_context", None)
    for name in ("enabled", "benchmark", "deterministic"):
        monkeypatch.setattr(torch.backends.cudnn, name, getattr(torch.backends.cudnn, name))
    with seeded(0):
        yield


def test_the_seed_of_a_run_is_remembered(restored):
    assert get_random_seed_context() is None
    TorchConfig.set_random_seed(5, rng_state=False)
    first = draw()
    context = get_random_seed_context()
    assert context == {"seed": 5, "disable_cudnn": False, "rng_state": False}
    TorchConfig.set_random_seed(**context)
    assert draw() == first


def test_cudnn_is_turned_off_only_when_asked_to(restored):
    TorchConfig.set_random_seed()
    assert torch.backends.cudnn.enabled
    TorchConfig.set_random_seed(disable_cudnn=True)
    assert not torch.backends.cudnn.enabled
    assert torch.backends.cudnn.deterministic
