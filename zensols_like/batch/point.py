"""Data points: what a user makes of an item of the source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from zensols_like.batch.columns import PointSource
from zensols_like.errors import DeepLearnError
from zensols_like.protocols import Writable

__all__ = ["DataPoint", "GivenPoints", "PointColumns"]


@dataclass
class DataPoint(Writable):
    """One item of the source, with an attribute or property for each feature that is encoded.

    Subclasses add what they are made of; the stash makes them as ``data_point_type(id, batch_stash, item)``.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class Flower(DataPoint):
        ...     row: dict
        ...     @property
        ...     def label(self):
        ...         return self.row["species"]
        >>> Flower("7", None, {"species": "setosa"}).label
        'setosa'
    """

    id: str
    """The key of the item in the source."""
    batch_stash: Any = field(repr=False, compare=False)
    """The stash that encodes it."""

    version: ClassVar[int | str] = 1
    """Change it when the values of a data point change for the same item: stores made before are stale then."""

    def __getstate__(self) -> Any:
        raise DeepLearnError(
            f"The data point {self.id!r} cannot be pickled.",
            type(self).__qualname__,
            "pickle its batch, which is encoded then, or the ID, and make it again from the source",
        )

    def lines(self) -> Iterable[tuple[int, str]]:
        """The ID, then what it is made of."""
        yield 0, f"id: {self.id}"
        for one in fields(self):
            if one.name not in ("id", "batch_stash"):
                value = str(getattr(self, one.name)).splitlines() or [""]
                yield 0, f"{one.name}: {value[0] if len(value) == 1 else ''}"
                if len(value) > 1:
                    yield from ((1, line) for line in value)


@dataclass(frozen=True)
class PointColumns(PointSource):
    """The columns of data points: an attribute of each of them."""

    points: tuple[DataPoint, ...]
    is_random: ClassVar[bool] = True  # nobody knows what the properties of a user do

    @property
    def ids(self) -> tuple[str, ...]:
        """The IDs of the points, as text also where somebody numbered them."""
        return tuple(str(point.id) for point in self.points)

    def column(self, name: str) -> list[Any]:
        """The attribute of each point."""
        return [getattr(point, name) for point in self.points]

    def value(self, position: int, name: str) -> Any:
        """The attribute of one of them."""
        return getattr(self.points[position], name)


class GivenPoints(PointColumns):
    """Points that somebody made, as for prediction, and not the stash from its source."""

    needs_labels: ClassVar[bool] = False
