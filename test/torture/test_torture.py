"""The short form of the battery; long.py is the long one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from torture.battery import CASES, Bench, Case
from torture.nursery import Nursery, nursery

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def quarters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with nursery(tmp_path_factory.mktemp("nursery")) as started:
        yield started


@pytest.fixture(scope="module")
def references() -> dict[tuple[str, int], str]:
    return {}


@pytest.mark.parametrize(
    ("case", "seed"),
    [pytest.param(case, seed, id=f"{case.id} {case.name} {seed}") for case in CASES for seed in range(case.short)],
)
def test_the_store_stands(
    case: Case, seed: int, tmp_path: Path, quarters: Nursery, references: dict[tuple[str, int], str]
) -> None:
    assert case.run(Bench.of(case, seed, tmp_path, quarters, references), seed) > 0
