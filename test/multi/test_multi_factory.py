"""The values of a factory, made by worker processes."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

from zensols_like.config import ImportConfigFactory, IniConfig
from zensols_like.errors import PersistableError
from zensols_like.multi import MultiProcessFactoryStash, TorchMultiProcessFactoryStash, TorchMultiProcessStash
from zensols_like.persist import DictionaryStash, DirectoryStash, Failure
from zensols_like.testing.stash import StashContract

process = pytest.mark.process


@dataclass
class Roots(DictionaryStash):
    """The square roots of its numbers; writes down which were made, by whom."""

    log: Path | None = field(default=None)

    def load(self, name: str) -> Any:
        if self.log is not None:
            with (self.log / str(os.getpid())).open("a") as file:
                file.write(f"{name}\n")
        number = super().load(name)
        if number is not None and number < 0:
            raise ValueError(f"no root of {number}")
        return None if number is None else torch.tensor(float(number)).sqrt()

    def made(self) -> list[str]:
        return sorted(name for path in self.log.iterdir() for name in path.read_text().split())


def factory_stash(folder, numbers, workers=1, **more):
    (folder / "log").mkdir(exist_ok=True)
    return TorchMultiProcessFactoryStash(
        DirectoryStash(folder / "roots"), None, "roots", 2, workers, Roots(numbers, folder / "log"), **more
    )


NINE = {str(number): number for number in range(9)}


@process
def test_workers_make_all_values_before_the_first_is_used(tmp_path):
    stash = factory_stash(tmp_path, NINE, workers=2)
    assert stash["4"] == 2
    assert stash.factory.made() == sorted(NINE)
    assert str(os.getpid()) not in {path.name for path in stash.factory.log.iterdir()}
    assert isinstance(stash, TorchMultiProcessStash)


def test_what_is_there_is_not_made_again(tmp_path):
    assert len(factory_stash(tmp_path, {"0": 0, "1": 1})) == 2
    more = factory_stash(tmp_path, NINE)
    assert set(more.keys()) == set(NINE)
    assert more.factory.made() == sorted(NINE)
    assert len(factory_stash(tmp_path, NINE)) == 9
    assert more.factory.made() == sorted(NINE)


@process
@pytest.mark.parametrize("workers", [1, 2])
def test_a_value_that_cannot_be_made_stops_the_work_and_the_rest_is_made_later(tmp_path, workers):
    with pytest.raises(ValueError, match="no root of -1"):
        len(factory_stash(tmp_path, {**NINE, "bad": -1}, workers))
    assert dict(factory_stash(tmp_path, NINE, workers)) == {key: torch.tensor(float(key)).sqrt() for key in NINE}


@process
@pytest.mark.parametrize("workers", [1, 2])
def test_failures_are_values_where_that_is_wanted_and_can_be_tried_again(tmp_path, workers):
    stash = factory_stash(tmp_path, {"bad": -1, **NINE}, workers, protect_work=True)
    assert len(stash) == 10
    assert isinstance(stash["bad"], Failure)
    (failure,) = stash.iterfails()
    assert (failure.key, failure.kind, failure.message) == ("bad", "ValueError", "no root of -1")
    assert factory_stash(tmp_path, {"bad": 25}, workers).load("bad") == failure  # kept, and so not tried again
    mended = factory_stash(tmp_path, {"bad": 25}, workers, protect_work=True)
    assert mended.reprocess_failures() == 1
    assert (mended["bad"], list(mended.iterfails())) == (5, [])
    assert mended.reprocess_failures() == 0


def test_a_factory_is_needed():
    with pytest.raises(PersistableError, match="The factory is None"):
        MultiProcessFactoryStash(DictionaryStash(), None, "none", 0, 1, None)


@process
def test_it_is_made_from_a_configuration(tmp_path):
    (tmp_path / "parse.conf").write_text(f"""
[lines]
class_name = zensols_like.source.LineStash
folder = path: {tmp_path}
patterns = list: *.txt

[kept]
class_name = zensols_like.persist.DirectoryStash
path = path: {tmp_path}/kept

[parsed]
class_name = zensols_like.multi.MultiProcessFactoryStash
delegate = instance: kept
factory = instance: lines
chunk_size = 1
workers = 2
""")
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    stash = ImportConfigFactory(IniConfig(tmp_path / "parse.conf")).instance("parsed")
    assert dict(stash) == {"a.txt:1": "one", "a.txt:2": "two"}


class TestFactoryStash(StashContract):
    def make(self, tmp_path):
        return MultiProcessFactoryStash(DirectoryStash(tmp_path / "values"), None, "values", 0, 1, DictionaryStash())
