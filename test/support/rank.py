"""Run a script as one rank, and end the process without ending its Python.

``DistributedDataParallel`` of torch 2.13 keeps the threads of gloo alive, also after ``destroy_process_group``.  One
that puts its last operation away only when Python is ending asks for the interpreter's lock then, and aborts.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    del sys.argv[0]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
