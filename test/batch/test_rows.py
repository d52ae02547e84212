"""Rows that are mappings, without a class for their data points."""

from __future__ import annotations

import copy
import json

import pytest
import torch

from zensols_like.batch import RowColumns, RowDataPoint
from zensols_like.config import ImportConfigFactory, load_config
from zensols_like.errors import BatchError, EncodeError

CONFIG = """
[import]
config_files = list: resource: default.conf, resource: torch.conf, resource: batch.conf

[default]
temporary_dir = target

[flowers]
class_name = zensols_like.source.JsonLinesStash
path = path: flowers.jsonl

[splits]
class_name = zensols_like.dataset.StratifiedStashSplitKeyContainer
key_path = path: target/keys
pattern = {name}.txt
stash = instance: flowers
distribution = dict: {'train': 0.75, 'test': 0.25}
partition_attr = kind

[dataset]
class_name = zensols_like.dataset.DatasetSplitStash
delegate = instance: flowers
split_container = instance: splits

[size_vectorizer]
class_name = zensols_like.vectorize.AttributeEncodableFeatureVectorizer
feature_id = size

[kind_vectorizer]
class_name = zensols_like.vectorize.NominalEncodedEncodableFeatureVectorizer
feature_id = kind
categories = list: rose, lily

[flower_manager]
class_name = zensols_like.vectorize.FeatureVectorizerManager
torch_config = instance: torch_config
configured_vectorizers = list: size_vectorizer, kind_vectorizer

[vectorizer_manager_set]
class_name = zensols_like.vectorize.FeatureVectorizerManagerSet
names = list: flower_manager

[flower_mapping]
class_name = zensols_like.batch.ManagerFeatureMapping
vectorizer_manager_name = flower_manager
fields = instance: tuple: kind_field, size_field

[kind_field]
class_name = zensols_like.batch.FieldFeatureMapping
attr = label
feature_id = kind
is_agg = True
attr_access = kind

[size_field]
class_name = zensols_like.batch.FieldFeatureMapping
attr = size
feature_id = size
is_agg = True

[mapping]
class_name = zensols_like.batch.BatchFeatureMapping
manager_mappings = instance: list: flower_mapping

[batch_dir_stash]
groups = eval: ({'label'}, {'size'})

[batch_stash]
split_stash_container = instance: dataset
data_point_type = class: zensols_like.batch.RowDataPoint
batch_type = class: zensols_like.batch.DefaultBatch
batch_feature_mappings = instance: mapping
batch_size = 3
workers = 2
timeout_s = 600
"""


@pytest.fixture
def stash(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [{"kind": ("rose", "lily")[number % 2], "size": number / 2, "id": "x"} for number in range(8)]
    (tmp_path / "flowers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "flowers.conf").write_text(CONFIG)
    return ImportConfigFactory(load_config(tmp_path / "flowers.conf")).instance("batch_stash")


@pytest.mark.process
def test_lines_of_json_are_encoded_by_a_configuration_alone(stash):
    sizes = {}
    for split in stash.splits.values():
        for batch in split.values():
            kinds = batch.get_label_classes()
            for id, size, kind in zip(batch.data_point_ids, batch["size"].tolist(), kinds, strict=True):
                sizes[id] = (size, kind)
    assert sizes == {str(number + 1): (number / 2, ("rose", "lily")[number % 2]) for number in range(8)}
    assert stash["0"]["size"].dtype is torch.float32


def test_a_field_that_is_not_there_is_named_with_those_that_are(stash):
    point = RowDataPoint("7", stash, {"kind": "rose"})
    with pytest.raises(AttributeError, match=r"RowDataPoint '7' has no field 'size' in \['kind'\]"):
        _ = point.size
    with pytest.raises(EncodeError, match=r"Cannot read 'size' of data point '7'\."):
        stash.create_batch([point]).encode()


def test_points_without_a_label_are_a_batch_without_labels_and_need_no_field_for_it(stash):
    for row in ({"size": 1.0}, {"size": 1.0, "kind": None}):
        unlabeled = stash.create_batch([RowDataPoint("7", stash, row)])
        assert (unlabeled["size"].tolist(), unlabeled["label"], unlabeled.has_labels) == ([1.0], None, False)


def test_of_points_that_somebody_made_all_have_a_label_or_none_has(stash):
    rows = {"6": {"kind": "rose", "size": 1.0}, "7": {"size": 1.0}}
    with pytest.raises(EncodeError, match=r"have a label and others have none: \['7'\] have none"):
        stash.create_batch([RowDataPoint(key, stash, row) for key, row in rows.items()]).encode()


def test_in_the_source_a_label_that_is_not_there_is_an_error(stash, tmp_path):
    stash.workers = 1
    assert len(stash.split_stash_container) == 8  # split by kind, before that goes
    (tmp_path / "flowers.jsonl").write_text('{"size": 1.0}\n' * 8)
    stash.split_stash_container.delegate.clear()
    with pytest.raises(EncodeError, match=r"(?s)Cannot read 'kind'.*the label of what is not labeled is None"):
        stash.prime()


def test_a_row_shows_its_fields_and_can_be_copied(capsys):
    point = RowDataPoint("7", None, {"kind": "rose", "size": None})
    point.write()
    assert capsys.readouterr().out == "id: 7\nkind: rose\nsize: None\n"
    assert copy.copy(point.row) == point.row
    assert (point.kind, point.size) == ("rose", None)


def test_a_field_that_would_be_hidden_is_refused_and_the_id_is_the_key():
    assert RowDataPoint("7", None, {"id": "x"}).id == "7"
    with pytest.raises(BatchError, match=r"the fields \['version', 'write'\], whose names are taken"):
        RowDataPoint("7", None, {"write": 1, "version": 2, "kind": 3})


def test_of_columns_only_those_that_are_asked_for_need_a_free_name():
    columns = RowColumns(("7",), {"write": [1], "kind": [3]})
    assert (columns.column("kind"), columns.column("id")) == ([3], ("7",))
    with pytest.raises(BatchError, match=r"the fields \['write'\], whose names are taken"):
        columns.column("write")


def test_an_item_that_is_no_mapping_is_refused():
    with pytest.raises(BatchError, match="item of data point '7' is a str, which has no fields"):
        RowDataPoint("7", None, "rose")
