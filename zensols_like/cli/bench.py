"""The command that says how quick a store is here."""

from __future__ import annotations

from zensols_like.cli.common import looking, open_reader, print_report
from zensols_like.cli.options import Source
from zensols_like.cli.render_bench import render_bench
from zensols_like.inspect import bench_store

__all__ = ["bench"]


def bench(source: Source, seconds: float, as_json: bool) -> None:
    """Say how quickly batches are read, verified, decoded and encoded here.

    Raises:
        CorruptBatch: A record is damaged.
        StaleError: The store was encoded with another configuration.
        MissingBatchError: Batches are not committed.
    """
    with looking(open_reader(source)) as reader:
        report = bench_store(reader, seconds)
        print_report(report, as_json, render_bench(report))
