"""Start a script in several processes, as a user of torchrun does; everything stays on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["torchrun"]

RANK = Path(__file__).with_name("rank.py")


def torchrun(ranks: int, script: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    # with a faulthandler a rank that aborts says where each of its threads was
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1", "PYTHONFAULTHANDLER": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    return subprocess.run(
        [*command, str(ranks), str(RANK), str(script), *map(str, arguments)],
        env=environment,
        timeout=600,
        check=False,
        capture_output=True,
        text=True,
    )
