"""What every test gets: the same random numbers, and no network."""

import random
import signal
import socket
import sys

import pytest
from hypothesis import settings

# the first example imports libraries, and the machine may be busy: time says nothing about being right
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# a shell that starts this in the background lets it ignore Ctrl-C, and the processes that it starts would, too
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item):
    if item.get_closest_marker("gpu"):
        import torch  # only here: most tests do without

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")


@pytest.fixture(autouse=True)
def _same_random_numbers():
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    connect = socket.socket.connect

    def connect_here(sock, address):
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            raise OSError(f"A test connects to {address}.")
        return connect(sock, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)
