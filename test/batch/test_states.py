from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.flowers import KINDS, Flower, FlowerBatch, flower_stash, items

from zensols_like.batch import (
    ArrayBatchStash,
    Batch,
    BatchDirectoryCompositeStash,
    BatchError,
    BatchFeatureMapping,
    BatchShardStash,
    BatchStash,
    DataPoint,
    DefaultBatch,
    FieldFeatureMapping,
    ManagerFeatureMapping,
)
from zensols_like.errors import DeepLearnError
from zensols_like.persist import DictionaryStash
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import (
    FeatureVectorizerManager,
    FeatureVectorizerManagerSet,
    NominalEncodedEncodableFeatureVectorizer,
    OneHotEncodedEncodableFeatureVectorizer,
)


@pytest.fixture
def stash(tmp_path: Path) -> BatchStash:
    return flower_stash(tmp_path)


def points(stash: BatchStash, n: int = 4) -> list[DataPoint]:
    return [Flower(key, stash, item) for key, item in items(n).items()]


def test_a_batch_goes_from_nascent_to_decoded_and_to_a_copy(stash: BatchStash) -> None:
    batch = stash.create_batch(points(stash))
    assert batch.state == "n"
    batch.encode()
    assert batch.state == "e"
    assert set(batch.attributes) == {"label", "size", "leaves", "noise"}
    assert batch.state == "d"
    copied = batch.to()
    assert (batch.state, copied.state) == ("d", "t")
    assert copied.to() is copied
    batch.deallocate()
    assert (batch.state, copied.state) == ("k", "t")


class SummedBatch(FlowerBatch):
    @cached_property
    def total(self) -> torch.Tensor:
        return self["size"].sum()


def test_a_copy_of_a_batch_computes_for_itself_what_the_batch_keeps(stash: BatchStash) -> None:
    stash.batch_type = SummedBatch
    batch = stash.create_batch(points(stash))
    assert batch.total == 6.0
    assert batch.to(torch.device("meta")).total.is_meta
    assert batch.holding({"size": torch.ones(2)}).total == 2.0
    assert batch.total == 6.0


def test_a_store_in_memory_leaves_the_arrays_of_the_source_alone(tmp_path: Path) -> None:
    arrays = {"size": np.arange(4.0)}
    stash = ArrayBatchStash.from_arrays(arrays, tmp_path, split={"train": 1}, shuffle=False)
    stash.delegate = DictionaryStash()
    stash["0"]["size"][0] = 99
    assert arrays["size"].tolist() == [0, 1, 2, 3]


def test_a_nascent_batch_decodes_in_memory_and_equals_the_stored_one(stash: BatchStash) -> None:  # weakness C2
    made = stash.create_batch(points(stash))
    stored = stash["0"]
    for name, tensor in stored.attributes.items():
        assert torch.equal(made[name], tensor)
        assert made[name].dtype == tensor.dtype


@pytest.mark.parametrize("kinds", [1, 2, 3])
@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (NominalEncodedEncodableFeatureVectorizer, {}),
        (NominalEncodedEncodableFeatureVectorizer, {"decode_one_hot": True}),
        (OneHotEncodedEncodableFeatureVectorizer, {"optimize_bools": True}),
        (OneHotEncodedEncodableFeatureVectorizer, {"optimize_bools": False}),
    ],
)
@pytest.mark.parametrize("is_agg", [True, False])
def test_classes_come_back_from_labels_of_every_width(
    kinds: int, make: Callable[..., Any], parameters: dict[str, bool], is_agg: bool
) -> None:
    label = make.of("kind", categories=KINDS[:kinds], **parameters)
    manager = FeatureVectorizerManager.of("flowers", TorchConfig(use_gpu=False), [label])
    field = FieldFeatureMapping("label", "kind", is_agg=is_agg)
    made = flower_stash(
        None,
        delegate=DictionaryStash(),
        batch_type=DefaultBatch,
        vectorizer_manager_set=FeatureVectorizerManagerSet.of("managers", [manager]),
        batch_feature_mappings=BatchFeatureMapping("label", [ManagerFeatureMapping("flowers", (field,))]),
        source={str(i): {"label": KINDS[i % kinds] if is_agg else [KINDS[i % kinds]]} for i in range(20)},
    )["0"]
    assert made.get_label_classes() == [KINDS[i % kinds] for i in range(4)]


def test_an_item_that_has_no_label_is_a_point_for_prediction(stash: BatchStash) -> None:
    unlabeled = points(stash)
    for point in unlabeled:
        del point.item["label"]  # its property raises a KeyError
    made = stash.create_batch(unlabeled)
    assert (made.has_labels, made.get_labels()) == (False, None)
    assert torch.equal(made["size"], stash["0"]["size"])


def test_a_batch_keeps_the_points_that_it_was_made_of(stash: BatchStash, capsys: pytest.CaptureFixture[str]) -> None:
    given = [Flower("unseen", stash, next(iter(items(1).values())))]
    made = stash.create_batch(given)
    for batch in (made, made.to(), made.clone()):
        assert batch.attributes
        assert batch.data_points[0] is given[0]
    made.write(include_data_points=True)
    assert "id: unseen" in capsys.readouterr().out
    there = stash.attach(pickle.loads(pickle.dumps(made)))
    with pytest.raises(BatchError, match="The source has no data point 'unseen'"):
        _ = there.data_points


def test_a_deallocated_batch_says_so(stash: BatchStash) -> None:  # weaknesses C2, B11
    batch = stash["0"]
    batch.deallocate()
    assert str(batch) == "FlowerBatch 0 of train: 0 data points, deallocated"
    assert len(batch) == 0
    for use in (lambda: batch.attributes, lambda: batch.encode(), lambda: batch.data_points):
        with pytest.raises(BatchError, match=r"deallocated|no stash"):
            use()


def test_a_decoded_batch_cannot_be_encoded_again_and_says_why(stash: BatchStash) -> None:  # weakness C2
    batch = stash["0"]
    assert batch.attributes
    with pytest.raises(BatchError, match=r"cannot be encoded: it is decoded(.|\n)*load it again"):
        batch.encode()


@pytest.mark.parametrize("state", ["n", "e", "d", "t"])
def test_a_batch_is_pickled_with_its_data_and_tied_again(stash: BatchStash, state: str) -> None:  # weakness C2
    batch: Batch = stash.create_batch(points(stash), "train", "0") if state == "n" else stash["0"]
    if state in "dt":
        assert batch.attributes
    if state == "t":
        batch = batch.to()
    assert batch.state == state
    again = pickle.loads(pickle.dumps(batch))
    assert again.batch_stash is None
    assert again.id == "0"
    assert again.data_point_ids == ("0", "1", "2", "3")
    if state in "ne":
        with pytest.raises(BatchError, match="attach"):
            assert again.attributes
    stash.attach(again)
    assert torch.equal(again["size"], stash["0"]["size"])


def test_a_data_point_is_not_pickled(stash: BatchStash) -> None:
    with pytest.raises(DeepLearnError, match="data point '0' cannot be pickled"):
        pickle.dumps(points(stash)[0])


def test_data_points_of_a_stored_batch_are_made_again(
    stash: BatchStash, capsys: pytest.CaptureFixture[str]
) -> None:  # weakness C1
    batch = stash["1"]
    assert [point.id for point in batch.data_points] == ["4", "5", "6", "7"]
    batch.write(include_data_points=True)
    out = capsys.readouterr().out
    assert "data point ids: 4, 5, 6, 7" in out
    assert "size: float32[4] on cpu" in out
    assert "id: 7" in out


def test_keys_come_in_the_order_of_the_mapping_before_and_after_decoding(tmp_path: Path) -> None:
    for delegate in (BatchDirectoryCompositeStash, BatchShardStash):
        batch = flower_stash(tmp_path / delegate.__name__, container=delegate)["0"]
        assert batch.state == "e"
        assert batch.keys() == tuple(batch.attributes) == ("label", "size", "leaves", "noise")


def test_setting_data_points_makes_a_batch_nascent(stash: BatchStash) -> None:
    batch = stash["0"]
    batch.data_points = tuple(points(stash, 2))
    assert batch.state == "n"
    assert batch["size"].tolist() == [0.0, 1.0]


def test_a_batch_is_like_a_mapping(stash: BatchStash) -> None:
    batch = stash["0"]
    assert "size" in batch
    assert "nope" not in batch
    assert list(batch) == list(batch.keys())
    assert dict(batch).keys() == batch.attributes.keys()
    assert bool(stash.create_batch([]))


def test_writing_into_a_batch_changes_no_other_load(stash: BatchStash) -> None:
    stash.prime()
    before = stash.store.content_digest(stash.delegate)
    first = stash["0"]
    kept = first.clone()
    first["size"].sub_(1)
    assert first["size"].tolist() == [-1, 0, 1, 2]
    assert stash["0"]["size"].tolist() == [0, 1, 2, 3]
    assert kept["size"].tolist() == [0, 1, 2, 3]
    assert stash.store.content_digest(stash.delegate) == before


def test_the_old_private_hooks_are_refused_with_the_new_place() -> None:
    with pytest.raises(BatchError, match=r"defines \['_encode_field'\](.|\n)*EncodableFeatureVectorizer._encode"):

        class Old(FlowerBatch):
            def _encode_field(self) -> None:
                pass


def test_a_batch_shows_itself_in_a_notebook(stash: BatchStash) -> None:
    html = stash["0"]._repr_html_()
    assert "<td>size</td><td>float32[4] on cpu</td>" in html


def test_a_stash_shows_itself_in_a_notebook_and_makes_nothing(tmp_path: Path) -> None:
    stash = flower_stash(tmp_path)
    assert "flower_stash: absent" in stash._repr_html_()
    assert list(tmp_path.iterdir()) == []
    stash.prime()
    html = stash._repr_html_()
    assert "BatchStash flower_stash: complete" in html
    assert "<tr><td>train</td><td>3</td><td>12</td></tr>" in html
    assert "<td>size</td><td>[1]</td><td>number (AttributeEncodableFeatureVectorizer)</td>" in html
    assert "flower_stash: stale" in flower_stash(tmp_path, batch_size=5)._repr_html_()


def test_metadata_shows_itself_in_a_notebook(tmp_path: Path) -> None:
    html = flower_stash(tmp_path, decoded_attributes={"size"}).batch_metadata._repr_html_()
    assert "<caption>FlowerBatch of Flower</caption>" in html
    assert html.count("<td>size</td>") == 1
    assert "noise" not in html


def test_a_batch_without_mapping_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Batch(None, "0", "train", ())  # type: ignore[abstract]


def test_labels_that_are_not_decoded_are_named(tmp_path: Path) -> None:
    batch = flower_stash(tmp_path, decoded_attributes={"size"})["0"]
    with pytest.raises(BatchError, match=r"label 'label' of batch '0' is not decoded(.|\n)*decoded_attributes"):
        batch.get_labels()


def test_classes_need_a_vectorizer_that_knows_them(tmp_path: Path) -> None:
    mapping = BatchFeatureMapping("size", FlowerBatch.MAPPINGS.manager_mappings)

    class Sized(FlowerBatch):
        def _get_batch_feature_mappings(self) -> BatchFeatureMapping:
            return mapping

    batch = flower_stash(tmp_path, batch_type=Sized)["0"]
    with pytest.raises(BatchError, match="has no classes"):
        batch.get_label_classes()
