"""A configuration as users of the reference have it, with classes of their own, works unchanged."""

from pathlib import Path

import pytest
import torch

from zensols_like.config import ImportConfigFactory, load_config

FOLDER = Path(__file__).parents[2] / "test-resources/iris-reference"


@pytest.fixture
def factory(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setenv("PYTHONPATH", str(FOLDER))
    overrides = [f"default.temporary_dir={tmp_path}", f"default.resources_dir={FOLDER.parent}"]
    return ImportConfigFactory(load_config(FOLDER / "iris.conf", overrides))


@pytest.mark.process
def test_batches_of_each_split_are_encoded_by_two_workers(factory):
    dataset = factory("dataset_stash")
    assert dataset.counts_by_key == {"train": 7, "dev": 1, "test": 2}
    rows = factory("iris_dataframe_stash").dataframe
    seen = []
    for split, stash in dataset.splits.items():
        for batch in stash.values():
            assert type(batch).__name__ == "IrisBatch"
            assert batch.split_name == split
            assert batch.get_flower_dims().shape == (15, 4)
            source = rows.loc[list(batch.data_point_ids)]
            assert batch.get_label_classes() == source["species"].tolist()
            assert torch.equal(batch.get_labels().sum(1), torch.ones(15))
            measures = torch.tensor(source.iloc[:, :4].to_numpy(), dtype=torch.float32)
            assert torch.equal(batch.get_flower_dims(), measures)
            seen += batch.data_point_ids
    assert sorted(seen, key=int) == [str(i) for i in range(150)]


def test_only_decoded_attributes_are_there(factory):
    factory.config.set_option("workers", "1", "batch_stash")
    stash = factory("batch_stash")
    stash.decoded_attributes = {"label"}
    batch = stash["0"]
    assert list(batch.attributes) == ["label"]
    assert stash.batch_metadata.fields_by_attribute.keys() == {"label"}


def test_data_points_of_a_stored_batch_are_those_of_the_user(factory):
    factory.config.set_option("workers", "1", "batch_stash")
    point = factory("batch_stash")["0"].data_points[1]
    assert type(point).__name__ == "IrisDataPoint"
    assert point.label == "versicolor"
    assert point.flower_dims[0].tolist() == [7.0, 3.2, 4.7, 1.4]
