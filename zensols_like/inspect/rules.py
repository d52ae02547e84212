"""Rules for the tensors of an attribute, and the words in which a configuration writes them; pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from zensols_like.errors import ConfigurationError
from zensols_like.inspect.stored import dtype_name

__all__ = ["Balance", "Elements", "Flaw", "Layout", "Rule", "find_flaw", "find_misfit", "parse_rules"]


@dataclass(frozen=True)
class Flaw:
    """Where a tensor breaks a rule first, and how often it does."""

    what: str
    count: int = 1
    index: tuple[int, ...] | None = None
    """``None`` where it is the whole tensor."""
    value: float | str | None = None


@dataclass(frozen=True)
class Elements:
    """A rule that each element keeps or breaks."""

    text: str
    is_broken: Callable[[Tensor], Tensor]
    """For each element whether it breaks the rule."""


@dataclass(frozen=True)
class Layout:
    """Data type and shape; a named dimension has the same size in all attributes of a batch.

    ``N`` is the number of data points, and ``*`` any size.
    """

    text: str
    dtype: str | None
    dimensions: tuple[str | int, ...] | None


@dataclass(frozen=True)
class Balance:
    """The least share that each class of the label has in each split."""

    text: str
    share: float


Rule: TypeAlias = Elements | Layout | Balance

_LAYOUT = re.compile(r"(?P<dtype>[a-z]\w*)?\s*(?:\[(?P<dimensions>[^\]]*)\])?")
_SEPARATOR = re.compile(r",(?![^\[]*\])")
_DIMENSION = re.compile(r"\*|[A-Z]\w*")
_HELP = "write rules such as: float32[N, 4], finite, min 0, max 10; or for the label: balance 0.1"


def parse_rules(text: str, where: str) -> tuple[Rule, ...]:
    """The rules that a text says, with commas between them.

    Args:
        text: The rules.
        where: Where they stand, for errors.

    Raises:
        ConfigurationError: One of them is not known.

    Example:
        >>> [type(rule).__name__ for rule in parse_rules("int64[N, T], min 0, finite, balance 0.1", "")]
        ['Layout', 'Elements', 'Elements', 'Balance']
    """
    return tuple(_parse(" ".join(word.split()), where) for word in _SEPARATOR.split(text) if word.strip())


def _parse(text: str, where: str) -> Rule:
    name, _, argument = text.partition(" ")
    if name in ("min", "max", "balance"):
        value = _number(argument, text, where)
        if name == "min":
            return Elements(text, lambda tensor: tensor < _bound(value, tensor, math.ceil))
        if name == "max":
            return Elements(text, lambda tensor: tensor > _bound(value, tensor, math.floor))
        return Balance(text, value)
    if text == "finite":
        return Elements(text, lambda tensor: ~tensor.isfinite())
    found = _LAYOUT.fullmatch(text)
    if found is None or not isinstance(getattr(torch, found["dtype"] or "float32", None), torch.dtype):
        raise ConfigurationError(f"There is no rule {text!r}.", where, _HELP)
    dimensions = None if found["dimensions"] is None else _dimensions(found["dimensions"], text, where)
    return Layout(text, found["dtype"], dimensions)


def _bound(number: float, tensor: Tensor, whole: Callable[[float], int]) -> float:
    """What torch compares with each element as if it compared the number."""
    beyond = math.inf if number > 0 else -math.inf
    if tensor.is_floating_point():
        largest = torch.finfo(tensor.dtype).max
        if -largest <= number <= largest or number == beyond:
            return float(number)
        # it lies between the largest element and infinity, for which torch would take it
        is_inward = (number > 0) == (whole is math.floor)
        return math.copysign(largest, beyond) if is_inward else beyond
    # torch takes it in the type of the elements, where it may wrap; beside a fraction whole ones would lose digits
    limits = torch.iinfo(tensor.dtype)
    return whole(number) if limits.min <= number <= limits.max else beyond


def _number(text: str, rule: str, where: str) -> float:
    try:
        return int(text)  # a float would round it
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise ConfigurationError(f"The rule {rule!r} has no number.", where, _HELP)
    return int(value) if value.is_integer() else value


def _dimensions(text: str, rule: str, where: str) -> tuple[str | int, ...]:
    words = [word.strip() for word in text.split(",")] if text.strip() else []
    for word in words:
        if not word.isdecimal() and _DIMENSION.fullmatch(word) is None:
            raise ConfigurationError(
                f"There is no dimension {word!r} in {rule!r}.",
                where,
                "use a size, * for any, N for the number of data points, or a name in capitals, as in int64[N, T]",
            )
    return tuple(int(word) if word.isdecimal() else word for word in words)


def find_flaw(rule: Elements, tensor: Tensor) -> Flaw | None:
    """Where a tensor breaks a rule for its elements; a NaN is neither less nor greater than anything.

    Args:
        rule: The rule.
        tensor: The tensor.

    Example:
        >>> find_flaw(parse_rules("min 0", "")[0], torch.tensor([[1.0, 2.0], [-3.0, -4.0]]))
        Flaw(what='-3.0 breaks min 0', count=2, index=(1, 0), value=-3.0)
    """
    dense = tensor.detach().cpu().to_dense()
    if dense.is_complex():
        dense = torch.view_as_real(dense.resolve_conj())
    elif dense.dtype in (torch.bool, torch.uint16, torch.uint32):  # no range, or torch knows little but their size
        dense = dense.to(torch.int64)
    elif dense.dtype is torch.uint64:
        dense = dense.to(torch.float64)
    elif dense.is_floating_point() and dense.itemsize == 1:
        dense = dense.to(torch.float32)
    broken = rule.is_broken(dense)
    if not bool(broken.any()):
        return None
    index = tuple(broken.nonzero()[0].tolist())
    value = dense[index].item()
    return Flaw(f"{value} breaks {rule.text}", int(broken.sum()), index, value)


def find_misfit(rule: Layout, tensor: Tensor, sizes: dict[str, tuple[int, str]], attribute: str) -> Flaw | None:
    """Why a tensor does not have the data type or the shape that it should.

    Args:
        rule: The rule.
        tensor: The tensor.
        sizes: The size of each named dimension of the batch, and where it comes from; what is new is noted here.
        attribute: How to call where a new size comes from.

    Example:
        >>> sizes = {"N": (2, "the data points")}
        >>> find_misfit(parse_rules("[N, T]", "")[0], torch.zeros(2, 3), sizes, "words"), sizes["T"]
        (None, (3, 'words'))
        >>> find_misfit(parse_rules("[N, T]", "")[0], torch.zeros(2, 4), sizes, "mask").what
        'T is 4, and 3 in words'
    """
    if rule.dtype is not None and dtype_name(tensor) != rule.dtype:
        return Flaw(f"it is of {dtype_name(tensor)}, not of {rule.dtype}")
    shape = tuple(tensor.shape)
    if rule.dimensions is None:
        return None
    if len(shape) != len(rule.dimensions):
        return Flaw(f"its shape is {list(shape)}, of {len(shape)} dimensions instead of {len(rule.dimensions)}")
    return next(_misfits(rule.dimensions, shape, sizes, attribute), None)


def _misfits(
    dimensions: tuple[str | int, ...], shape: tuple[int, ...], sizes: dict[str, tuple[int, str]], attribute: str
) -> Iterator[Flaw]:
    for number, (wanted, size) in enumerate(zip(dimensions, shape, strict=True)):
        if isinstance(wanted, int):
            if wanted != size:
                yield Flaw(f"its shape is {list(shape)}, with {size} instead of {wanted} at dimension {number}")
        elif wanted != "*":
            known, origin = sizes.setdefault(wanted, (size, attribute))
            if known != size:
                yield Flaw(f"{wanted} is {size}, and {known} in {origin}")
