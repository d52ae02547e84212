"""A process that measures one thing, told what to do by lines on its standard input.

A line is a command as JSON, the name of a method of a probe and its arguments; the answer is a line of JSON, too.  The
libraries may print what they like: it goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import traceback
import warnings
from importlib.metadata import distributions

import torch

__all__ = ["main"]

_NAMED = ("torch", "numpy", "pandas", "xxhash", "tensordict", "litdata", "safetensors", "datasets", "zensols_deeplearn")


def _versions() -> dict[str, str]:
    """What is installed here of what is compared."""
    installed = {one.name: one.version for one in distributions()}
    return {"python": platform.python_version(), **{name: installed[name] for name in _NAMED if name in installed}}


def main() -> None:
    """Answer commands until there are no more; the arguments are module and class of the probe, and what it gets."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    module, cls, *arguments = sys.argv[1:]
    print(json.dumps(_versions()), file=answers, flush=True)
    probe = getattr(importlib.import_module(f"benchmarks.{module}"), cls)(*arguments)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(probe, command.pop("do"))(**command)
        except Exception:  # noqa: BLE001 (whatever it is, the parent says it)
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
