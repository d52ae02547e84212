"""The example of images, as somebody runs it who has just cloned the project."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

FOLDER = Path(__file__).parents[2] / "examples/digits"


@pytest.fixture(scope="module")
def example():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))  # as for a script in this folder
        spec = importlib.util.spec_from_file_location("digits_train", FOLDER / "train.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def stash(example, tmp_path_factory):
    return example.open_batches(tmp_path_factory.mktemp("digits"))


@pytest.mark.process
def test_a_model_trained_from_the_batches_reads_digits(example, stash):
    model = example.build_model(stash)
    losses = list(example.train(model, stash))
    assert losses[-1] < losses[0] / 5
    assert example.accuracy(model, stash, "test") > 0.93


@pytest.mark.process
def test_pixels_take_a_byte_each_and_come_back_as_they_were(stash):
    images = np.load(FOLDER / "digits.npz")["image"]
    batch = stash["0"]
    expected = images[[int(key) for key in batch.data_point_ids]]
    assert torch.equal(batch["image"] * 16, torch.from_numpy(expected).float().unsqueeze(1))
    size = sum(path.stat().st_size for path in stash.delegate.path.rglob("image/*"))
    assert images.nbytes < size < 1.5 * images.nbytes


@pytest.mark.process
def test_every_image_is_in_one_split(stash):
    keys = [key for split in stash.splits.values() for batch in split.values() for key in batch.data_point_ids]
    assert sorted(keys, key=int) == [str(number) for number in range(1797)]
