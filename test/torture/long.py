"""The long form of the battery: goes on where it stopped, and writes what it ran into docs/reliability.md.

PYTHONPATH=test python -m torture.long --budget 40m
PYTHONPATH=test python -m torture.long --case killed_at_random --seed 17
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from torture.battery import CASES, Bench, Case
from torture.nursery import Nursery, nursery

ROOT = Path(__file__).parents[2]
STATE = ROOT / "target/torture.json"
PAGE = ROOT / "docs/reliability.md"
BEGIN, END = "<!-- what ran -->", "<!-- end of what ran -->"


@dataclass
class Tally:
    """What ran of a case."""

    seeds: int = 0
    units: int = 0
    seconds: float = 0.0
    failed: list[int] = field(default_factory=list)
    """The seeds that failed."""

    def share(self, case: Case) -> float:
        """How much of what is wanted has run."""
        return self.seeds / case.short if case.goal is None else self.units / case.goal

    def has_more(self, case: Case) -> bool:
        return case.goal is not None or self.seeds < case.short


def main() -> int:
    """Run what the arguments say; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", default="40m", help="how long, as 90s, 40m or 2h")
    parser.add_argument("--case", choices=[case.name for case in CASES], help="run this case only")
    parser.add_argument("--seed", type=int, help="run this seed of the case only, and write nothing")
    arguments = parser.parse_args()
    cases = [case for case in CASES if arguments.case in (None, case.name)]
    with tempfile.TemporaryDirectory(prefix="nursery-") as folder, nursery(Path(folder)) as quarters:
        if arguments.seed is not None:
            return 0 if stands(cases[0], arguments.seed, quarters, {}, Tally()) else 1
        tallies = read_state()
        go_on(cases, tallies, quarters, until=time.monotonic() + seconds(arguments.budget))
    write_page(tallies)
    return 1 if any(tally.failed for tally in tallies.values()) else 0


def seconds(budget: str) -> float:
    return float(budget[:-1]) * {"s": 1, "m": 60, "h": 3600}[budget[-1]]


def go_on(cases: Sequence[Case], tallies: Mapping[str, Tally], quarters: Nursery, until: float) -> None:
    """Run what has run least, one seed after another."""
    references: dict[tuple[str, int], str] = {}
    while time.monotonic() < until:
        waiting = [case for case in cases if tallies[case.name].has_more(case)]
        if not waiting:
            break
        case = min(waiting, key=lambda case: tallies[case.name].share(case))
        stands(case, tallies[case.name].seeds, quarters, references, tallies[case.name])
        STATE.parent.mkdir(exist_ok=True)
        STATE.write_text(json.dumps({name: asdict(tally) for name, tally in tallies.items()}, indent=2))


def stands(case: Case, seed: int, quarters: Nursery, references: dict[tuple[str, int], str], tally: Tally) -> bool:
    """Run a seed of a case, add it to a tally and say how it went."""
    start, error = time.monotonic(), ""
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        try:
            tally.units += case.run(Bench.of(case, seed, Path(folder), quarters, references), seed)
        except Exception as found:  # noqa: BLE001 - whatever it is, the seed did not stand
            error = f"{type(found).__name__}: {found}"
            tally.failed.append(seed)
    tally.seeds += 1
    tally.seconds += time.monotonic() - start
    print(f"{case.id} {case.name} seed {seed}: {'stood' if error == '' else f'FAILED{chr(10)}{error}'}", flush=True)
    return error == ""


def read_state() -> dict[str, Tally]:
    stored = json.loads(STATE.read_text()) if STATE.exists() else {}
    return {case.name: Tally(**stored.get(case.name, {})) for case in CASES}


def write_page(tallies: Mapping[str, Tally]) -> None:
    """Put the table into the page."""
    rows = ["| | what | ran | failed | seconds |", "|---|---|---|---|---|"]
    for case in CASES:
        tally = tallies[case.name]
        failed = ", ".join(f"seed {seed}" for seed in tally.failed) or "0"
        rows.append(f"| {case.id} | {case.what} | {tally.units:,} {case.unit} | {failed} | {tally.seconds:,.0f} |")
    git = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip() or "no commit"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = f"{platform.system()} {platform.release()}, {os.cpu_count()} CPUs, {memory:.0f} GiB"
    python = platform.python_version()
    head = f"{datetime.now(UTC):%Y-%m-%d}, commit {commit}, {machine}, Python {python}:"
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text("\n".join([before + BEGIN, "", head, "", *rows, "", END + after]))


if __name__ == "__main__":
    sys.exit(main())
