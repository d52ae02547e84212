"""What we set out to reach, and how far we are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from benchmarks.catalog import CATALOG, Kind
from benchmarks.report import Figures, paired, table
from benchmarks.training import hidden_part, reached_from_cache, reached_part
from benchmarks.workload import WORKLOADS

__all__ = ["Bar", "bars", "bars_table"]

_SHARDS = ("tensors", "batches", "loader")
_DIRECTORY = ("directory-tensors", "directory", "directory-loader")
_ORDERS = ("sequential", "shuffled")
_MILLI, _MIB = 1e3, 2.0**20


@dataclass(frozen=True)
class Bar:
    """One thing to reach."""

    work: str
    measured: float | None
    bound: float
    unit: str = "x"
    is_least: bool = False
    """Whether the bound is the least that is wanted; it is the most otherwise."""

    @property
    def holds(self) -> bool | None:
        """Whether it was reached; ``None`` where it was not measured."""
        if self.measured is None:
            return None
        return self.measured >= self.bound if self.is_least else self.measured <= self.bound


def bars(figures: Figures) -> Iterator[Bar]:
    """Everything, in the order of the table."""
    yield from _load(figures)
    yield from _encode(figures)
    yield from _table(figures)
    yield from _extremes(figures)
    yield from _training(figures)


def _named(kinds: Sequence[Kind], has_files: bool = False) -> list[str]:
    return [name for name, entry in CATALOG.items() if entry.kind in kinds and (entry.has_files or not has_files)]


def _compare(figures: Figures, work: str, ours: Sequence[str], to: Sequence[str], **how: object) -> float | None:
    """Our quickest way beside the quickest of others."""
    own, other = figures.best("load", work, ours, **how), figures.best("load", work, to, **how)
    return None if own is None or other is None else figures.ratio("load", work, own, other, **how)


def _load(figures: Figures) -> Iterator[Bar]:
    limits = {False: (1.5, 1.25, 1.15), True: (1.8, 1.2, 1.15)}
    for verify, bounds in limits.items():
        name = "verified" if verify else "not verified"
        for work, bound in zip(WORKLOADS, bounds, strict=True):
            for order in _ORDERS:
                how = {"order": order, "verify": verify}
                title = f"load {work} {order}, {name}:"
                yield Bar(f"{title} beside the raw walk", _compare(figures, work, _SHARDS, ["raw"], **how), bound)
                yield Bar(f"{title} beside the best peer", _compare(figures, work, _SHARDS, _named(["peer"]), **how), 1)
                yield Bar(
                    f"{title} beside the best expert", _compare(figures, work, _SHARDS, _named(["expert"]), **how), 1
                )
    for work, bound in zip(WORKLOADS, (3.0, 1.5, 1.25), strict=True):
        for order in _ORDERS:
            measured = _compare(figures, work, ["batches"], ["raw"], order=order, verify=True)
            yield Bar(f"load {work} {order} through batches, verified: beside the raw walk", measured, bound)
    for work in WORKLOADS:
        for order in _ORDERS:
            measured = _compare(figures, work, _DIRECTORY, _named(["peer"], True), order=order, verify=False)
            yield Bar(f"load {work} {order}, directory: beside the best peer with a file per batch", measured, 1)
    for work in WORKLOADS:
        first = figures.median("load", work, "batches", order="first", verify=True)
        yield Bar(f"open {work} to the first tensor", None if first is None else first * _MILLI, 10, "ms")


def _encode(figures: Figures) -> Iterator[Bar]:
    for work, most in zip(WORKLOADS, (1.15, 1.02, 1.02), strict=True):
        durable = {"workers": 1, "measure": "seconds"}
        peer = figures.best("encode", work, _named(["peer"]), **durable)
        measured = None if peer is None else figures.ratio("encode", work, "batches", peer, **durable)
        yield Bar(f"encode {work}, one worker, durable: beside the best peer", measured, 1)
        measured = _two_workers(figures, "encode", work, measure="seconds")
        yield Bar(f"encode {work}, too little to share: two workers beside one", measured, 1)
        nbytes = figures.find("encode", work, "batches", workers=1, measure="bytes")
        size = None if nbytes is None else nbytes.median / WORKLOADS[work].scaled(nbytes.scale).nbytes
        yield Bar(f"bytes on disk of {work} beside those of its tensors", size, most)
    measured = _two_workers(figures, "shared", "slow")
    yield Bar("encode of seconds of work, worth sharing: two workers beside one", measured, 1)


def _two_workers(figures: Figures, what: str, workload: str, **how: object) -> float | None:
    """The time of two workers beside that of one."""
    return paired(*(figures.find(what, workload, "batches", workers=workers, **how) for workers in (2, 1)))


def _table(figures: Figures) -> Iterator[Bar]:
    fastest = ("zensols-aggregated", "zensols-columns")
    wanted = {"columns": {"tutorial": (50, 100), "fastest": (5, 5)}, "classes": {"tutorial": (5, 100)}}
    rows = max(figures.values("table", "rows"), default=0)
    for ours, others in wanted.items():
        for mode, bounds in others.items():
            encode, load = bounds
            for title, work, measure, bound in (
                ("encode", "encode", "seconds", encode),
                ("load", "load", "again", load),
                ("open and load", "load", "seconds", load),
            ):
                how = {"work": work, "measure": measure, "rows": rows}
                peer = figures.best("table", "T", fastest if mode == "fastest" else ["zensols-tutorial"], **how)
                measured = None if peer is None else figures.ratio("table", "T", peer, ours, **how)
                yield Bar(f"T, {ours}: {title}, times as quick as zensols, {mode}", measured, bound, is_least=True)


def _extremes(figures: Figures) -> Iterator[Bar]:
    sizes = sorted(figures.values("small", "batches"))
    few, many = (sizes[0], sizes[-1]) if sizes else (0, 0)

    scales = {"ms": _MILLI, "MiB": 1 / _MIB, "s": 1.0, "files": 1.0}
    for measure, bound, unit in (
        ("open", 1, "s"),
        ("memory of an open store", 100, "MiB"),
        ("random get, p99", 1, "ms"),
        ("files", 2_000, "files"),
        ("ls --count", 2, "s"),
    ):
        median = figures.median("small", "S", "batches", batches=many, measure=measure)
        yield Bar(f"{many:,} batches: {measure}", None if median is None else median * scales[unit], bound, unit)
    for measure in ("encode a batch", "random get, median", "batch of an epoch"):
        found = (figures.find("small", "S", "batches", batches=size, measure=measure) for size in (many, few))
        yield Bar(f"{measure}: of {many:,} beside of {few:,}", paired(*found), 1.2)
    wide = {name: figures.median("wide", "ten attributes", "batches", **how) for name, how in _wide(figures).items()}
    share = wide["one of ten"] / wide["all"] if len(wide) == 2 and wide["one of ten"] and wide["all"] else None
    yield Bar("one attribute of ten: share of the bytes that are fetched", share, 0.11)
    peaks = [figure.median for figure in figures.all if figure.what == "memory"]
    yield Bar("memory of the encode of a larger W3 beside W3", peaks[1] / peaks[0] if len(peaks) == 2 else None, 1.1)


def _training(figures: Figures) -> Iterator[Bar]:
    def medians(work: str, device: str) -> dict[str, float]:
        own = [one for one in figures.all if (one.what, one.workload, one.how) == ("train", work, {"device": device})]
        return {figure.store: figure.median for figure in own}

    def percent(part: Callable[[dict[str, float]], float], found: dict[str, float]) -> float | None:
        return 100 * part(found) if found else None

    for work, most in (("W2", 1.3), ("W3", 1.1)):
        measured = figures.ratio("train", work, "loader", "plain loop", device="CPU")
        yield Bar(f"train {work}, empty step: loader beside a plain loop", measured, most)
        hidden = percent(hidden_part, medians(work, "CPU"))
        yield Bar(f"train {work}: part of a load that is hidden behind a step as long", hidden, 90, "%", is_least=True)
    measured = figures.ratio("train", "S", "seek to 900000", "seek to 0", device="CPU")
    yield Bar("train: seek to batch 900,000 of 1,000,000 beside to 0", measured, 2)
    gpu = next((str(name) for name in figures.values("train", "device") if name != "CPU"), "GPU")
    for work in ("W2", "W3"):
        found, title = medians(work, gpu), f"train {work} on a {gpu}"
        reached, cached = percent(reached_part, found), percent(reached_from_cache, found)
        yield Bar(f"{title}: beside pinned copy and host read", reached, 90, "%", is_least=True)
        yield Bar(f"{title}, cache='cpu': beside pinned copy", cached, 90, "%", is_least=True)
        waits = percent(itemgetter("data wait"), found)
        yield Bar(f"{title}: data wait of a step as long as the load", waits, 2, "%")


def _wide(figures: Figures) -> dict[str, dict[str, object]]:
    return {str(figure.how["attributes"]): dict(figure.how) for figure in figures.all if figure.what == "wide"}


def bars_table(figures: Figures) -> str:
    """All bars, with what was measured."""
    return table(
        ["what", "measured", "bar", "holds"],
        (
            [
                bar.work,
                "" if bar.measured is None else _number(bar.measured, bar.unit),
                f"{'at least' if bar.is_least else 'at most'} {_number(bar.bound, bar.unit)}",
                {None: "not measured", True: "yes", False: "**no**"}[bar.holds],
            ]
            for bar in bars(figures)
        ),
    )


def _number(value: float, unit: str) -> str:
    text = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{text}{unit}" if unit == "x" else f"{text} {unit}"
