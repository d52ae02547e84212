"""The page `docs/performance.md`, made of figures."""

from __future__ import annotations

from pathlib import Path

from benchmarks.bars import bars_table
from benchmarks.plots import load_plot
from benchmarks.report import Figures, table
from benchmarks.workload import WORKLOADS

__all__ = ["encode_table", "load_table", "write_page"]

_HEAD = """# Performance

How long loading and encoding take, beside other libraries and beside what the machine can do.  `make bench-setup` makes
an environment for each library, `make bench` measures and writes this page from `benchmarks/results/`; a part of it is
`make bench ARGS="load W1"`.  What a training loop waits for is measured by `python -m benchmarks.train W1 W2 W3`.

- *limit*: no library at all.  The raw walk maps one file and slices it; where batches are verified it also runs the
  checksum (xxh3) once over each slice.
- *ours*: as the README shows it, with one thread.
- *peer*: another library as its documentation uses it; *expert*: what its source code allows somebody who reads it.
  Where batches are verified, the same checksum is run over the tensors that they give.

Every store is measured in a process of its own.  In each round all take their turns in a random order, and the quickest
epoch of a tenth of a second counts, or the quickest of three writes (of one that takes longer than half a second); what
is shown is the median of the rounds, and ratios are the median of the ratios of the rounds.  Every byte of every tensor
is touched.  Absolute numbers are those of one machine on one day; compare ratios.
"""

_FINDINGS = """\
- **Encode of W1** (18 KB a batch) takes 0.75 to 0.96 times as long as tensordict in most runs, 1.13 times in one on a
  busy disk. Of 20 to 40 ms the bytes need a half to two thirds; the rest is mostly checksums, plan, manifest and index.
  A machine that is busy with other things moves single rounds by half, so that stores are compared round by round.
- **Two workers** take the same way as one where the work is too little to share: all of W1 to W3 takes 20 to 180 ms,
  and starting a process more than a second; what the rows say of them is what two runs of the same differ by. Writing
  in a thread beside encoding, tried as well, saves 15 % of W3 and nothing of W1 and W2: memory is what both wait for.
- **The expert's bare memmap** slices tensors that it keeps open, without keys, groups or a look at whether the store
  is the right one; in the last four runs we were, not verified, 15 % behind to 4 % ahead of it, and verified 5 to 22 %
  ahead for W1 and W2 and level to 4 % behind for W3. Finding the tensors of a batch takes as long as its slices do (2.8
  microseconds for W1); what remains shows where batches are large and leave none of the code in the cache.
- **A table, open and load**: three quarters of it are a look at the table (its order, categories, and a digest that
  tells whether it changed), which a stash over a table in memory does when it is opened. The bars are meant for loading
  again, as the figures are that they were set by.
- **Training**: of a load that is as long as the step, 39 to 82 % are hidden for W3 (60 to 70 microseconds a batch), and
  for W2 (20) -8 to 63 %, as the machine is disposed: on one day the same commit gave 27 to 63 % and 4 to 21 %, and on a
  machine half as quick 60, 58 and -3 % (W3) and less than nothing (W2). The aim was 90 %. A bare thread that fills a
  deque, without errors, order, state or statistics, hides 74 to 83 % (W3) and 54 to 76 % (W2) here: a step that sleeps
  is woken later where a thread holds the interpreter, which takes 30 to 50 microseconds. In a long loop whose load
  takes longer than 250 microseconds, 93 to 95 % are hidden. An empty step costs 1.21 to 1.32 times (W2) and 1.04 to
  1.17 times (W3) the plain loop, 5 to 7 microseconds a batch, half of them since hardly anything is in the caches of
  the processor once a batch was verified."""


def load_table(figures: Figures, verify: bool) -> str:
    """An epoch of each store: milliseconds, and how many times as long as the raw walk."""
    columns = [(work, order) for work in figures.workloads("load") for order in ("sequential", "shuffled")]

    def cell(store: str, workload: str, order: str) -> str:
        median = figures.median("load", workload, store, order=order, verify=verify)
        ratio = figures.ratio("load", workload, store, "raw", order=order, verify=verify)
        return "" if median is None or ratio is None else f"{median * 1e3:.1f} ({ratio:.2f}x)"

    return table(
        ["ms for an epoch (x raw walk)", *(f"{work} {order}" for work, order in columns)],
        (
            [f"{entry.title} ({entry.kind})", *(cell(entry.name, *column) for column in columns)]
            for entry in figures.entries("load")
        ),
    )


def encode_table(figures: Figures) -> str:
    """MB/s of each store until everything is durable, in parentheses until the call returns."""
    columns = [(work, workers) for work in figures.workloads("encode") for workers in (1, 2)]

    def cell(store: str, workload: str, workers: int) -> str:
        found = figures.find("encode", workload, store, workers=workers, measure="seconds")
        unsynced = figures.median("encode", workload, store, workers=workers, measure="unsynced")
        if found is None or unsynced is None:
            return ""
        size = WORKLOADS[workload].scaled(found.scale).nbytes / 1e6
        return f"{size / found.median:.0f} ({size / unsynced:.0f})"

    return table(
        ["MB/s, durable (returned)", *(f"{work}, {workers} worker{'s'[: workers - 1]}" for work, workers in columns)],
        (
            [f"{entry.title} ({entry.kind})", *(cell(entry.name, *column) for column in columns)]
            for entry in figures.entries("encode")
        ),
    )


def table_table(figures: Figures) -> str:
    """Seconds of encode and load of a table."""
    columns = (("encode", "seconds"), ("encode", "unsynced"), ("load", "seconds"), ("load", "again"))

    def cell(store: str, work: str, measure: str) -> str:
        found = [
            one.median
            for one in figures.all
            if one.what == "table" and one.store == store and (one.how["work"], one.how["measure"]) == (work, measure)
        ]
        return f"{found[0] * 1e3:.1f}" if found else ""

    return table(
        ["ms, one worker", "encode, durable", "encode, returned", "open and load", "load again"],
        (
            [f"{entry.title} ({entry.kind})", *(cell(entry.name, *column) for column in columns)]
            for entry in figures.entries("table")
        ),
    )


def small_table(figures: Figures) -> str:
    """What is measured of stores of many small batches."""
    sizes = sorted(figures.values("small", "batches"))
    units = {"s": (1e3, "ms"), "B": (1, "B"), "files": (1, "")}

    def cell(measure: str, batches: int) -> str:
        found = figures.find("small", "S", "batches", batches=batches, measure=measure)
        if found is None:
            return ""
        factor, unit = units[found.unit]
        return f"{found.median * factor:,.4g} {unit}".strip()

    return table(
        ["", *(f"{size:,} batches" for size in sizes)],
        ([measure, *(cell(measure, size) for size in sizes)] for measure in figures.values("small", "measure")),
    )


def write_page(results: Path, page: Path) -> None:
    """Write the page and its picture from all results."""
    figures = Figures.of(results)
    sections = {
        "What we set out to reach": bars_table(figures),
        "What is missed, and what stands in the way": _FINDINGS,
        "Load, not verified": f"![load]({page.stem}-load.svg)\n\n{load_table(figures, verify=False)}",
        "Load, verified": load_table(figures, verify=True),
        "Encode": encode_table(figures),
        "A table through vectorizers": table_table(figures),
        "Many small batches": small_table(figures),
        "Where this was measured": _origin(figures),
    }
    text = "\n\n".join([_HEAD.rstrip(), *(f"## {title}\n\n{body}" for title, body in sections.items())])
    page.write_text(text + "\n")
    page.with_name(f"{page.stem}-load.svg").write_text(load_plot(figures))


def _origin(figures: Figures) -> str:
    lines = {
        f"- {figure.what} {figure.workload}: {figure.run}, commit {figure.commit}, {figure.machine}, "
        f"{len(figure.rounds)} rounds, scale {figure.scale:g}"
        for figure in figures.all
    }
    versions = {f"{name} {version}" for figure in figures.all for name, version in figure.versions.items()}
    return "\n".join([*sorted(lines), "", f"Versions: {', '.join(sorted(versions))}."])
