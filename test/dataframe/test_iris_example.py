"""The example is a configuration and a loop that somebody copies, so it must work anywhere."""

import importlib.util
from pathlib import Path

import pytest
import torch

TRAIN = Path(__file__).parents[2] / "examples/iris/train.py"


@pytest.fixture
def example():
    spec = importlib.util.spec_from_file_location("iris_train", TRAIN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_model_trained_from_the_batches_knows_the_flowers(example, tmp_path):
    state = torch.get_rng_state()
    stash = example.open_batches(tmp_path / "batches")
    model = example.build_model(stash)
    losses = list(example.train(model, stash))
    torch.set_rng_state(state)
    assert losses[-1] < losses[0] / 3
    assert example.accuracy(model, stash, "test") >= 0.9
    truth, guess = example.predict(model, stash, "dev")
    assert truth.shape == guess.shape == (15,)
