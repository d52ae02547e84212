"""The shipped defaults for batches are what an experiment starts from."""

from __future__ import annotations

from pathlib import Path

from cli.iris import RESOURCES

from zensols_like.config import ImportConfigFactory, load_config, resource_path

ONLY_THE_USER_KNOWS = """
[default]
temporary_dir = target

[batch_dir_stash]
groups = eval: ({'label'}, {'flower_dims'})

[batch_stash]
split_stash_container = instance: iris_dataset_stash
data_point_type = class: iris_reference.IrisDataPoint
batch_type = class: iris_reference.IrisBatch
workers = 1
"""
EXPERIMENT = ("iris_dataframe_stash", "iris_dataset_stash", "ilabel_vectorizer", "iseries_vectorizer")


def test_an_experiment_starts_from_the_shipped_defaults(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(RESOURCES / "iris-reference")
    mine = tmp_path / "mine.conf"
    mine.write_text(ONLY_THE_USER_KNOWS)
    reference = load_config(RESOURCES / "iris-reference" / "iris.conf", [f"default.resources_dir={RESOURCES}"])
    config = load_config(resource_path("default.conf"))
    config.merge(reference, (*EXPERIMENT, "default", "iris_vectorizer_manager", "vectorizer_manager_set"))
    for name in ("torch.conf", "batch.conf"):
        config.merge(load_config(resource_path(name)))
    config.merge(load_config(mine))
    factory = ImportConfigFactory(config)
    splits = factory.instance("dataset_stash").splits
    assert {name: len(split) for name, split in splits.items()} == {"train": 4, "dev": 1, "test": 1}
    assert Path("target/batch").is_dir()
    assert Path("target/batch-ids.json").is_file()
