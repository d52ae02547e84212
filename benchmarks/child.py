"""A process that measures one thing, told what to do by lines on its standard input.

A line is a command as JSON, the name of a method of a probe and its arguments; the answer is a line of JSON, too.  The
libraries may print what they like: it goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
import warnings

import torch

__all__ = ["main"]


def main() -> None:
    """Answer commands until there are no more; the arguments are module and class of the probe, and what it gets."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    module, cls, *arguments = sys.argv[1:]
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
