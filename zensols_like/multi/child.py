"""The inside of a worker process: it builds its worker once, and does one piece of work after another.

It has a pipe to its parent.  First it tells that it is built, then it answers each piece; see :class:`Done` and
:class:`Failed`.  Everything travels as plain pickles, tensors too: no shared memory that could stay behind.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

from zensols_like.errors import DeepLearnError, WorkerError
from zensols_like.failpoints import failpoint
from zensols_like.multi.recipe import Worker
from zensols_like.multi.start import ONE_THREAD
from zensols_like.multi.stop import HELD, TERMINATED

__all__ = ["GOODBYE", "Done", "Failed", "end_with_parent", "main", "portable", "use_one_thread"]

GOODBYE = b""
"""What the parent sends in place of a piece when there are no more."""


@dataclass(frozen=True, slots=True)
class Done:
    """A piece is done; the first one says that the worker is built."""

    result: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """A piece raised an error."""

    error: Exception
    """Can be unpickled in the parent process."""
    trace: str
    """The traceback as text."""
    is_exhausted: bool
    """Whether memory ran out; the process ends after it has said so."""


class _Dismissed(SystemExit):
    """The parent ends this process."""


def main(pipe: Connection, recipe: bytes) -> None:
    """Build a worker and do pieces of work until the parent wants no more.

    Args:
        pipe: To the parent process.
        recipe: The pickled recipe of the worker.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD)  # in the thread they stay blocked: the system must wake this one
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes of a terminal: the parent decides
    signal.signal(signal.SIGTERM, _dismiss)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
    use_one_thread()
    answer = _try(_build, recipe)
    with suppress(EOFError, BrokenPipeError):  # the parent wants no more
        if isinstance(answer, Failed):
            _tell(pipe, answer)
            return
        worker, answer = answer.result, Done(None)
        while _tell(pipe, answer) and (piece := pipe.recv_bytes()) != GOODBYE:
            answer = _try(_work, worker, piece)


def _build(recipe: bytes) -> Worker:
    worker: Worker = pickle.loads(recipe).build()  # noqa: S301 - comes from our parent process
    worker.is_child = True
    use_one_thread()  # building may have imported torch
    return worker


def _work(worker: Worker, piece: bytes) -> Any:
    failpoint("worker.begin")
    result = worker.work(pickle.loads(piece))  # noqa: S301 - comes from our parent process
    failpoint("worker.done")
    return result


def _try(do: Callable[..., Any], *arguments: Any) -> Done | Failed:
    try:
        return Done(do(*arguments))
    except _Dismissed:
        raise
    except Exception as error:  # noqa: BLE001 - the parent raises it
        return _failed(error)
    except BaseException as error:  # noqa: BLE001 - a sys.exit() in a worker must not end anything
        return _failed(error, f"Something ends the process: {error!r}.")


def _failed(error: BaseException, otherwise: str | None = None) -> Failed:
    trace = "".join(traceback.format_exception(error))
    return Failed(portable(error, WorkerError, otherwise), trace, _is_exhausted(error))


def portable(error: BaseException, kind: type[DeepLearnError] = WorkerError, otherwise: str | None = None) -> Exception:
    """What can be unpickled in the parent process: an error itself, or one of ours that tells about it.

    Args:
        error: The error of a worker process.
        kind: What tells about one that cannot travel.
        otherwise: What it tells, if not the message.
    """
    if isinstance(error, Exception) and _travels(error):
        return error
    told = kind(otherwise or f"{type(error).__name__}: {error}", f"worker process {os.getpid()}")
    for note in getattr(error, "__notes__", ()):
        told.add_note(note)
    return told


def _travels(error: Exception) -> bool:
    try:
        return type(pickle.loads(pickle.dumps(error))) is type(error)  # noqa: S301 - our own bytes
    except Exception:  # noqa: BLE001 - whatever somebody else's class raises, the answer is no
        return False


def _is_exhausted(error: BaseException | None) -> bool:
    """Whether memory ran out somewhere on the way to an error."""
    while error is not None and not isinstance(error, MemoryError):
        error = error.__cause__ or error.__context__
    return error is not None


def _tell(pipe: Connection, answer: Done | Failed) -> bool:
    """Answer the parent; returns whether this process goes on."""
    try:
        data = pickle.dumps(answer)
    except Exception as error:  # noqa: BLE001 - the result is somebody else's
        answer = _failed(_unsendable(error))
        data = pickle.dumps(answer)
    pipe.send_bytes(data)
    return isinstance(answer, Done) or not answer.is_exhausted


def _unsendable(error: Exception) -> WorkerError:
    return WorkerError(
        f"A result cannot be sent to the parent process: {error}",
        f"worker process {os.getpid()}",
        "return what pickle can copy, such as numbers and strings",
    )


def _dismiss(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as the system calls it
    """End as an exception does, so that no temporary file stays."""
    raise _Dismissed(TERMINATED)


def end_with_parent() -> None:
    """End this process when its parent process ends, also when that is killed, so that no worker outlives it."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def use_one_thread() -> None:
    """Compute in one thread, and so let do what is imported or started from here on.

    The environment that our parent gave may be missing: a fork server may have been started by somebody else.
    """
    os.environ.update(ONE_THREAD)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
        with suppress(RuntimeError):  # too late where the process has used it already
            torch.set_num_interop_threads(1)
