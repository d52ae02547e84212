"""The inside of a worker process: it starts, builds its worker once, and does one piece of work after another."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import parent_process
from multiprocessing.synchronize import Semaphore
from typing import Any

from zensols_like.errors import WorkerError
from zensols_like.multi.recipe import Worker

__all__ = ["start", "work"]


@dataclass
class _Child:
    """What this process knows: how to build its worker, and the worker once it is built."""

    recipe: bytes

    @cached_property
    def worker(self) -> Worker:
        worker: Worker = pickle.loads(self.recipe).build()  # noqa: S301 - comes from our parent process
        worker.is_child = True
        _use_one_thread()
        return worker


_child: _Child | None = None


def start(recipe: bytes, ready: Semaphore) -> None:
    """Make this process a worker; what it works with is built with the first piece, so that errors reach the parent.

    Args:
        recipe: The pickled recipe of the worker.
        ready: Released when this process is ready for work.
    """
    global _child
    _child = _Child(recipe)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes of a terminal: the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _use_one_thread()
    ready.release()


def work(piece: Any) -> Any:
    """Do one piece of work; whatever is raised can be unpickled in the parent process."""
    if _child is None:
        raise WorkerError("This process is no worker.", "zensols_like.multi.child", "call start() before work()")
    try:
        return _child.worker.work(piece)
    except Exception as error:
        if _travels(error):
            raise
        raise WorkerError(f"{type(error).__name__}: {error}", f"worker process {os.getpid()}") from error
    except BaseException as error:  # a sys.exit() in a worker must not end the parent
        raise WorkerError(f"Something ends the process: {error!r}.", f"worker process {os.getpid()}") from error


def _travels(error: Exception) -> bool:
    try:
        return type(pickle.loads(pickle.dumps(error))) is type(error)  # noqa: S301 - our own bytes
    except Exception:  # noqa: BLE001 - whatever somebody else's class raises, the answer is no
        return False


def _end_with_parent() -> None:
    """Wait for the end of the parent process, also when it is killed, so that no worker outlives it."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _use_one_thread() -> None:
    """Compute in one thread; where torch is not imported yet the environment that our parent gave will do."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
        with suppress(RuntimeError):  # too late where the process has used it already
            torch.set_num_interop_threads(1)
