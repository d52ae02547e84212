"""The example of text, as somebody runs it who has just cloned the project."""

import ast
import doctest
import importlib.util
import sys
from pathlib import Path

import pytest
import torch

FOLDER = Path(__file__).parents[2] / "examples/functions"


@pytest.fixture(scope="module")
def example():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))  # as for a script in this folder
        spec = importlib.util.spec_from_file_location("functions_train", FOLDER / "train.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture
def data(example):
    return sys.modules["function_data"]


@pytest.fixture(scope="module")
def stash(example, tmp_path_factory):
    return example.open_batches(tmp_path_factory.mktemp("functions"))


@pytest.mark.process
def test_a_model_trained_from_the_batches_knows_what_functions_do(example, stash):
    model = example.build_model(stash)
    losses = list(example.train(model, stash))
    assert losses[-1] < losses[0] / 1.5
    truth, guess = example.predict(model, stash, "test")
    assert len(truth) > 500
    assert (truth == guess).float().mean() > 0.7
    assert 0.35 < truth.float().mean() < 0.65


@pytest.mark.process
def test_words_are_padded_to_the_longest_and_the_mask_says_where_they_are(stash):
    batch = stash["0"]
    words, mask = batch["words"], batch["mask"]
    assert (words.dtype, mask.dtype, batch["label"].dtype) == (torch.int16, torch.bool, torch.bool)
    vectorizer = stash.vectorizer_manager_set["function_manager"]["word"]
    points = batch.data_points
    assert words.shape == mask.shape == (64, max(len(point.words) for point in points))
    for row, there, point in zip(words, mask, points, strict=True):
        assert vectorizer.get_classes(row[there]) == point.words
        assert not row[~there].any()


@pytest.mark.process
def test_a_module_is_in_one_split_and_every_function_in_one_batch(stash):
    splits = {
        name: [key for batch in split.values() for key in batch.data_point_ids] for name, split in stash.splits.items()
    }
    everything = [key for keys in splits.values() for key in keys]
    assert sorted(everything) == sorted(stash.split_stash_container.delegate.keys())
    modules = [{key.rpartition(":")[0] for key in keys} for keys in splits.values()]
    assert sum(map(len, modules)) == len(set().union(*modules))


def test_examples_in_the_code_run(data):
    results = doctest.testmod(data)
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f(): return 1", True),
        ("def f(): return", False),
        ("def f(): return None", False),
        ("def f():\n  if x: return 0", True),
        ("async def f(): return await x", True),
        ("def f():\n  def g(): return 1\n  g()", False),
        ("def f():\n  yield 1\n  return 2", False),
    ],
)
def test_whether_a_function_returns_a_value(data, code, expected):
    function = ast.parse(code).body[0]
    assert data.returns_value(function) is expected
    assert "<Return>" not in data.words_of(function)
