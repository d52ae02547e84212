from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from zensols_like.errors import DatasetError, PersistableError
from zensols_like.persist import DictionaryStash, DirectoryStash, FactoryStash, Failure, ProtectiveStash, failures


@dataclass
class Thirds(DictionaryStash):
    calls: int = 0

    def load(self, name: str) -> Any:
        self.calls += 1
        value = super().load(name)
        return None if value is None else 3 / value


def test_a_value_that_cannot_be_loaded_is_a_failure() -> None:
    stash = ProtectiveStash(Thirds({"a": 1, "b": 0, "c": 3}))
    assert (stash["a"], stash["c"], stash.load("x")) == (3.0, 1.0, None)
    failure = stash["b"]
    assert (failure.key, failure.kind, failure.message) == ("b", "ZeroDivisionError", "division by zero")
    assert "return None if value is None else 3 / value" in failure.trace
    assert [type(value) for _, value in stash] == [float, Failure, float]
    assert list(failures(stash)) == [failure]


def test_failures_are_kept_like_values_and_tried_again_when_deleted(tmp_path: Path) -> None:
    thirds = Thirds({"a": 1, "b": 0})
    stash = FactoryStash(DirectoryStash(tmp_path), ProtectiveStash(thirds))
    for _ in range(2):
        assert stash["a"] == 3.0
        assert stash["b"].kind == "ZeroDivisionError"
    assert thirds.calls == 2
    thirds.data["b"] = 3
    for failure in failures(stash):
        stash.delete(failure.key)
    assert stash["b"] == 1.0
    assert list(failures(stash)) == []


def test_a_failure_is_raised_again_with_all_that_it_knows() -> None:
    failure = Failure.of("k", DatasetError("bad", "here", "mend it"))
    there = pickle.loads(pickle.dumps(failure))
    assert there == failure
    with pytest.raises(PersistableError, match=r"zensols_like\.errors\.DatasetError: bad") as caught:
        there.rethrow()
    assert caught.value.where == "key 'k'"
    assert "fix: mend it" in caught.value.__notes__[0]


def test_an_interrupt_is_no_failure() -> None:
    @dataclass
    class Interrupted(DictionaryStash):
        def load(self, name: str) -> Any:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ProtectiveStash(Interrupted()).load("a")
