"""Random numbers that repeat: one seed for a run, one derived for each piece of work."""

from __future__ import annotations

import hashlib
import os
import random
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import torch

__all__ = ["derive_seed", "get_random_seed", "get_random_seed_context", "reseed", "seeded", "set_random_seed"]

SeedPart: TypeAlias = "str | bytes | bool | int | float | list[SeedPart] | tuple[SeedPart, ...] | None"

_context: dict[str, Any] | None = None
_alone = threading.RLock()
"""Held by the thread that has seeded the generators; a block in a block is fine."""


def set_random_seed(seed: int = 0, disable_cudnn: bool = False, rng_state: bool = True) -> None:
    """Seed ``random``, numpy and torch, and remember it for worker processes.

    Args:
        seed: The seed of this run.
        disable_cudnn: Turn cuDNN off and choose deterministic algorithms in it, which repeats results on a GPU at the
            price of speed.
        rng_state: Also seed the generators of the CUDA devices.
    """
    global _context
    reseed(seed)
    if rng_state:
        torch.cuda.manual_seed_all(seed)  # remembered until CUDA starts
    if disable_cudnn:
        torch.backends.cudnn.enabled = False
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
    _context = {"seed": seed, "disable_cudnn": disable_cudnn, "rng_state": rng_state}


def get_random_seed() -> int | None:
    """The seed given to `set_random_seed`; ``None`` before."""
    return None if _context is None else _context["seed"]


def get_random_seed_context() -> dict[str, Any] | None:
    """The arguments of the last `set_random_seed`, to repeat it in another process; ``None`` before."""
    return None if _context is None else dict(_context)


def derive_seed(seed: int, *parts: SeedPart) -> int:
    """A seed for one piece of work, independent of when and where it is done.

    Args:
        seed: The seed of the run.
        parts: What names the piece of work; values of different types are different parts.

    Returns:
        A number from 0 up to 2**63.

    Raises:
        TypeError: A part is something else than numbers, text, bytes, ``None`` and sequences of these.

    Example:
        >>> derive_seed(0, "train", 1)
        3989655413952263727
        >>> derive_seed(0, "train", 1) != derive_seed(0, "train", "1")
        True
    """
    digest = hashlib.blake2b(_tagged((seed, *parts)), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


@contextmanager
def seeded(seed: int | None = None) -> Iterator[None]:
    """Seed ``random``, numpy and torch on the CPU, and give their states back afterwards.

    All threads share these generators, so that one thread at a time is in such a block.

    Args:
        seed: The seed; with ``None`` the block seeds itself, with `reseed`.

    Example:
        >>> with seeded(1):
        ...     first = torch.rand(1)
        >>> with seeded(1):
        ...     print(torch.equal(first, torch.rand(1)))
        True
    """
    with _alone:
        states = random.getstate(), np.random.get_state(), torch.get_rng_state()
        try:
            if seed is not None:
                reseed(seed)
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])
            torch.set_rng_state(states[2])


def _forget_threads() -> None:
    """After a fork: no other thread is in a block, though one may have been in the parent."""
    global _alone
    _alone = threading.RLock()


os.register_at_fork(after_in_child=_forget_threads)


def reseed(seed: int) -> None:
    """Seed ``random``, numpy and torch on the CPU."""
    random.seed(seed)
    unsigned = seed % 2**64
    # numpy takes words of 32 bits; the last one makes its numbers others than those of random
    np.random.seed([unsigned & 0xFFFFFFFF, unsigned >> 32, 1])
    torch.default_generator.manual_seed(seed)  # the CPU only: a worker must not wake a GPU


def _tagged(part: SeedPart) -> bytes:
    """Bytes that differ whenever the type or the value of a part does."""
    if part is None:
        return b"n"
    if isinstance(part, bool):
        return b"t" if part else b"f"
    if isinstance(part, int):
        return _sized(b"i", str(int(part)).encode())
    if isinstance(part, float):
        return b"d" + struct.pack("<d", part)
    if isinstance(part, str):
        return _sized(b"s", part.encode("utf-8", "surrogatepass"))
    if isinstance(part, bytes):
        return _sized(b"b", part)
    if isinstance(part, list | tuple):
        return _sized(b"l", b"".join(map(_tagged, part)))
    raise TypeError(f"a seed cannot be derived from a {type(part).__name__}: {part!r}")


def _sized(tag: bytes, data: bytes) -> bytes:
    return tag + struct.pack("<Q", len(data)) + data
