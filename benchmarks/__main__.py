"""Measure, and write the tables: ``python -m benchmarks load W1``, or `make bench ARGS="load W1"`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.catalog import CATALOG, TABLES
from benchmarks.encode import run_encode
from benchmarks.environments import HERE
from benchmarks.extremes import run_memory, run_shared, run_small, run_wide
from benchmarks.figures import Results
from benchmarks.load import run_load
from benchmarks.page import write_page
from benchmarks.run import Run
from benchmarks.tabular import run_table
from benchmarks.workload import WORKLOADS

__all__ = ["main"]

MEASURES: Mapping[str, Callable[[Run], None]] = {
    "load": run_load,
    "encode": run_encode,
    "table": run_table,
    "shared": run_shared,
    "small": run_small,
    "wide": run_wide,
    "memory": run_memory,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "wanted", nargs="*", metavar="NAME", help=f"of {[*MEASURES]} and {[*WORKLOADS]}; all when none is given"
    )
    names = [*CATALOG, *TABLES]
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (%(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="the size of the workloads (%(default)s)")
    parser.add_argument("--budget", type=float, default=0.1, help="seconds of epochs in a round (%(default)s)")
    parser.add_argument(
        "--memory-factor", type=float, default=5.0, help="the larger source of memory, beside W3 (%(default)s)"
    )
    parser.add_argument("--stores", nargs="+", default=names, choices=names, metavar="STORE")
    parser.add_argument("--folder", type=Path, default=HERE.parent / "target" / "benchmarks", help="for stores")
    parser.add_argument("--results", type=Path, default=HERE / "results", help="for figures")
    parser.add_argument("--page", type=Path, default=HERE.parent / "docs" / "performance.md", help="the page to write")
    options = parser.parse_args(arguments)
    unknown = set(options.wanted).difference(MEASURES, WORKLOADS)
    if unknown:
        parser.error(f"there is no {sorted(unknown)}; use some of {[*MEASURES, *WORKLOADS]}")
    run = Run(
        results=Results(options.results, options.scale),
        folder=options.folder,
        stores=options.stores,
        workloads=[name for name in WORKLOADS if name in options.wanted] or [*WORKLOADS],
        rounds=options.rounds,
        budget=options.budget,
        memory_factor=options.memory_factor,
    )
    for name in [name for name in MEASURES if name in options.wanted] or MEASURES:
        print(name, flush=True)
        MEASURES[name](run)
    write_page(options.results, options.page)


if __name__ == "__main__":
    main()
