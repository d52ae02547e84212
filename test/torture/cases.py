"""What a case of the battery is: a function that tortures a store once, as its seed says."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torture.nursery import Nursery
from torture.store import Place, encode, resume


@dataclass(frozen=True)
class Case:
    """A part of the battery."""

    id: str
    """As the design calls it."""
    what: str
    unit: str
    """What is counted."""
    run: Callable[[Bench, int], int]
    """Does what a seed says; returns how many units that was."""
    short: int
    """How many seeds the short form takes."""
    goal: int | None
    """How many units the long form wants; ``None`` where the seeds of the short form are all that there are."""

    @property
    def name(self) -> str:
        return self.run.__name__


CASES: list[Case] = []


def case(id: str, what: str, unit: str, short: int, goal: int | None = None) -> Callable[[Any], Any]:
    """Add a case to the battery."""

    def add(run: Callable[[Bench, int], int]) -> Callable[[Bench, int], int]:
        CASES.append(Case(id, what, unit, run, short, goal))
        return run

    return add


@dataclass
class Bench:
    """Where a case works: an empty folder and a nursery; and a random generator of the seed."""

    folder: Path
    nursery: Nursery
    random: random.Random
    references: dict[tuple[str, int], str]
    """The digests of undisturbed stores, by container and size."""

    @classmethod
    def of(
        cls, case: Case, seed: int, folder: Path, quarters: Nursery, references: dict[tuple[str, int], str]
    ) -> Bench:
        return cls(folder, quarters, random.Random(f"{case.name} {seed}"), references)

    def place(self, name: str = "store", container: str = "files", n: int = 40) -> Place:
        place = Place(self.folder / name / "store", container, n)
        shutil.rmtree(place.folder.parent, ignore_errors=True)
        place.folder.mkdir(parents=True)
        return place

    def reference(self, place: Place) -> str:
        """The digest of the same store, encoded without any trouble."""
        key = (place.container, place.n)
        if key not in self.references:
            quiet = self.place(f"reference-{place.container}-{place.n}", place.container, place.n)
            self.references[key] = self.nursery.call(encode, quiet)
        return self.references[key]

    def require_resumable(self, place: Place, at_least: int = 0, in_parts: bool = False, **options: Any) -> None:
        """What is committed is whole; another run adds exactly what is missing and leaves nothing behind.

        Args:
            place: The store.
            at_least: How many batches were committed, as far as the encoder knew.
            in_parts: Whether single records may be missing, so that not all of a batch is encoded.
            options: Of the stash.
        """
        expected = self.reference(place)
        before, noted, digest, left = self.nursery.call(resume, place, **options)
        assert len(before) >= at_least, f"{at_least} batches were committed, {before} are left"
        missing = sorted(set(range(place.batches)) - set(before))
        assert noted == missing or (in_parts and set(noted) < set(missing)), f"{before} was committed, {noted} encoded"
        assert digest == expected, "the content digest differs from that of an uninterrupted run"
        assert left == [], f"left behind: {left}"
