"""How worker processes start: the method, the environment, and what keeps a process from having workers."""

from __future__ import annotations

import multiprocessing
import multiprocessing.forkserver
import multiprocessing.spawn
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import process
from multiprocessing.context import BaseContext
from pathlib import Path

from zensols_like.errors import ConfigurationError, WorkerError
from zensols_like.multi.scratch import has_temporary_folder, use_own_folder

__all__ = [
    "MAIN_GUARD",
    "ONE_THREAD",
    "main_file",
    "refuse_in_daemon",
    "refuse_while_starting",
    "refuse_without_file",
    "run_fork_server",
    "start_context",
    "worker_environment",
]

MAIN_GUARD = "if __name__ == '__main__':"

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""The environment in which numerical libraries compute in one thread."""


def start_context(
    start_method: str | None = None, preload: Iterable[str] = (), where: str = "start_method"
) -> BaseContext:
    """The context in which worker processes start.

    Args:
        start_method: ``forkserver`` (the default on Linux: a worker is a fork of one process that has imported the
            modules to preload; it needs a temporary folder), ``spawn`` (a new interpreter for each worker) or ``fork``
            (a copy of this process: quick, but not for one that uses CUDA or threads).
        preload: The modules that the fork server imports; those that cannot be imported are left out.
        where: What an error says about where the option stands.

    Raises:
        ConfigurationError: There is no such method here.

    Example:
        >>> start_context("spawn").get_start_method()
        'spawn'
    """
    known = multiprocessing.get_all_start_methods()
    method = start_method or ("forkserver" if sys.platform == "linux" and has_temporary_folder() else "spawn")
    if method not in known:
        raise ConfigurationError(f"No start method {method!r}.", where, f"use one of {sorted(known)}")
    if method == "forkserver" and not has_temporary_folder():
        raise ConfigurationError(
            "The start method forkserver needs a temporary folder with a short path.",
            where,
            "set TMPDIR to a folder such as /tmp, or use the start method spawn",
        )
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        use_own_folder()
        context.set_forkserver_preload(list(preload))
    return context


def refuse_in_daemon(otherwise: str = "use workers = 1") -> None:
    """Refuse to start workers in a process that cannot have any.

    Args:
        otherwise: How the user does without workers.

    Raises:
        WorkerError: This process is a daemon.
    """
    if multiprocessing.current_process().daemon:
        raise WorkerError("A daemonic process cannot have workers.", "this process", f"{otherwise} in it")


def refuse_without_file(context: BaseContext, otherwise: str = "use workers = 1") -> None:
    """Refuse to start workers for a program that they cannot import, since it came from standard input.

    Args:
        context: How they would start.
        otherwise: How the user does without workers.

    Raises:
        WorkerError: It did.
    """
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    if file is None or main.__spec__ is not None or context.get_start_method() == "fork":
        return  # nothing that a worker imports, or a module that it finds by its name
    if not Path(process.ORIGINAL_DIR or "", file).exists():  # type: ignore[attr-defined]  # as multiprocessing does
        raise WorkerError(
            "Worker processes import the main file when they start, but this program is in none.",
            str(file),
            f"put it in a file, or {otherwise}",
        )


def refuse_while_starting() -> None:
    """Refuse work in a process that still imports its parent's main file: it would start workers without end.

    Raises:
        WorkerError: It does.
    """
    try:
        multiprocessing.spawn.get_preparation_data("worker")
    except RuntimeError:
        raise WorkerError(
            "A worker process is asked to do the work of its parent while it starts.",
            main_file(),
            f"put what starts the work below `{MAIN_GUARD}`",
        ) from None


def main_file() -> str:
    """How an error calls the file that each worker imports."""
    file = getattr(sys.modules["__main__"], "__file__", None) or sys.argv[0]
    return f"{file}, which each worker imports when it starts"


_environment = threading.RLock()
"""Held by the thread that changes the environment, which it may do anew meanwhile, where garbage is collected."""


def _renew_environment() -> None:
    """Let the environment be nobody's: in the child of a fork the thread that holds it may be missing."""
    global _environment
    _environment = threading.RLock()


os.register_at_fork(after_in_child=_renew_environment)


@contextmanager
def worker_environment() -> Iterator[None]:
    """Let numerical libraries compute in one thread in the processes that start in the ``with`` block.

    The environment is that of all threads: the others wait, so that each puts back what it was before.
    """
    with _environment:
        before = {name: os.environ.get(name) for name in ONE_THREAD}
        os.environ.update(ONE_THREAD)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def run_fork_server(context: BaseContext) -> None:
    """Start the fork server, where the context has one, for those who do not start its workers themselves.

    It is one for all workers of this process, which compute in one thread only if it was started to.
    """
    if context.get_start_method() == "forkserver":
        with worker_environment():
            multiprocessing.forkserver.ensure_running()
