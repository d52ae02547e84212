from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from zensols_like.errors import PersistableError
from zensols_like.persist import (
    CacheFactoryStash,
    DictionaryStash,
    DirectoryStash,
    FactoryStash,
    NoopStash,
    OneShotFactoryStash,
    PreemptiveStash,
    PrimablePreemptiveStash,
    Primeable,
    PrimeableStash,
    ReadOnlyStash,
    ShardStash,
    SortedStash,
)


@dataclass
class Numbers(ReadOnlyStash):
    """Makes the numbers below a limit, None for 0, and counts what it makes."""

    limit: int
    made: list[str] = field(default_factory=list)
    cleared: int = 0

    def load(self, name: str) -> Any:
        self.made.append(name)
        return (int(name) or None) if self.exists(name) else None

    def exists(self, name: str) -> bool:
        return name.isdigit() and int(name) < self.limit

    def keys(self) -> tuple[str, ...]:
        return tuple(map(str, range(self.limit)))

    def clear(self) -> None:
        self.cleared += 1


@dataclass
class Primed(PrimeableStash, DictionaryStash):
    """A bare dataclass that fills itself."""

    times: int = 0
    fails: bool = False

    def prime(self) -> None:
        super().prime()
        self.times += 1
        if self.fails:
            raise ValueError("not now")
        assert len(self) == 0
        assert self.load("a") is None
        self.dump("a", 1)


def test_priming_happens_once_however_it_is_accessed() -> None:
    stash = Primed()
    assert stash.get("a") == 1
    assert [stash.load("a"), stash["a"], list(stash.keys()), dict(stash), list(stash.load_many(["a"]))] == [
        1,
        1,
        ["a"],
        {"a": 1},
        [("a", 1)],
    ]
    assert stash.times == 1


@pytest.mark.parametrize(
    "access", [lambda s: s.get("a"), lambda s: s.load("a"), lambda s: s.keys(), len, iter, lambda s: s.load_many(["a"])]
)
def test_every_access_primes_first(access: Any) -> None:
    stash = Primed()
    access(stash)
    assert stash.times == 1
    assert stash.data == {"a": 1}


def test_asking_whether_a_key_exists_does_not_prime() -> None:
    stash = Primed()
    assert "a" not in stash
    assert stash.times == 0


def test_priming_is_tried_again_after_an_error_and_after_a_clear() -> None:
    stash = Primed(fails=True)
    with pytest.raises(ValueError, match="not now"):
        stash.load("a")
    stash.fails = False
    assert stash.load("a") == 1
    stash.clear()
    assert stash.load("a") == 1
    assert stash.times == 3


def test_a_primed_stash_arrives_primed_in_a_worker() -> None:
    stash = Primed()
    stash.prime()
    there = pickle.loads(pickle.dumps(stash))
    assert there["a"] == 1
    assert there.times == 1


def test_a_stash_knows_whether_there_is_data_and_asks_once() -> None:
    asked = []

    @dataclass
    class Counting(PreemptiveStash):
        def _calculate_has_data(self) -> bool:
            asked.append(1)
            return super()._calculate_has_data()

    stash = Counting(DictionaryStash())
    assert (stash.has_data, stash.has_data, len(asked)) == (False, False, 1)
    stash.dump("a", 1)
    assert stash.has_data
    stash.delete("a")
    assert not stash.has_data
    stash._set_has_data()
    assert stash.has_data
    stash.clear()
    assert not stash.has_data
    stash.delegate.dump("a", 1)
    stash._reset_has_data()
    assert stash.has_data


def test_priming_ahead_of_time_is_priming_once() -> None:
    stash = Primed()
    stash.prime()
    assert dict(stash) == {"a": 1}
    assert stash.times == 1


def test_a_prime_that_forgets_its_base_is_called_once_all_the_same() -> None:
    calls = []

    @dataclass
    class Forgetful(PrimeableStash, DictionaryStash):
        def prime(self) -> None:
            calls.append(len(self))

    stash = Forgetful()
    assert [len(stash), stash.load("a"), list(stash)] == [0, None, []]
    assert calls == [0]


def test_priming_goes_on_to_the_delegate() -> None:
    delegate = Primed()
    stash = PrimablePreemptiveStash(delegate)
    assert isinstance(stash, Primeable)
    assert not isinstance(NoopStash(), Primeable)
    stash.prime()
    assert delegate.times == 1


def test_what_is_missing_is_made_once_and_kept() -> None:
    factory = Numbers(3)
    stash = FactoryStash(DictionaryStash(), factory)
    assert [stash["2"], stash.load("2"), stash.get("2")] == [2, 2, 2]
    assert factory.made == ["2"]
    assert stash.delegate.load("2") == 2
    assert stash.load("3") is None


def test_one_kept_value_does_not_hide_the_others() -> None:
    stash = FactoryStash(DictionaryStash({"old": 1}), Numbers(3))
    stash.load("2")
    assert list(stash.keys()) == ["0", "1", "2", "old"]
    assert "1" in stash
    assert "old" in stash


def test_without_preemption_the_factory_alone_says_which_keys_there_are() -> None:
    stash = FactoryStash(DictionaryStash({"old": 1}), Numbers(2), enable_preemptive=False)
    assert not stash.has_data
    assert list(stash.keys()) == ["0", "1"]
    assert "old" not in stash
    assert stash.load("old") is None


def test_what_is_kept_of_a_factory_does_not_outlive_it() -> None:
    factory = Numbers(3)
    stash = CacheFactoryStash(DictionaryStash({"old": 1}), factory)
    assert dict(stash.items()) == {"0": None, "1": 1, "2": 2}
    assert (dict(stash.items()), factory.made) == ({"0": None, "1": 1, "2": 2}, ["0", "1", "2"])
    factory.limit = 2
    assert dict(stash.items()) == {"0": None, "1": 1}
    assert "2" not in stash
    assert stash.load("2") is None


@pytest.mark.parametrize(("dumps", "made"), [(True, ["0"]), (False, ["0", "0"])])
def test_a_none_of_the_factory_is_made_once_if_it_is_kept(dumps: bool, made: list[str]) -> None:
    factory = Numbers(3)
    stash = FactoryStash(DictionaryStash(), factory, dump_factory_nones=dumps)
    assert stash.load("0") is None
    assert stash.load("0") is None
    assert factory.made == made
    assert stash.delegate.exists("0") == dumps


def test_a_key_that_nobody_has_is_not_kept() -> None:
    stash = FactoryStash(DictionaryStash(), Numbers(3))
    assert stash.load("nobody") is None
    assert list(stash.delegate.keys()) == []


@pytest.mark.parametrize("force", [True, False])
def test_clearing_spares_the_factory_unless_forced(force: bool) -> None:
    factory = Numbers(3)
    stash = FactoryStash(DictionaryStash({"1": 1}), factory, force_clear_factory=force)
    stash.clear()
    assert list(stash.delegate.keys()) == []
    assert factory.cleared == force


def test_a_factory_is_required() -> None:
    with pytest.raises(PersistableError, match="factory"):
        FactoryStash(DictionaryStash(), None)  # type: ignore[arg-type]


@pytest.mark.parametrize("worker", [[("a", 1), ("b", 2)], lambda: iter([("a", 1), ("b", 2)])])
def test_a_worker_fills_the_stash_before_the_first_access(worker: Any) -> None:
    stash = OneShotFactoryStash(DictionaryStash())
    stash.worker = worker
    assert dict(stash) == {"a": 1, "b": 2}


def test_a_worker_may_be_a_method_of_a_subclass() -> None:
    calls = []

    @dataclass
    class Letters(OneShotFactoryStash):
        letters: str

        def worker(self) -> Iterator[tuple[str, int]]:
            calls.append(1)
            return ((letter, i) for i, letter in enumerate(self.letters))

    stash = Letters(DictionaryStash(), "abc")
    assert (len(stash), stash["c"], len(calls)) == (3, 2, 1)
    stash.clear()
    assert (len(stash), len(calls)) == (3, 2)


def test_a_worker_is_left_alone_when_there_is_data() -> None:
    stash = OneShotFactoryStash(DictionaryStash({"old": 1}))
    stash.worker = [("new", 2)]
    assert dict(stash) == {"old": 1}


def test_a_worker_that_yields_nothing_is_not_asked_again() -> None:  # weakness B5
    calls = []
    stash = OneShotFactoryStash(DictionaryStash())
    stash.worker = lambda: calls.append(1) or ()
    assert [len(stash), stash.load("a"), list(stash.keys()), stash.has_data] == [0, None, [], False]
    assert len(calls) == 1


def test_a_failing_worker_leaves_nothing_behind() -> None:
    def failing() -> Iterator[tuple[str, int]]:
        yield "a", 1
        raise ValueError("in the middle")

    stash = OneShotFactoryStash(DictionaryStash())
    stash.worker = failing
    with pytest.raises(ValueError, match="in the middle"):
        len(stash)
    assert len(stash.delegate) == 0
    stash.worker = [("a", 1), ("b", 2)]
    assert dict(stash) == {"a": 1, "b": 2}


def in_a_child(work: Callable[[], object]) -> int:
    """Start work in another process; returns its ID."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if work() else 1)
        finally:
            os._exit(2)
    return child


def exit_code(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("groups", [None, [{"x"}, {"y"}]])
def test_a_worker_that_is_killed_leaves_nothing_that_counts(tmp_path: Path, groups: list[set[str]] | None) -> None:
    def numbers(worker: Any = ()) -> OneShotFactoryStash:
        path = tmp_path / "numbers"
        stash = OneShotFactoryStash(SortedStash(DirectoryStash(path) if groups is None else ShardStash(path, groups)))
        stash.worker = worker
        return stash

    def dying() -> Iterator[tuple[str, dict[str, int]]]:
        yield "a", {"x": 1, "y": 1}
        yield "b", {"x": 2, "y": 2}
        os.kill(os.getpid(), signal.SIGKILL)

    assert exit_code(in_a_child(numbers(dying).prime)) == -signal.SIGKILL
    stash = numbers([("c", {"x": 3, "y": 3})])
    assert (stash.has_data, dict(stash), stash.has_data) == (False, {"c": {"x": 3, "y": 3}}, True)
    assert list(numbers()) == list(stash)


def test_a_part_that_cannot_be_removed_does_not_count_either(tmp_path: Path) -> None:
    def failing() -> Iterator[tuple[str, int]]:
        yield "a", 1
        raise ValueError("in the middle")

    class Stuck(DirectoryStash):
        def clear(self) -> None:
            raise KeyboardInterrupt

    stash = OneShotFactoryStash(Stuck(tmp_path / "numbers"))
    stash.worker = failing
    with pytest.raises(KeyboardInterrupt):
        stash.prime()
    again = OneShotFactoryStash(DirectoryStash(tmp_path / "numbers"))
    again.worker = [("b", 2)]
    assert (again.has_data, dict(again)) == (False, {"b": 2})


def test_what_is_stored_after_a_clear_stays_though_a_worker_was_killed_before(tmp_path: Path) -> None:
    def dying() -> Iterator[tuple[str, int]]:
        yield "a", 1
        os.kill(os.getpid(), signal.SIGKILL)

    def numbers(worker: Any) -> OneShotFactoryStash:
        stash = OneShotFactoryStash(DirectoryStash(tmp_path / "numbers"))
        stash.worker = worker
        return stash

    assert exit_code(in_a_child(numbers(dying).prime)) == -signal.SIGKILL
    stash = numbers(())
    stash.clear()
    stash.dump("mine", 42)
    assert dict(stash) == {"mine": 42}


def test_a_subclass_may_have_a_constructor_of_its_own() -> None:
    class Own(PrimablePreemptiveStash):
        def __init__(self) -> None:
            self.delegate = DictionaryStash({"a": 1})

    assert Own().load("a") == 1


def test_of_several_processes_one_makes_the_values_and_the_others_wait(tmp_path: Path) -> None:
    def slow() -> Iterator[tuple[str, int]]:
        yield "maker", os.getpid()
        time.sleep(0.3)
        yield "last", 1

    def numbers() -> OneShotFactoryStash:
        stash = OneShotFactoryStash(DirectoryStash(tmp_path / "numbers"))
        stash.worker = slow
        return stash

    children = [in_a_child(lambda: len(numbers()) == 2) for _ in range(3)]
    assert [exit_code(child) for child in children] == [0, 0, 0]
    assert numbers()["maker"] in children


def test_threads_wait_for_the_one_that_primes() -> None:
    begun = threading.Event()

    def slow() -> Iterator[tuple[str, int]]:
        for number in range(5):
            yield str(number), number
            begun.set()
            time.sleep(0.05)

    stash = OneShotFactoryStash(DictionaryStash())
    stash.worker = slow
    with ThreadPoolExecutor() as threads:
        first = threads.submit(len, stash)
        assert begun.wait(300)
        second = threads.submit(len, stash)
        assert (first.result(300), second.result(300)) == (5, 5)


def test_values_that_a_stash_of_its_own_idea_of_data_has_stay_where_others_fail() -> None:
    class Numbered(OneShotFactoryStash):
        def _calculate_has_data(self) -> bool:
            return len(self.delegate) == 3

        def worker(self) -> Iterator[tuple[str, int]]:
            for number in range(3):
                if number == bad:
                    raise ValueError(f"{number} is bad")
                yield str(number), number

    bad, stash = 2, Numbered(DictionaryStash())
    with pytest.raises(ValueError, match="2 is bad"):
        len(stash)
    assert len(stash.delegate) == 2
    bad = 3
    assert len(stash) == 3


def test_a_stash_that_was_primed_is_pickled(tmp_path: Path) -> None:
    stash = OneShotFactoryStash(DirectoryStash(tmp_path / "numbers"))
    stash.worker = [("a", 1)]
    assert (len(stash), dict(pickle.loads(pickle.dumps(stash)))) == (1, {"a": 1})


def test_a_missing_worker_is_an_error() -> None:
    with pytest.raises(PersistableError, match="no worker"):
        len(OneShotFactoryStash(DictionaryStash()))
