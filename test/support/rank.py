"""Ranks that end without ending their Python; as a script, this runs another one: ``rank.py SCRIPT ARGUMENTS...``.

``DistributedDataParallel`` of torch 2.13 keeps the threads of gloo alive, also after ``destroy_process_group``.  One
that puts its last operation away only when Python is ending asks for the interpreter's lock then, and aborts.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from typing import NoReturn

__all__ = ["leave"]


def leave() -> NoReturn:
    """End this process, all of which was done well."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    del sys.argv[0]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
    leave()
