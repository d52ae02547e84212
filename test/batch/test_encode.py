from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from support.flowers import (
    FailingVectorizer,
    Flower,
    FlowerBatch,
    NoiseVectorizer,
    flower_stash,
    items,
    managers,
    splits,
)

from zensols_like.batch import (
    Batch,
    BatchDirectoryCompositeStash,
    BatchError,
    BatchFeatureMapping,
    BatchShardStash,
    BatchStash,
    CorruptBatch,
    DataPoint,
    DataPointIDSet,
    DefaultBatch,
    EncodedBatch,
    EncodeError,
    FieldFeatureMapping,
    ManagerFeatureMapping,
    MappingError,
    MissingBatchError,
    StaleError,
    Status,
    committer,
)
from zensols_like.batch.reader import ContextReader
from zensols_like.batch.store import BatchStore
from zensols_like.dataframe import DataframeBatchStash
from zensols_like.dataset import DatasetSplitStash, StashSplitKeyContainer
from zensols_like.errors import APIError, ConfigurationError, DatasetError, DeepLearnError, VectorizerError, WorkerError
from zensols_like.persist import DictionaryStash, FileFolder, ReadOnlyStash
from zensols_like.protocols import Primeable
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import NullFeatureContext, TensorFeatureContext


def digest(stash: BatchStash) -> str:
    stash.prime()
    return stash.store.content_digest(stash.delegate)  # type: ignore[arg-type]


# ---- the same bytes, whoever encodes


@pytest.mark.parametrize("chunk_size", [0, 1, 5])
def test_the_content_does_not_depend_on_the_chunks(tmp_path: Path, chunk_size: int) -> None:  # weakness A7
    assert digest(flower_stash(tmp_path / "a", chunk_size=chunk_size)) == digest(flower_stash(tmp_path / "b"))


@pytest.mark.process
@pytest.mark.parametrize(
    ("workers", "chunk_size", "method"),
    [(2, 1, "forkserver"), (3, 0, "forkserver"), (0, 5, "forkserver"), (2, 2, "spawn"), (2, 1, "fork")],
)
def test_the_content_does_not_depend_on_the_workers(
    tmp_path: Path, workers: int, chunk_size: int, method: str
) -> None:  # weakness A7
    many = flower_stash(tmp_path / "a", workers=workers, chunk_size=chunk_size, start_method=method)
    assert digest(many) == digest(flower_stash(tmp_path / "b"))
    assert torch.equal(many["3"]["noise"], flower_stash(tmp_path / "b")["3"]["noise"])


@pytest.mark.process
def test_the_content_does_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from support.flowers import flower_stash\n"
        "stash = flower_stash(Path(sys.argv[1])); stash.prime(); print(stash.store.content_digest(stash.delegate))"
    )
    found = set()
    for seed in ("0", "1", "77"):
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / seed)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "test"},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_random_numbers_outside_are_left_alone_and_do_not_matter(tmp_path: Path) -> None:  # weakness A7
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = digest(flower_stash(tmp_path / "a"))
    assert torch.equal(torch.rand(1), expected)
    assert digest(flower_stash(tmp_path / "b")) == first


def test_the_seed_of_the_run_changes_random_features_and_stays_with_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TorchConfig, "get_random_seed_context", staticmethod(lambda: {"seed": 5}))
    other = flower_stash(tmp_path / "a")
    first = digest(other)
    assert other.batch_data_point_sets[0].torch_seed_context == {"seed": 5}
    monkeypatch.undo()
    assert digest(flower_stash(tmp_path / "b")) != first
    again = flower_stash(tmp_path / "a")
    assert digest(again) == first
    made = again.create_batch(again["0"].data_points)
    assert torch.equal(made["noise"], again["0"]["noise"])


def test_every_batch_draws_other_random_numbers(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path)
    drawn = torch.cat([batch["noise"][:, 1:] for batch in stash.values()])
    assert len(drawn.unique()) == drawn.numel()


@pytest.mark.process
@pytest.mark.parametrize("workers", [1, 2])
def test_every_container_has_the_same_content(tmp_path: Path, workers: int) -> None:
    shards = flower_stash(tmp_path / "a", container=BatchShardStash, workers=workers, chunk_size=1)
    assert digest(shards) == digest(flower_stash(tmp_path / "b"))
    again = flower_stash(tmp_path / "a", container=BatchShardStash)
    assert again.status is Status.COMPLETE
    assert [batch["size"].tolist() for batch in again.values()] == [
        batch["size"].tolist() for batch in flower_stash(tmp_path / "b").values()
    ]


# ---- looking, priming, forgetting


def test_looking_makes_nothing(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path)
    assert not stash.exists("0")
    assert stash.status is Status.ABSENT
    assert stash.keys_by_split == {"train": ("0", "1", "2"), "test": ("3", "4")}
    assert list(stash.splits) == ["train", "test"]
    assert len(stash.batch_data_point_sets) == 5
    assert "flower" in repr(stash)
    stash.write()
    assert not list(tmp_path.iterdir())


def test_loading_primes_once(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path)
    assert stash["0"]["size"].tolist() == [0, 1, 2, 3]
    assert stash.status is Status.COMPLETE
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert len(flower_stash(tmp_path)) == 5
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_store_works_where_its_source_is_not(tmp_path: Path) -> None:
    digest(flower_stash(tmp_path))

    class Gone(DictionaryStash):
        def load(self, name: str) -> Any:
            raise OSError("the source is gone")

        def keys(self) -> Iterable[str]:
            raise OSError("the source is gone")

    stash = flower_stash(tmp_path)
    stash.split_stash_container.delegate = Gone()
    assert [len(batch) for batch in stash.values()] == [4, 4, 4, 4, 4]
    assert {name: len(list(view.keys())) for name, view in stash.splits.items()} == {"train": 3, "test": 2}


def test_splits_give_batches_in_order(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path)
    assert [batch.id for batch in stash.splits["train"].values()] == ["0", "1", "2"]
    assert [batch.split_name for batch in stash.splits["test"].values()] == ["test", "test"]


def test_clearing_removes_batches_and_books_but_not_the_source(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path)
    stash.prime()
    stash.clear()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["lock"]
    assert stash.status is Status.ABSENT
    assert len(stash) == 5
    stash.clear_all()
    assert len(stash.split_stash_container.delegate) == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [(BatchShardStash, BatchDirectoryCompositeStash), (BatchDirectoryCompositeStash, BatchShardStash)],
)
@pytest.mark.parametrize("is_partial", [False, True])
def test_clearing_removes_batches_in_another_kind_of_container(
    tmp_path: Path, old: Any, new: Any, is_partial: bool
) -> None:
    bad = items(20)
    bad["13"]["size"] = "large"
    with pytest.raises(EncodeError) if is_partial else nullcontext():
        flower_stash(tmp_path, container=old, source=bad if is_partial else None, chunk_size=1).prime()
    (tmp_path / "batch" / "own.txt").write_text("of somebody else")
    changed = flower_stash(tmp_path, container=new)
    with pytest.raises(StaleError, match="lie in a container of kind"):
        changed.prime()
    changed.clear()
    assert {path.name for path in (tmp_path / "batch").rglob("*") if path.is_file()} <= {"own.txt", "lock"}
    assert digest(changed) == digest(flower_stash(tmp_path / "b", container=new))


def test_the_readable_plan_names_every_data_point(tmp_path: Path) -> None:
    flower_stash(tmp_path).prime()
    plan = json.loads((tmp_path / "ids.json").read_text())
    assert plan[3] == {"batch_id": "3", "split": "test", "data_point_ids": ["12", "13", "14", "15"]}
    assert len(plan) == 5


def test_batches_are_not_stored_or_deleted_by_hand(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path)
    with pytest.raises(BatchError, match="cannot be stored by hand"):
        stash.dump("0", 1)
    with pytest.raises(BatchError, match="cannot be deleted alone"):
        stash.delete("0")


def test_only_the_main_process_of_the_first_rank_encodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    with pytest.raises(MissingBatchError, match=r"this is rank 1(.|\n)*zensols-like encode"):
        flower_stash(tmp_path).load("0")
    monkeypatch.delenv("RANK")
    flower_stash(tmp_path).prime()
    monkeypatch.setenv("RANK", "1")
    assert flower_stash(tmp_path)["0"]["size"].shape == (4,)
    with pytest.raises(MissingBatchError, match="have to be encoded again, and this is rank 1"):
        flower_stash(tmp_path, batch_size=3, stale="rebuild").prime()


# ---- only what is asked for


def test_only_the_groups_of_decoded_attributes_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flower_stash(tmp_path).prime()
    opened: list[str] = []
    really_open = os.open

    def counting(path: Any, *args: Any, **kwargs: Any) -> int:
        opened.append(str(path))
        return really_open(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", counting)
    stash = flower_stash(tmp_path, decoded_attributes={"size"})
    for batch in stash.values():
        assert set(batch.attributes) == {"size"}
    records = [path for path in opened if "/comp/" in path]
    assert len(records) == 5
    assert {Path(path).parent.name for path in records} == {"leaves-size"}


def test_a_view_with_other_attributes_leaves_the_stash_alone(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path, decoded_attributes={"size"})
    assert set(stash.selecting({"label"})["0"].attributes) == {"label"}
    assert set(stash["0"].attributes) == {"size"}
    stash.decoded_attributes = None
    assert len(stash["0"].attributes) == 4


def test_all_attributes_is_a_choice_for_every_delegate(tmp_path: Path) -> None:  # weakness C3
    stash = flower_stash(tmp_path, decoded_attributes=None)
    assert list(stash.batch_metadata.fields_by_attribute) == ["label", "size", "leaves", "noise"]
    assert len(stash["0"].attributes) == 4


def test_unknown_decoded_attributes_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(
        MappingError, match=r"No mapped attributes \['nope'\](.|\n)*\['label', 'leaves', 'noise', 'size'\]"
    ):
        flower_stash(tmp_path, decoded_attributes=["nope", "size"])
    stash = flower_stash(tmp_path)
    stash.decoded_attributes = ["size"]
    with pytest.raises(MappingError):
        stash.decoded_attributes = "nope"
    assert set(stash["0"].attributes) == {"size"}  # what was refused changed nothing


@pytest.mark.parametrize(
    "wrong",
    [
        ("data_point_type", FlowerBatch),
        ("data_point_type", "package.Flower"),
        ("batch_type", Flower),
        ("batch_type", dict),
        ("data_point_id_sets_path", "ids.json"),
    ],
)
def test_an_option_that_is_something_else_is_refused_at_once(tmp_path: Path, wrong: tuple[str, Any]) -> None:
    option, given = wrong
    with pytest.raises(
        ConfigurationError, match=rf"The {option} is(.|\n)*where: \[flower_stash\] {option}(.|\n)*'{option} = "
    ):
        flower_stash(tmp_path, **{option: given})
    assert not (tmp_path / "batch").exists()


# ---- failures


@dataclass
class Failing(DictionaryStash):
    """Is gone when it is asked for one key."""

    def load(self, name: str) -> Any:
        if name == "6":
            raise ConnectionError("gone")
        return super().load(name)


def failing(path: Path, **options: Any) -> BatchStash:
    return flower_stash(path, vectorizer_manager_set=managers(FailingVectorizer), chunk_size=1, **options)


@pytest.mark.process
@pytest.mark.parametrize("workers", [1, 2])
def test_a_failing_data_point_is_named_with_all_there_is_to_know(tmp_path: Path, workers: int) -> None:
    with pytest.raises(EncodeError) as found:
        failing(tmp_path, workers=workers).prime()
    error = found.value
    assert error.what == "Cannot encode data point '7'. ArithmeticError: cannot stand 7.0"
    assert error.where == "attribute 'noise', vectorizer 'noise' (FailingVectorizer) of manager 'flowers'"
    assert error.__notes__[0] == "while encoding batch '1' of split 'train'"
    assert error.exit_code == 5
    if workers == 2:
        assert "cannot stand 7.0" in str(error.__cause__)
        assert "flowers.py" in str(error.__cause__)  # the worker's own traceback


@pytest.mark.parametrize("error", [KeyError("k"), ZeroDivisionError("zero"), VectorizerError("bad", None, "mend it")])
def test_what_fails_to_decode_is_named(tmp_path: Path, error: Exception) -> None:
    @dataclass
    class Undecodable(FailingVectorizer):
        version = 1

        def _decode(self, _: Any) -> None:
            raise error

    stash = flower_stash(tmp_path, vectorizer_manager_set=managers(Undecodable), source=items(6))
    told = r"Batch '0' was encoded, but does not decode\. Cannot decode 'noise'\. "
    with pytest.raises(EncodeError, match=told + "(KeyError: 'k'|ZeroDivisionError: zero|bad)") as found:
        stash.prime()
    assert found.value.where == "attribute 'noise', vectorizer 'noise' (Undecodable) of manager 'flowers'"
    assert found.value.fix is not None
    assert found.value.fix.startswith("mend it; mend how" if isinstance(error, VectorizerError) else "mend how")
    assert found.value.__cause__ is error


@dataclass
class Undecodable(NoiseVectorizer):
    """Encodes what it cannot decode, as long as nobody mends it."""

    version = 1
    is_mended: ClassVar[bool] = False

    def _decode(self, context: Any) -> Any:
        if not self.is_mended:
            raise RuntimeError("no tensor")
        return context.tensor


@dataclass
class Stranger(NoiseVectorizer):
    """Gives what it encodes the name of another one, as long as nobody mends it."""

    version = 1

    def _encode(self, data: Any) -> TensorFeatureContext:
        return replace(super()._encode(data), feature_id="another")


@pytest.mark.parametrize("vectorizer", [Undecodable, Stranger])
@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.process)])
def test_what_does_not_decode_is_found_with_the_first_batch_and_not_kept(
    tmp_path: Path, workers: int, vectorizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stash(kind: Any = vectorizer, path: str = "a") -> BatchStash:
        return flower_stash(
            tmp_path / path, n=200, chunk_size=1, workers=workers, vectorizer_manager_set=managers(kind)
        )

    with pytest.raises(EncodeError, match=r"Batch '\d+' was encoded, but does not decode(.|\n)*'noise'") as found:
        stash().prime()
    assert (found.value.exit_code, stash().store.index.missing()) == (5, list(range(50)))
    assert not any("kept" in note for note in getattr(found.value, "__notes__", ()))
    if vectorizer is Undecodable:
        monkeypatch.setattr(Undecodable, "is_mended", True)
    else:
        monkeypatch.setattr(Stranger, "_encode", NoiseVectorizer._encode)
    if workers == 1:
        assert digest(stash()) == digest(stash(NoiseVectorizer, "b"))


@pytest.mark.parametrize("way", ["clear", "rebuild", "mend"])
def test_a_store_that_an_older_release_left_undecodable_gets_out_of_it(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(committer.Committer, "_try", lambda *_: None)
        with pytest.raises(EncodeError, match="does not decode"):
            flower_stash(tmp_path / "a", vectorizer_manager_set=managers(Undecodable)).prime()
    stuck = flower_stash(tmp_path / "a", vectorizer_manager_set=managers(Undecodable))
    assert (stuck.status, stuck.store.index.missing()) == (Status.PARTIAL, [])
    with pytest.raises(EncodeError, match=r"does not decode(.|\n)*clear the store or set stale = rebuild"):
        stuck.prime()
    monkeypatch.setattr(Undecodable, "is_mended", True)
    if way == "clear":
        stuck.clear()
    elif way == "rebuild":
        monkeypatch.setattr(Undecodable, "version", 2)
        stuck = flower_stash(tmp_path / "a", vectorizer_manager_set=managers(Undecodable), stale="rebuild")
    assert digest(stuck) == digest(flower_stash(tmp_path / "b"))


def test_who_may_not_write_is_told_to_encode_where_it_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stash = flower_stash(tmp_path)
    monkeypatch.setattr(type(stash.store.folder), "is_writable", lambda _: False)
    with pytest.raises(
        MissingBatchError, match=r"cannot be written to\.(.|\n)*call prime\(\) where it can be written to"
    ):
        stash.prime()


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.process)])
def test_of_many_data_points_the_one_whose_attribute_cannot_be_read_is_named(tmp_path: Path, workers: int) -> None:
    source = items(20)
    del source["6"]["size"]
    with pytest.raises(EncodeError, match=r"Cannot read 'size' of data point '6'. KeyError: 'size'") as found:
        flower_stash(tmp_path, source=source, workers=workers).prime()
    assert found.value.__notes__[0] == "while encoding batch '1' of split 'train'"
    assert found.value.fix == "mend the attribute of the data point class, or the item that it looks at"


def test_shards_of_a_failed_encode_are_gone_on_with(tmp_path: Path) -> None:
    source = items(20)
    source["13"]["size"] = "large"
    with pytest.raises(EncodeError):
        flower_stash(tmp_path, source=source, container=BatchShardStash, chunk_size=1).prime()
    whole = flower_stash(tmp_path, container=BatchShardStash, chunk_size=1)
    assert whole.status is Status.PARTIAL
    assert digest(whole) == digest(flower_stash(tmp_path / "b"))
    assert len(list((tmp_path / "batch" / "shards" / "noise").iterdir())) == 2


def test_what_was_committed_stays_and_the_rest_follows(tmp_path: Path) -> None:  # weakness A4
    with pytest.raises(EncodeError):
        failing(tmp_path).prime()
    half = failing(tmp_path)
    assert half.status is Status.PARTIAL
    assert half.exists("0")
    assert not half.exists("1")
    with pytest.raises(MissingBatchError, match=r"Batch '1' is planned, but not committed"):
        ContextReader(half.store, half.delegate).read(1)  # type: ignore[arg-type]
    kept = (tmp_path / "batch" / "comp" / "noise" / "0.dat").stat().st_mtime_ns
    mended = failing(tmp_path)
    mended.vectorizer_manager_set["flowers"]["noise"].bad = -1.0
    with pytest.raises(StaleError, match=r"noise.vectorizer.parameters.bad: 7.0 -> -1.0"):
        mended.prime()
    FailingVectorizer.bad, before = -1.0, FailingVectorizer.bad
    try:
        source = items(20)
        source["7"]["size"] = 7.5
        whole = failing(tmp_path, source=source)
        assert len(whole) == 5
    finally:
        FailingVectorizer.bad = before
    assert (tmp_path / "batch" / "comp" / "noise" / "0.dat").stat().st_mtime_ns == kept
    assert whole.status is Status.COMPLETE


def test_an_encode_that_failed_says_how_many_batches_are_kept(tmp_path: Path) -> None:
    with pytest.raises(EncodeError) as found:
        failing(tmp_path).prime()
    kept = "1 of 5 batches are kept; if you change code that made them, give its class another version"
    assert any(note.startswith(kept) for note in found.value.__notes__)


def test_a_store_in_which_nothing_is_committed_begins_anew_by_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = items(20)
    bad["0"]["size"] = "large"
    with pytest.raises(EncodeError) as found:
        flower_stash(tmp_path, source=bad).prime()
    assert not any("kept" in note for note in found.value.__notes__)
    caplog.set_level("INFO")
    mended = flower_stash(tmp_path, batch_size=5, vectorizer_manager_set=managers(kinds=("lily", "rose", "iris", "b")))
    mended.prime()
    assert (mended.status, len(mended)) == (Status.COMPLETE, 5)
    assert "nothing is committed of what was begun" in caplog.text


def test_a_store_in_which_nothing_is_committed_takes_other_splits(tmp_path: Path) -> None:
    bad = items(20)
    bad["0"]["size"] = "large"
    with pytest.raises(EncodeError):
        flower_stash(tmp_path, source=bad).prime()
    other = flower_stash(tmp_path, n=24)
    assert digest(other) == digest(flower_stash(tmp_path / "b", n=24))


def test_a_partial_store_is_not_taken_for_another_source(tmp_path: Path) -> None:
    with pytest.raises(EncodeError):
        failing(tmp_path).prime()
    with pytest.raises(StaleError, match=r"20 data points in 5 batches were planned, now 24 in 7"):
        failing(tmp_path, n=24).prime()


def test_a_changed_configuration_is_stale_and_says_what_changed(tmp_path: Path) -> None:  # weakness A3
    flower_stash(tmp_path).prime()
    stash = flower_stash(
        tmp_path, batch_size=5, vectorizer_manager_set=managers(kinds=("rose", "lily", "iris", "aster"))
    )
    assert stash.status is Status.STALE
    with pytest.raises(StaleError) as found:
        stash.load("0")
    assert "batch_size: 4 -> 5" in found.value.what
    assert 'categories: ["iris", "lily", "rose"] -> ["aster", "iris", "lily", "rose"]' in found.value.what
    assert "zensols-like clear" in str(found.value)


def test_attributes_that_came_and_went_are_named_beside_all_else_that_changed(tmp_path: Path) -> None:
    def wide(names: Sequence[str], **options: Any) -> BatchStash:
        mapped = tuple(FieldFeatureMapping(name, "number", True, "size") for name in names)
        return flower_stash(
            tmp_path,
            delegate=BatchShardStash(tmp_path / "batch", [{name} for name in names]),
            batch_type=DefaultBatch,
            batch_feature_mappings=BatchFeatureMapping(None, [ManagerFeatureMapping("flowers", mapped)]),
            **options,
        )

    columns = [f"b{number}" for number in range(190)]
    wide(["größe", *columns]).prime()
    assert wide([*columns, "neu"], batch_size=5).differences() == [
        "attributes that are gone: 'größe'",
        "attributes that are new: 'neu'",
        "batch_size: 4 -> 5",
    ]
    assert wide(["größe"]).differences() == ["attributes that are gone: 'b0', 'b1', 'b10', 'b100', 'b101' and 185 more"]


def test_groups_that_are_others_are_named_and_those_that_stay_are_not(tmp_path: Path) -> None:
    flower_stash(tmp_path).prime()
    other = BatchDirectoryCompositeStash(tmp_path / "batch", ({"label"}, {"size"}, {"leaves", "noise"}))
    assert flower_stash(tmp_path, delegate=other).differences() == [
        "groups: ('leaves', 'size'), ('noise') -> ('leaves', 'noise'), ('size')"
    ]


def test_unlabeled_data_has_no_labels(tmp_path: Path) -> None:  # weakness A2
    stash = flower_stash(tmp_path, source=items(20, labeled=False))
    batch = stash["0"]
    assert not batch.has_labels
    assert batch["label"] is None
    assert batch["size"].tolist() == [0, 1, 2, 3]
    assert stash.store.require_manifest().specs["label"].dtype is None


@pytest.mark.parametrize("unlabeled", ["4", "7", "5"])
def test_a_batch_with_some_labels_is_an_error_that_names_them(tmp_path: Path, unlabeled: str) -> None:  # weakness A2
    source = items(20)
    source[unlabeled]["label"] = None
    with pytest.raises(EncodeError, match=rf"others have none: \['{unlabeled}'\] have none(.|\n)*attribute 'label'"):
        flower_stash(tmp_path, source=source).prime()


def test_an_unknown_category_is_named(tmp_path: Path) -> None:
    source = items(20)
    source["9"]["label"] = "tulip"
    with pytest.raises(EncodeError, match=r"data point '9'(.|\n)*tulip(.|\n)*attribute 'label', vectorizer 'kind'"):
        flower_stash(tmp_path, source=source).prime()


def test_ragged_tensors_are_refused_at_encode(tmp_path: Path) -> None:
    source = items(20)
    source["6"]["leaves"] = torch.zeros(1, 3, dtype=torch.int16)
    with pytest.raises(EncodeError, match=r"cannot be encoded together(.|\n)*attribute 'leaves'(.|\n)*pad them"):
        flower_stash(tmp_path, source=source).prime()


def test_a_value_of_the_wrong_kind_is_named(tmp_path: Path) -> None:
    source = items(20)
    source["6"]["size"] = "large"
    with pytest.raises(EncodeError, match=r"data point '6'(.|\n)*attribute 'size'"):
        flower_stash(tmp_path, source=source).prime()


def test_a_class_without_the_attribute_is_an_error(tmp_path: Path) -> None:
    @dataclass
    class Stone(DataPoint):
        item: Any
        label = "rose"

    with pytest.raises(EncodeError, match=r"Cannot read 'size' of data point '0'(.|\n)*attr_access"):
        flower_stash(tmp_path, data_point_type=Stone).prime()


def test_edited_key_files_make_the_batches_stale_and_missing_ones_do_not(tmp_path: Path) -> None:
    files = {name: tmp_path / "keys" / f"{name}.txt" for name in ("test", "train")}

    def opened(**options: Any) -> BatchStash:
        source = DictionaryStash(items(6))
        splits = StashSplitKeyContainer(tmp_path / "keys", "{name}.txt", source)
        return flower_stash(tmp_path, split_stash_container=DatasetSplitStash(source, splits), **options)

    def write(**keys: str) -> None:
        for name, path in files.items():
            path.write_text("\n".join(keys[name]))

    files["test"].parent.mkdir()
    write(train="0123", test="45")
    stash = opened()
    assert [one.data_point_ids for one in map(stash.load, "01")] == [("4", "5"), ("0", "1", "2", "3")]
    write(train="0124", test="35")
    with pytest.raises(StaleError, match="splits: their keys changed since the batches were planned"):
        opened().prime()
    assert opened(stale="rebuild")["0"].data_point_ids == ("3", "5")
    for path in files.values():
        path.unlink()
    assert opened()["1"].data_point_ids == ("0", "1", "2", "4")


def test_a_class_of_which_no_data_point_can_be_made_is_named_with_what_it_needs(tmp_path: Path) -> None:
    @dataclass
    class Bare(DataPoint): ...

    @dataclass
    class Strict(Flower):
        def __post_init__(self) -> None:
            if self.id == "6":
                raise ValueError("no sixes")

    for made, what in ((Bare, r"'0'\. TypeError: "), (Strict, r"'6'\. ValueError: no sixes")):
        with pytest.raises(
            EncodeError, match=rf"Cannot make data point {what}(.|\n)*{made.__name__}\(id, stash, item\)"
        ):
            flower_stash(tmp_path / made.__name__, data_point_type=made).prime()


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.process)])
def test_what_a_source_raises_passes_with_a_note_of_the_batch(tmp_path: Path, workers: int) -> None:
    stash = flower_stash(tmp_path, workers=workers)
    stash.split_stash_container.delegate = Failing(items(20))
    with pytest.raises(ConnectionError, match="gone") as found:
        stash.prime()
    assert "while encoding batch '1' of split 'train'" in found.value.__notes__


def test_a_key_that_the_source_does_not_have_is_an_error(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path, keys={"train": ("0", "99")})
    stash.split_stash_container = _Loose(stash.split_stash_container)
    with pytest.raises(BatchError, match="no data point '99'"):
        stash.prime()


class _Loose(DictionaryStash):
    """Claims a key that is not there."""

    def __init__(self, split: Any) -> None:
        super().__init__(split.delegate.data)
        self.keys_by_split = {"train": ("0", "99")}


def test_a_source_without_splits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeepLearnError, match=r"DictionaryStash, which has no splits(.|\n)*split_stash_container"):
        flower_stash(tmp_path, split_stash_container=DictionaryStash())


def test_no_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no data points"):
        flower_stash(tmp_path, keys={"train": ()}).prime()


def test_one_data_point_is_enough(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path, n=1, keys={"train": ("0",)})
    assert stash["0"]["size"].tolist() == [0.0]


@pytest.mark.parametrize(
    "options",
    [
        {"workers": -99},
        {"workers": 1.5},
        {"chunk_size": -1},
        {"batch_size": 0},
        {"start_method": "magic", "workers": 2},
    ],
)
def test_senseless_options_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(APIError) as found:
        flower_stash(tmp_path, **options).prime()
    assert found.value.fix


# ---- other delegates


def test_a_dictionary_is_a_delegate_for_one_worker() -> None:
    stash = flower_stash(None, delegate=DictionaryStash())
    assert stash["0"]["size"].tolist() == [0, 1, 2, 3]
    assert stash.status is Status.COMPLETE
    assert sorted(stash.delegate.keys()) == ["0", "1", "2", "3", "4"]


def test_a_dictionary_is_refused_for_two_workers() -> None:
    with pytest.raises(WorkerError, match="would stay in their memory"):
        flower_stash(None, delegate=DictionaryStash(), workers=2).prime()


def test_a_plain_directory_holds_all_attributes_of_a_batch_in_one_record(tmp_path: Path) -> None:
    from zensols_like.persist import DirectoryStash

    stash = flower_stash(tmp_path, delegate=DirectoryStash(tmp_path / "plain"))
    assert len(stash["0"].attributes) == 4
    assert sorted(path.name for path in (tmp_path / "plain").iterdir()) == [f"{i}.dat" for i in range(5)]
    assert (tmp_path / "plain.store" / "manifest.json").is_file()
    assert stash.delegate["1"]["size"].tensor.tolist() == [4, 5, 6, 7]  # type: ignore[index]


def test_the_delegate_shows_the_contexts_of_a_batch(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path)
    stash.prime()
    contexts = stash.delegate["1"]
    assert set(contexts) == {"label", "size", "leaves", "noise"}
    assert sorted(stash.delegate.keys()) == ["0", "1", "2", "3", "4"]
    assert stash.delegate.load("9") is None


# ---- hooks


@dataclass
class Doubled(BatchStash):
    """Yields batches that are encoded already."""

    def _process(self, chunk: Sequence[DataPointIDSet]) -> Iterable[tuple[str, Batch | EncodedBatch]]:
        for batch_id, batch in super()._process(chunk):
            assert isinstance(batch, Batch)
            yield batch_id, batch.encode()


def test_a_subclass_may_yield_encoded_batches(tmp_path: Path) -> None:
    whole = flower_stash(tmp_path / "a")
    arguments = {one.name: getattr(whole, one.name) for one in fields(whole) if one.init}
    made = Doubled(**{**arguments, "delegate": flower_stash(tmp_path / "b").delegate})
    assert digest(made) == digest(whole)


class Log:
    def __init__(self) -> None:
        self.events: list[Any] = []

    def started(self, total: int, done: int) -> None:
        self.events.append(("started", total, done))

    def committed(self, batches: int) -> None:
        self.events.append(batches)

    def finished(self) -> None:
        self.events.append("finished")


def test_an_observer_hears_what_happens(tmp_path: Path) -> None:
    log = Log()
    flower_stash(tmp_path, observer=log, chunk_size=2).prime()
    first, *committed, last = log.events
    assert (first, last) == (("started", 5, 0), "finished")
    assert sum(committed) == 5


def test_a_vectorizer_that_loads_its_own_batches_is_an_error(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path)

    class Greedy(FlowerBatch):
        def encode(self, attributes: Any = None) -> EncodedBatch:
            stash.load("0")
            return super().encode(attributes)

    stash.batch_type = Greedy
    with pytest.raises(DeepLearnError, match="asked for while they are encoded"):
        stash.prime()


def test_many_contexts_are_stored_as_one(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path)
    stash.prime()
    context = stash.delegate["0"]["noise"]
    assert type(context).__name__ == "StackedFeatureContext"
    assert [part.tensor.shape for part in context.split()] == [(1, 3)] * 4


def test_the_manifest_describes_the_tensors(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path)
    stash.prime()
    specs = stash.store.require_manifest().specs
    assert (specs["size"].dtype, specs["size"].shape) == ("float32", (-1,))
    assert (specs["noise"].dtype, specs["noise"].shape) == ("float32", (-1, 3))
    assert specs["label"].is_label


def test_unserializable_parameters_are_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    vectorizers = managers(FailingVectorizer)
    vectorizers["flowers"]["noise"].bad = object()  # type: ignore[assignment]
    with pytest.raises(VectorizerError, match=r"version|fingerprint"):
        flower_stash(tmp_path, vectorizer_manager_set=vectorizers).prime()


def test_the_split_keys_are_those_of_the_source() -> None:
    stash = flower_stash(None, delegate=DictionaryStash())
    ids = {one.split_name: [] for one in stash.batch_data_point_sets}
    for one in stash.batch_data_point_sets:
        ids[one.split_name] += one.data_point_ids
    assert {name: tuple(keys) for name, keys in ids.items()} == splits(20)


def table(values: list[float]) -> Any:
    import pandas as pd

    return pd.DataFrame({"x": values, "kind": ["a", "b"] * (len(values) // 2)})


def test_a_source_that_changed_is_noticed_when_the_store_is_opened(tmp_path: Path) -> None:  # weakness A3
    frame = table([1.0, 2.0, 3.0, 4.0])
    options: dict[str, Any] = {"label": "kind", "path": tmp_path, "split": {"train": 0.5, "test": 0.5}}
    DataframeBatchStash.from_frame(frame, **options).prime()
    DataframeBatchStash.from_frame(frame.copy(), **options).prime()
    changed = DataframeBatchStash.from_frame(table([1.0, 2.0, 3.0, 5.0]), **options)
    with pytest.raises(StaleError, match="source: its content changed since its batches were encoded"):
        changed.prime()
    with pytest.raises(StaleError):
        DataframeBatchStash.from_frame(frame, **{**options, "seed": 7}).prime()


def test_a_source_with_another_recipe_of_its_splits_is_stale(tmp_path: Path) -> None:  # weakness A3
    source = DictionaryStash(items(20))
    options = {"distribution": {"train": 0.5, "test": 0.5}}

    def stash(seed: int) -> BatchStash:
        keys = StashSplitKeyContainer(tmp_path / f"keys{seed}", "{name}.txt", stash=source, seed=seed, **options)
        return flower_stash(tmp_path, split_stash_container=DatasetSplitStash(source, keys))

    stash(1).prime()
    assert stash(1).status is Status.COMPLETE
    with pytest.raises(StaleError, match=r"splits.split_container.seed: 1 -> 2"):
        stash(2).prime()


def test_attributes_come_in_the_order_of_the_mapping(tmp_path: Path) -> None:
    assert list(flower_stash(tmp_path)["0"].attributes) == ["label", "size", "leaves", "noise"]


def test_a_tensor_of_a_shard_takes_only_its_own_bytes_along(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path, n=400, container=BatchShardStash)
    for again in (stash["7"], stash["8"]):
        for tensor in again.attributes.values():
            assert tensor is not None
            assert tensor.untyped_storage().nbytes() == tensor.nbytes
    assert len(pickle.dumps(stash["9"])) < 10_000


def test_books_in_memory_are_refused_for_two_workers(tmp_path: Path) -> None:
    class Own(ReadOnlyStash):
        def load(self, name: str) -> Any:
            return None

        def exists(self, name: str) -> bool:
            return False

        def keys(self) -> Iterable[str]:
            return ()

    stash = flower_stash(None, delegate=Own(), workers=2)
    with pytest.raises(WorkerError, match="books of a Own are in memory"):
        stash.prime()


def test_another_file_in_the_place_of_the_plan_is_refused(tmp_path: Path) -> None:
    flower_stash(tmp_path).prime()
    books = tmp_path / "batch" / ".store"
    (books / "plan.rec").write_bytes((books / "index.rec").read_bytes())
    with pytest.raises(CorruptBatch, match=r"holds 'index.rec'"):
        flower_stash(tmp_path).load("0")


# ---- encode again what is no longer right


def written(path: Path) -> dict[str, int]:
    """When each record file was written."""
    return {str(one.relative_to(path)): one.stat().st_mtime_ns for one in path.glob("batch/comp/*/*.dat")}


def test_changing_one_vectorizer_encodes_only_its_group_again(tmp_path: Path) -> None:
    flower_stash(tmp_path).prime()
    before = written(tmp_path)
    more = managers(kinds=("rose", "lily", "iris", "aster"))
    stash = flower_stash(tmp_path, vectorizer_manager_set=more, stale="rebuild")
    assert stash.status is Status.STALE
    assert stash["0"].get_label_classes() == ["rose", "lily", "iris", "rose"]
    assert stash.status is Status.COMPLETE
    after = written(tmp_path)
    assert {name.split("/")[2] for name in after if after[name] != before[name]} == {"label"}
    fresh = managers(kinds=("rose", "lily", "iris", "aster"))
    assert digest(stash) == digest(flower_stash(tmp_path / "b", vectorizer_manager_set=fresh))
    assert sorted(path.name for path in (tmp_path / "batch" / ".store").iterdir()) == [
        "index-1.rec",
        "lock",
        "manifest.json",
        "plan-1.rec",
    ]


@pytest.mark.parametrize("container", [BatchDirectoryCompositeStash, BatchShardStash])
def test_another_batch_size_encodes_everything_again(tmp_path: Path, container: Any) -> None:
    flower_stash(tmp_path, container=container).prime()
    stash = flower_stash(tmp_path, container=container, batch_size=5, stale="rebuild")
    assert [len(batch) for batch in stash.values()] == [5, 5, 2, 5, 3]
    assert digest(stash) == digest(flower_stash(tmp_path / "b", batch_size=5, container=container))


def test_a_rebuild_that_is_stopped_is_gone_on_with(tmp_path: Path) -> None:
    flower_stash(tmp_path).prime()
    bad = items(20)
    bad["13"]["size"] = "large"
    options: dict[str, Any] = {"batch_size": 5, "stale": "rebuild", "chunk_size": 1}
    with pytest.raises(EncodeError):
        flower_stash(tmp_path, source=bad, **options).prime()
    again = flower_stash(tmp_path, **options)
    assert again.status is Status.PARTIAL
    assert digest(again) == digest(flower_stash(tmp_path / "b", batch_size=5))


def test_a_changed_source_keeps_nothing(tmp_path: Path) -> None:
    options: dict[str, Any] = {"label": "kind", "path": tmp_path, "split": {"train": 0.5, "test": 0.5}}
    DataframeBatchStash.from_frame(table([1.0, 2.0, 3.0, 4.0]), **options).prime()
    stash = DataframeBatchStash.from_frame(table([1.0, 2.0, 3.0, 9.0]), **options)
    stash.stale = "rebuild"
    assert sorted(value for batch in stash.values() for value in batch["x"].tolist()) == [1.0, 2.0, 3.0, 9.0]


def test_a_stale_store_can_be_used_as_it_is(tmp_path: Path) -> None:
    flower_stash(tmp_path).prime()
    stash = flower_stash(tmp_path, batch_size=5, stale="ignore")
    assert stash.status is Status.STALE
    assert [len(batch) for batch in stash.values()] == [4, 4, 4, 4, 4]
    with pytest.raises(APIError, match="use one of"):
        flower_stash(tmp_path, stale="maybe")


@pytest.mark.parametrize("container", [BatchDirectoryCompositeStash, BatchShardStash])
def test_damaged_batches_are_repaired_and_the_others_stay(tmp_path: Path, container: Any) -> None:
    stash = flower_stash(tmp_path, container=container)
    before = digest(stash)
    receipt = stash.store.index.receipt(2, 3)
    assert receipt is not None
    path = stash.delegate.records.root / receipt.file  # type: ignore[attr-defined]
    data = bytearray(path.read_bytes())
    data[receipt.offset + 200] ^= 1
    path.write_bytes(data)
    reader = flower_stash(tmp_path, container=container)
    with pytest.raises(CorruptBatch):
        reader.load("3")
    kept = reader.store.index.receipt(2, 2)
    reader.repair(["3"])
    assert digest(reader) == before
    assert reader.store.index.receipt(2, 2) == kept
    assert digest(flower_stash(tmp_path, container=container)) == before
    with pytest.raises(BatchError, match="use one of the texts '0' to '4'"):
        reader.repair(["9"])


@dataclass
class Prepared(NoiseVectorizer, Primeable):
    """Encodes with what it reads when it is primed, which stays in its process."""

    version = 1

    def prime(self) -> None:
        self._offset = 100.0

    def _encode(self, data: Any) -> TensorFeatureContext:
        return TensorFeatureContext(self.feature_id, torch.tensor([[self._offset + data]]))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_offset"}


@pytest.mark.process
def test_a_vectorizer_is_primed_before_it_encodes_in_a_process(tmp_path: Path) -> None:
    def prepared(**options: Any) -> BatchStash:
        return flower_stash(tmp_path, vectorizer_manager_set=managers(Prepared), **options)

    expected = [[100.0], [101.0], [102.0], [103.0]]
    encoded = prepared(workers=2, timeout_s=600)  # so that there are processes
    assert encoded["0"]["noise"].tolist() == expected
    points = encoded["0"].data_points
    (tmp_path / "batch/comp/noise/0.dat").write_bytes(b"damaged")
    repaired = prepared()
    repaired.repair(["0"])
    assert repaired["0"]["noise"].tolist() == expected
    assert prepared().create_batch(points)["noise"].tolist() == expected


@pytest.mark.parametrize("unlabeled", ["3", "11"])
def test_labels_are_missing_in_a_whole_split_or_not_at_all(tmp_path: Path, unlabeled: str) -> None:  # weakness A2
    source = items(20)
    source[unlabeled]["label"] = None
    with pytest.raises(EncodeError, match=rf"split 'train' have a label and others have none: \['{unlabeled}'\]"):
        flower_stash(tmp_path, source=source, batch_size=1).prime()


@dataclass
class Sparing(NoiseVectorizer):
    """Encodes small values only, those of a batch at once."""

    def _encode(self, data: Any) -> Any:
        small = [value for value in data if value < 6]
        return TensorFeatureContext(self.feature_id, torch.tensor(small)) if small else NullFeatureContext("noise")


@dataclass
class SparingBatch(FlowerBatch):
    MAPPINGS = BatchFeatureMapping(
        "label",
        [
            ManagerFeatureMapping(
                "flowers",
                (
                    FieldFeatureMapping("label", "kind", is_agg=True),
                    FieldFeatureMapping("noise", "noise", is_agg=True),
                ),
            )
        ],
    )


@pytest.mark.parametrize("groups", [({"label"}, {"noise"}), ({"label", "noise"},)])
def test_a_feature_without_a_value_is_no_missing_label(tmp_path: Path, groups: tuple[set[str], ...]) -> None:
    options = {"batch_type": SparingBatch, "vectorizer_manager_set": managers(Sparing)}
    delegate = BatchShardStash(tmp_path / "batch", groups)
    stash = flower_stash(tmp_path, delegate=delegate, **options)
    found = [batch["noise"] for batch in stash.values()]
    assert [None if tensor is None else tensor.tolist() for tensor in found] == [[0, 1, 2, 3], [4, 5], None, None, None]
    assert all(batch.has_labels for batch in stash.values())
    stash.store.folder.remove("index.rec")
    again = flower_stash(tmp_path, delegate=delegate, **options)
    again.repair([])
    assert digest(again) == digest(stash)


def test_a_split_may_be_without_labels(tmp_path: Path) -> None:
    source = items(20)
    for i in range(12, 20):
        source[str(i)]["label"] = None
    stash = flower_stash(tmp_path, source=source)
    assert [batch.has_labels for batch in stash.values()] == [True, True, True, False, False]


def test_an_id_that_is_not_planned_gives_none_and_logs_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:  # weakness C12
    stash = flower_stash(tmp_path)
    stash.prime()
    caplog.clear()
    assert stash.load("5") is None
    assert stash.get("5", "default") == "default"
    assert not caplog.records
    assert not capsys.readouterr().err


def test_an_id_that_is_no_string_is_in_no_store(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path)
    assert stash.load(0) is None  # type: ignore[arg-type]
    with pytest.raises(KeyError):
        stash[0]  # type: ignore[index]


def test_an_attribute_that_is_not_decoded_says_what_is(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="no decoded attribute 'label'; it has"):
        flower_stash(tmp_path, decoded_attributes={"size"})["0"]["label"]


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "batch").write_text("a file")
    with pytest.raises(APIError, match="is a file, not a folder"):
        flower_stash(tmp_path)


def test_an_abstract_class_of_batches_is_refused_when_the_stash_is_made(tmp_path):
    with pytest.raises(ConfigurationError, match=r"Batch is abstract: it lacks \['_get_batch_feature_map"):
        flower_stash(tmp_path, batch_type=Batch)


@pytest.mark.process
@pytest.mark.parametrize("program", [["train.py"], ["-m", "train"]], ids=["a file", "a module"])
def test_classes_of_a_program_are_the_same_to_who_imports_them(tmp_path: Path, program: list[str]) -> None:
    (tmp_path / "train.py").write_text(
        "from dataclasses import dataclass\n"
        "from pathlib import Path\n"
        "from support.flowers import Flower, FlowerBatch, NoiseVectorizer, flower_stash, managers\n"
        "@dataclass\nclass Own(Flower): ...\n"
        "@dataclass\nclass OwnBatch(FlowerBatch): ...\n"
        "@dataclass\nclass OwnVectorizer(NoiseVectorizer): ...\n"
        f"def stash(workers=1):\n    folder, own = Path({str(tmp_path)!r}), managers(OwnVectorizer)\n"
        "    types = {'data_point_type': Own, 'batch_type': OwnBatch}\n"
        "    return flower_stash(folder, workers=workers, vectorizer_manager_set=own, **types)\n"
        "if __name__ == '__main__':\n    stash(workers=2).prime()\n"
    )
    for command in (program, ["-c", "from train import stash; stash().require_fresh(); print(stash().status)"]):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([".", *sys.path])},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Status.COMPLETE\n"


@pytest.mark.process
@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_a_script_without_a_guard_ends_with_an_error_that_says_so(tmp_path: Path, method: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\nfrom support.flowers import flower_stash\n"
        f"flower_stash(Path({str(tmp_path)!r}), workers=2, start_method={method!r}).prime()\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 1
    assert "WorkerError" in done.stderr.splitlines()[-3]
    assert "__main__" in done.stderr.splitlines()[-1]


def test_a_repair_with_other_splits_is_refused_and_keeps_what_is_there(tmp_path: Path) -> None:
    before = digest(flower_stash(tmp_path))
    with pytest.raises(StaleError, match="splits changed"):
        flower_stash(tmp_path, n=24).repair(["3"])
    assert digest(flower_stash(tmp_path)) == before


def test_a_repair_that_fails_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    flower_stash(tmp_path, container=BatchShardStash).prime()
    source = items(20)
    source["0"]["size"] = "large"
    stash = flower_stash(tmp_path, container=BatchShardStash, source=source)
    with pytest.raises(EncodeError):
        stash.repair(["0"])
    assert stash.status is Status.COMPLETE
    assert stash["1"]["size"].tolist() == [4, 5, 6, 7]


def test_a_number_of_another_type_is_another_number(tmp_path: Path) -> None:
    def stash(bad: Any) -> BatchStash:
        vectorizers = managers(FailingVectorizer)
        vectorizers["flowers"]["noise"].bad = bad  # type: ignore[attr-defined]
        return flower_stash(tmp_path, vectorizer_manager_set=vectorizers)

    stash(100).prime()
    assert stash(100).differences() == []
    assert any("bad: 100 -> 100.0" in line for line in stash(100.0).differences())


def test_a_view_shares_the_books_in_memory() -> None:
    stash = flower_stash(None, delegate=DictionaryStash())
    stash.prime()
    assert stash.selecting({"size"}).exists("0")


def test_what_a_failed_encode_could_not_make_durable_is_not_committed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stash = flower_stash(tmp_path / "a", container=BatchShardStash)
    fsync = os.fsync

    def failing(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().suffix == ".shard":
            raise OSError(5, "Input/output error")
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        with pytest.raises(OSError, match="Input/output"):
            stash.prime()
    stash.clear()
    stash.batch_size = 20  # fewer batches than were stored before
    stash.prime()
    assert digest(stash) == digest(flower_stash(tmp_path / "b", batch_size=20, container=BatchShardStash))


def test_what_is_stored_last_is_committed_with_the_store_and_needs_no_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "JOURNAL_S", 3600.0)
    monkeypatch.setattr(FileFolder, "append", no_journal)
    complete: list[bool] = []
    log = Log()
    monkeypatch.setattr(log, "committed", lambda batches: complete.extend([stash.store.is_complete] * batches))
    stash = flower_stash(tmp_path, observer=log, chunk_size=1)
    stash.prime()
    assert complete == [True] * 5, "batches counted before they were committed"


def no_journal(folder: FileFolder, name: str, data: bytes) -> None:
    raise AssertionError(f"{name} of {folder} is written")


@pytest.mark.parametrize("container", [BatchDirectoryCompositeStash, BatchShardStash])
def test_what_was_stored_stays_where_the_store_cannot_be_finished(
    container: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "JOURNAL_S", 3600.0)

    def full(store: BatchStore, **changes: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(BatchStore, "finish", full)
        with pytest.raises(OSError, match="No space"):
            flower_stash(tmp_path, container=container).prime()
    again = flower_stash(tmp_path, container=container)
    assert (again.status, again.store.index.missing()) == (Status.PARTIAL, [])
    assert digest(again) == digest(flower_stash(tmp_path / "b", container=container))


@pytest.mark.parametrize("ends_well", [False, True])
def test_what_did_not_reach_the_disk_is_not_committed(
    ends_well: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, told = os.fsync, []

    def damaged(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if not told and (path.suffix, path.parent.name) == (".shard", "noise"):
            told.append(path)  # the system tells once
            raise OSError(5, "Input/output error")
        fsync(descriptor)

    source = items(20)
    if not ends_well:
        source["13"]["size"] = "large"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", damaged)
        with pytest.raises(OSError if ends_well else EncodeError) as found:
            flower_stash(tmp_path, source=source, container=BatchShardStash, chunk_size=1).prime()
    if ends_well:
        assert "Input/output error" in str(found.value)
    else:  # the first error is not hidden by what came of it
        assert "data point '13'" in str(found.value)
        notes = "\n".join(found.value.__notes__)
        assert "what was stored last is not kept: OSError: [Errno 5] Input/output error" in notes
    again = flower_stash(tmp_path, container=BatchShardStash)
    assert again.store.index.missing() == [0, 1, 2, 3, 4]
    assert digest(again) == digest(flower_stash(tmp_path / "b"))
