"""The seed page of the public documentation: every class, parameter, default and attribute, and what it means."""

from __future__ import annotations

import inspect
import sys
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

import pytest
import torch
from support.flowers import Flower, FlowerBatch, flower_stash

import zensols_like.batch as batch
from zensols_like.batch import domain, interface, mapping, meta, multi, stash
from zensols_like.config import Dictable, Writeback
from zensols_like.dataset import SplitKeyContainer
from zensols_like.errors import APIError, DeepLearnError
from zensols_like.multi import MultiProcessStash
from zensols_like.persist import DirectoryCompositeStash, PersistableContainer
from zensols_like.protocols import Deallocatable, Primeable, Writable
from zensols_like.settings import NetworkSettings
from zensols_like.torchconfig import TorchConfig
from zensols_like.vectorize import EncodableFeatureVectorizer

NO = inspect.Parameter.empty
"""A parameter without a default."""
MADE = "made"
"""A default that is made for each object."""

DOCUMENTED = [
    (
        domain.Batch,
        {"batch_stash": NO, "id": NO, "split_name": NO, "data_points": NO},
        (PersistableContainer, Writable),
    ),
    (domain.DataPoint, {"id": NO, "batch_stash": NO}, (Writable,)),
    (
        domain.DefaultBatch,
        {"batch_stash": NO, "id": NO, "split_name": NO, "data_points": NO, "batch_feature_mappings": None},
        (domain.Batch,),
    ),
    (interface.BatchDirectoryCompositeStash, {"path": NO, "groups": NO}, (DirectoryCompositeStash,)),
    (
        interface.DataPointIDSet,
        {"batch_id": NO, "data_point_ids": NO, "split_name": NO, "torch_seed_context": NO},
        (object,),
    ),
    (mapping.BatchFeatureMapping, {"label_attribute_name": "label", "manager_mappings": MADE}, (Dictable,)),
    (
        mapping.ConfigBatchFeatureMapping,
        {
            "label_attribute_name": "label",
            "manager_mappings": MADE,
            "batch_feature_mapping_adds": MADE,
            "field_remove": MADE,
            "field_keep": None,
        },
        (mapping.BatchFeatureMapping,),
    ),
    (
        mapping.FieldFeatureMapping,
        {"attr": NO, "feature_id": NO, "is_agg": False, "attr_access": None, "is_label": False},
        (Dictable,),
    ),
    (mapping.ManagerFeatureMapping, {"vectorizer_manager_name": NO, "fields": NO}, (Dictable,)),
    (meta.BatchFieldMetadata, {"field": NO, "vectorizer": NO}, (Dictable,)),
    (
        meta.BatchMetadata,
        {"data_point_class": NO, "batch_class": NO, "mapping": NO, "fields_by_attribute": NO},
        (Dictable,),
    ),
    (
        meta.MetadataNetworkSettings,
        {"name": NO, "config_factory": NO, "torch_config": NO, "batch_stash": NO},
        (NetworkSettings,),
    ),
    (
        multi.TorchMultiProcessStash,
        {"delegate": NO, "config": NO, "name": NO, "chunk_size": NO, "workers": NO},
        (MultiProcessStash,),
    ),
    (
        stash.BatchStash,
        {
            "name": NO,
            "config_factory": NO,
            "delegate": NO,
            "config": NO,
            "chunk_size": NO,
            "workers": NO,
            "data_point_type": NO,
            "batch_type": NO,
            "split_stash_container": NO,
            "vectorizer_manager_set": NO,
            "batch_size": NO,
            "model_torch_config": NO,
            "data_point_id_sets_path": NO,
            "decoded_attributes": NO,
            "batch_feature_mappings": None,
            "batch_limit": 9223372036854775807,
        },
        (multi.TorchMultiProcessStash, SplitKeyContainer, Writeback, Deallocatable),
    ),
]


@pytest.mark.parametrize(("cls", "parameters", "bases"), DOCUMENTED, ids=lambda value: getattr(value, "__name__", ""))
def test_a_documented_class_has_its_parameters_in_order_with_their_defaults(
    cls: type[Any], parameters: dict[str, Any], bases: tuple[type[Any], ...]
) -> None:
    made = {one.name for one in fields(cls) if one.default_factory is not MISSING}
    found = {
        name: MADE if name in made else parameter.default
        for name, parameter in inspect.signature(cls).parameters.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    }
    assert found == parameters
    assert list(found) == list(parameters)
    assert all(issubclass(cls, base) for base in bases)


ATTRIBUTES = {
    domain.Batch: "STATES attributes batch_stash data_points get_label_classes get_label_feature_vectorizer has_labels "
    "id split_name state_name to torch_config write get_labels size keys deallocate state data_point_ids",
    domain.DataPoint: "batch_stash id write",
    domain.DefaultBatch: "batch_feature_mappings",
    mapping.BatchFeatureMapping: "label_attribute_name manager_mappings label_feature_id label_vectorizer_manager "
    "write get_attributes get_field_map_by_feature_id get_field_map_by_attribute",
    mapping.FieldFeatureMapping: "attr attr_access attribute_accessor feature_id is_agg is_label write",
    mapping.ManagerFeatureMapping: "fields vectorizer_manager_name remove_field write",
    meta.BatchFieldMetadata: "field shape vectorizer write",
    meta.BatchMetadata: "batch_class data_point_class fields_by_attribute mapping write",
    meta.MetadataNetworkSettings: "batch_metadata batch_stash",
    stash.BatchStash: "batch_data_point_sets batch_feature_mappings batch_limit batch_metadata batch_size batch_type "
    "clear clear_all create_batch data_point_id_sets_path data_point_type deallocate decoded_attributes load "
    "model_torch_config prime split_stash_container vectorizer_manager_set populate_batch_feature_mapping _process "
    "is_child",
}


@pytest.mark.parametrize("cls", ATTRIBUTES, ids=lambda cls: cls.__name__)
def test_a_documented_class_has_its_attributes(cls: type[Any]) -> None:
    known = {*dir(cls), *(one.name for one in fields(cls)), *inspect.signature(cls).parameters}
    # set in the instance when it is made
    known |= {"data_point_ids"} if issubclass(cls, domain.Batch) else set()
    assert not set(ATTRIBUTES[cls].split()) - known


def test_the_states_are_the_documented_ones() -> None:
    assert batch.Batch.STATES == {
        "d": "decoded",
        "e": "encoded",
        "k": "deallocated",
        "n": "nascent",
        "t": "memory copied",
    }


def test_the_errors_are_the_documented_ones() -> None:
    assert issubclass(interface.BatchError, DeepLearnError)
    assert issubclass(DeepLearnError, APIError)


def test_the_top_level_names_of_the_reference_are_found() -> None:
    import zensols_like

    assert zensols_like.TorchConfig is TorchConfig
    assert zensols_like.DeepLearnError is DeepLearnError
    assert batch.TorchMultiProcessStash is multi.TorchMultiProcessStash


def test_a_batch_id_that_is_no_string_is_refused() -> None:
    with pytest.raises(ValueError, match="batch_id is a string"):
        interface.DataPointIDSet(1, ("a",), "train", None)  # type: ignore[arg-type]


def test_the_example_of_the_page_builds_a_mapping() -> None:
    found = batch.BatchFeatureMapping(
        "label",
        [
            batch.ManagerFeatureMapping(
                "iris_vectorizer_manager",
                (
                    batch.FieldFeatureMapping("label", "ilabel", True),
                    batch.FieldFeatureMapping("flower_dims", "iseries"),
                ),
            )
        ],
    )
    assert found.label_feature_id == "ilabel"
    assert found.label_vectorizer_manager is found.manager_mappings[0]
    assert found.get_attributes() == ("label", "flower_dims")
    manager, mapped = found.get_field_map_by_feature_id("iseries") or (None, None)
    assert manager is found.manager_mappings[0]
    assert mapped is not None
    assert mapped.attribute_accessor == "flower_dims"
    assert found.get_field_map_by_attribute("nope") is None


# ---- bare dataclass subclasses of everything that users extend


@dataclass
class BareStash(stash.BatchStash):
    extra: int = 5


@dataclass
class BareBatch(FlowerBatch):
    extra: int = 5


@dataclass
class BareDefaultBatch(batch.DefaultBatch):
    extra: int = 5


@dataclass
class BareDirectory(interface.BatchDirectoryCompositeStash):
    extra: int = 5


@dataclass
class BareMapping(mapping.ConfigBatchFeatureMapping):
    extra: int = 5


@dataclass
class BareSettings(meta.MetadataNetworkSettings):
    extra: int = 5

    def get_module_class_name(self) -> str:
        return "torch.nn.Linear"


def test_bare_dataclass_subclasses_work_together(tmp_path: Path) -> None:
    whole = flower_stash(tmp_path, batch_type=BareBatch)
    made = BareStash(
        **{one.name: getattr(whole, one.name) for one in fields(whole) if one.init} | {"extra": 6},
    )
    made.delegate = BareDirectory(tmp_path / "batch", whole.delegate.groups)  # type: ignore[attr-defined]
    found = made["0"]
    assert isinstance(found, BareBatch)
    assert found.extra == 5
    assert made.extra == 6
    assert repr(found).startswith("<BareBatch 0 of train")
    assert len({found, made["0"]}) == 2  # batches are compared by identity
    settings = BareSettings("s", None, whole.model_torch_config, made)
    assert settings.batch_metadata.batch_class is BareBatch


def test_a_default_batch_gets_its_mapping_from_the_stash(tmp_path: Path) -> None:
    one = FlowerBatch.MAPPINGS.manager_mappings
    edited = BareMapping("label", one, field_remove=["noise"])
    made = flower_stash(tmp_path, batch_type=BareDefaultBatch, batch_feature_mappings=edited)
    found = made["0"]
    assert found.batch_feature_mappings is edited
    assert set(found.attributes) == {"label", "size", "leaves"}


# ---- meaning


def test_the_stash_does_what_the_page_says(tmp_path: Path) -> None:
    made = flower_stash(tmp_path, batch_limit=2, decoded_attributes=["label", "size"])
    assert isinstance(made, Primeable)
    assert made.decoded_attributes == {"label", "size"}  # sequences are converted to sets
    sets = made.batch_data_point_sets
    assert [len(one.data_point_ids) for one in sets] == [4, 4, 4, 4]  # two batches of each of two splits
    assert [one.split_name for one in sets] == ["train", "train", "test", "test"]
    made.prime()
    assert made.keys_by_split == {"train": ("0", "1"), "test": ("2", "3")}
    found = made.load("0")
    assert found.state_name == "encoded"
    assert set(found.attributes) == {"label", "size"}
    assert found.state_name == "decoded"
    copied = found.to()
    assert copied is not found
    assert copied.state_name == "memory copied"
    assert found.state_name == "decoded"
    assert copied.torch_config is made.model_torch_config
    assert found.size() == len(found) == 4
    assert [point.size for point in found.data_points] == [0.0, 1.0, 2.0, 3.0]
    assert made.load("99") is None
    with pytest.raises(KeyError):
        made["99"]
    fields_by_attribute = made.batch_metadata.fields_by_attribute
    assert list(fields_by_attribute) == ["label", "size"]
    assert fields_by_attribute["size"].shape == fields_by_attribute["size"].vectorizer.shape
    made.clear()
    assert not made.exists("0")
    assert len(made) == 4  # encoded again
    made.clear_all()


def test_an_attribute_accessor_reads_another_attribute(tmp_path: Path) -> None:
    one = batch.BatchFeatureMapping(
        None,
        [
            batch.ManagerFeatureMapping(
                "flowers", (batch.FieldFeatureMapping("width", "number", True, attr_access="size"),)
            )
        ],
    )
    made = flower_stash(None, delegate=_memory(), batch_type=batch.DefaultBatch, batch_feature_mappings=one)
    assert made["0"]["width"].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert not made["0"].has_labels


def _memory() -> Any:
    from zensols_like.persist import DictionaryStash

    return DictionaryStash()


def test_the_vectorizer_of_the_label_is_found(tmp_path: Path) -> None:
    found = flower_stash(tmp_path)["0"]
    vectorizer = found.get_label_feature_vectorizer()
    assert isinstance(vectorizer, EncodableFeatureVectorizer)
    assert vectorizer.feature_id == "kind"
    assert found.get_label_classes() == ["rose", "lily", "iris", "rose"]
    assert torch.equal(found.get_labels(), found["label"])


def test_the_limit_defaults_to_the_largest_int() -> None:
    assert inspect.signature(stash.BatchStash).parameters["batch_limit"].default == sys.maxsize


def test_a_data_point_is_written_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    Flower("7", None, {"label": "rose"}).write(1)
    assert capsys.readouterr().out == "    id: 7\n    item: {'label': 'rose'}\n"
