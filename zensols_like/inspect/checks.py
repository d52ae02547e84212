"""Check batches against the rules of a configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor

from zensols_like.config import Configurable
from zensols_like.errors import ConfigurationError
from zensols_like.inspect.errors import FailedCheckError
from zensols_like.inspect.labels import class_ids
from zensols_like.inspect.reader import BatchReader
from zensols_like.inspect.report import Report
from zensols_like.inspect.rules import Balance, Elements, Flaw, Layout, Rule, find_flaw, find_misfit, parse_rules

__all__ = ["CHECKS_SECTION", "BatchChecks", "CheckReport", "RuleReport", "Violation", "check_store"]

CHECKS_SECTION = "checks"
"""The section with the rules, when nobody says which."""
KEPT = 3
"""The violations of a rule that are kept; the others are counted."""


@dataclass(frozen=True)
class Violation:
    """Where a rule is broken."""

    what: str
    batch_id: str | None
    """``None`` where it is a whole split."""
    split: str
    data_point_id: str | None
    """``None`` where no data point is alone to blame."""
    index: tuple[int, ...] | None
    """In the tensor of the batch."""
    value: float | str | None

    def __str__(self) -> str:
        if self.batch_id is None:
            return self.what
        point = "" if self.data_point_id is None else f", data point {self.data_point_id!r}"
        index = "" if self.index is None else f", at {list(self.index)}"
        return f"batch {self.batch_id} of {self.split}{point}{index}: {self.what}"


@dataclass(frozen=True)
class RuleReport:
    """A rule of an attribute, and what breaks it."""

    attribute: str
    rule: str
    count: int
    """The elements that break it, or the tensors, or the classes; 0 where it holds."""
    violations: tuple[Violation, ...]
    """The first of them."""


@dataclass(frozen=True)
class CheckReport(Report):
    """What breaks the rules of a configuration."""

    kind: ClassVar[str] = "check"

    path: str
    status: str
    batches: int
    """Those that were checked."""
    rules: tuple[RuleReport, ...]

    @property
    def broken(self) -> tuple[RuleReport, ...]:
        """The rules that do not hold."""
        return tuple(one for one in self.rules if one.count > 0)

    def require_sound(self) -> None:
        """Refuse data that breaks a rule.

        Raises:
            FailedCheckError: Names each rule that is broken, and the first violation of each.
        """
        if self.broken:
            names = ", ".join(f"{one.rule!r} of {one.attribute!r}" for one in self.broken)
            error = FailedCheckError(
                f"Data breaks {names}.", self.path, "mend the data, clear and encode again; or change the rule"
            )
            for one in self.broken:
                error.add_note(f"{one.attribute}: {one.violations[0]}")
            raise error


@dataclass(frozen=True)
class BatchChecks:
    """Rules by attribute.

    In a configuration they are a section with an option for each attribute::

        [checks]
        size = float32[N, 4], finite, min 0, max 10
        words = int64[N, T], min 0
        mask = bool[N, T]
        label = int64[N], balance 0.1

    Args:
        rules: The rules of each attribute.
    """

    rules: Mapping[str, tuple[Rule, ...]]

    @classmethod
    def of(cls, config: Configurable, section: str = CHECKS_SECTION) -> BatchChecks:
        """The rules of a section.

        Raises:
            ConfigurationError: There is no such section, or a rule is not known.
        """
        if section not in config:
            raise ConfigurationError(
                f"There is no section [{section}] with rules.",
                config.source,
                f"write one, as [{section}] and a line for each attribute: size = float32[N, 4], finite, min 0",
            )
        texts = config.get_options(section)
        return cls({name: parse_rules(text, config.where(section, name)) for name, text in texts.items()})

    def require_attributes(self, names: Collection[str], where: str) -> None:
        """Refuse rules for what is no attribute.

        Args:
            names: The attributes that there are.
            where: Where they come from.

        Raises:
            ConfigurationError: A rule is for something else.
        """
        unknown = sorted(set(self.rules).difference(names))
        if unknown:
            raise ConfigurationError(
                f"There are rules for {unknown}, which are no attributes.", where, f"use some of {list(names)}"
            )

    def flaws(self, tensors: Mapping[str, Tensor | None], points: int) -> Iterator[tuple[str, Rule, Flaw]]:
        """What breaks the rules in the tensors of a batch.

        Args:
            tensors: The tensor of each attribute.
            points: How many data points the batch has.
        """
        sizes = {"N": (points, "the data points")}
        for name, rules in self.rules.items():
            tensor = tensors.get(name)
            if tensor is None:
                continue
            for rule in rules:
                flaw = None
                if isinstance(rule, Elements):
                    flaw = find_flaw(rule, tensor)
                elif isinstance(rule, Layout):
                    flaw = find_misfit(rule, tensor, sizes, name)
                if flaw is not None:
                    yield name, rule, flaw


@dataclass
class _Broken:
    """What was found of a rule so far."""

    count: int = 0
    kept: list[Violation] = field(default_factory=list)

    def add(self, count: int, violation: Violation) -> None:
        self.count += count
        self.kept += [violation] if len(self.kept) < KEPT else []


def check_store(
    reader: BatchReader, checks: BatchChecks, observe: Callable[[int, int], None] | None = None
) -> CheckReport:
    """Check every committed batch.

    Args:
        reader: The batches.
        checks: The rules.
        observe: Is told how many batches of how many are done.

    Raises:
        ConfigurationError: A rule is for an attribute that is not there.
        CorruptBatch: A record is damaged or gone.
    """
    checks.require_attributes(reader.attributes, reader.path)
    broken = {(name, rule.text): _Broken() for name, rules in checks.rules.items() for rule in rules}
    labels: dict[str, dict[str, Counter[int]]] = {}
    plan, index = reader.store.plan, reader.store.index
    positions = [position for position in range(len(plan)) if index.is_committed(position)]
    for done, position in enumerate(positions, 1):
        columns = reader.columns(position, frozenset(checks.rules))
        tensors = {name: column.tensor for name, column in columns.items()}
        ids, split = tuple(plan.ids(position)), plan.split_of(position)
        for name, rule, flaw in checks.flaws(tensors, len(ids)):
            violation = _violation(flaw, str(position), split, ids, tensors[name])
            broken[name, rule.text].add(flaw.count, violation)
        _count_classes(checks, labels, split, tensors)
        if observe is not None:
            observe(done, len(positions))
    for name, rule, violation in _unbalanced(reader, checks, labels):
        broken[name, rule.text].add(1, violation)
    rules = tuple(RuleReport(*key, found.count, tuple(found.kept)) for key, found in broken.items())
    return CheckReport(reader.path, reader.status.value, len(positions), rules)


def _violation(flaw: Flaw, batch_id: str, split: str, ids: tuple[str, ...], tensor: Tensor | None) -> Violation:
    has_points = tensor is not None and tuple(tensor.shape[:1]) == (len(ids),)
    point = ids[flaw.index[0]] if has_points and flaw.index else None
    return Violation(flaw.what, batch_id, split, point, flaw.index, flaw.value)


def _balances(checks: BatchChecks) -> Iterator[tuple[str, Balance]]:
    for name, rules in checks.rules.items():
        for rule in rules:
            if isinstance(rule, Balance):
                yield name, rule


def _count_classes(
    checks: BatchChecks,
    labels: dict[str, dict[str, Counter[int]]],
    split: str,
    tensors: Mapping[str, Tensor | None],
) -> None:
    """Count the classes of an attribute by split, where a rule asks for it."""
    for name, rule in _balances(checks):
        tensor = tensors.get(name)
        ids = None if tensor is None else class_ids(tensor)
        if tensor is not None and ids is None:
            raise ConfigurationError(
                f"The rule {rule.text!r} is for classes, which {name!r} does not hold.",
                f"[{CHECKS_SECTION}] {name}",
                "write it for an attribute of whole numbers or one-hot rows",
            )
        labels.setdefault(name, {}).setdefault(split, Counter()).update(ids or ())


def _unbalanced(
    reader: BatchReader, checks: BatchChecks, labels: Mapping[str, Mapping[str, Counter[int]]]
) -> Iterator[tuple[str, Balance, Violation]]:
    """The classes that are too rare in a split; those are known that occur in any."""
    for name, rule in _balances(checks):
        counts = labels.get(name, {})
        classes = sorted(set().union(*counts.values()))
        names = reader.class_names(classes) if name == reader.manifest.label else list(map(str, classes))
        for split, count in counts.items():
            total = count.total()
            for number, class_name in zip(classes, names, strict=True):
                share = count[number] / total if total > 0 else 0.0
                if share < rule.share:
                    what = f"class {class_name!r} is {share:.1%} of split {split!r}"
                    yield name, rule, Violation(what, None, split, None, None, share)
