"""What a step of a training loop saw, on the command line."""

from __future__ import annotations

import json

import pytest
from cli.iris import Iris, run

from zensols_like.inspect import open_stash
from zensols_like.loader import ShardContext

PLACE = ["--epoch", "1", "--step", "2", "--rank", "1", "--world", "2", "--shuffle", "batch", "--seed", "7"]


def seen(iris: Iris) -> str:
    """The ID of the batch that a loader really gave there."""
    words = iris.arguments()
    stash = open_stash(iris.config, words[3::2])
    loader = stash.loader("train", shuffle="batch", seed=7, shard=ShardContext(2, 1), epochs=2)
    epochs = [[batch.id for batch in loader] for _ in loader.epochs]
    return epochs[1][2]


def test_show_prints_what_a_step_saw(encoded, as_json):
    batch_id = seen(encoded)
    report = as_json(encoded.run("show", *PLACE, "--json"))
    assert (report["report"], report["epoch"], report["step"], report["is_padding"]) == ("step", 1, 2, False)
    assert report["batch"] == {
        key: value
        for key, value in json.loads(encoded.run("show", batch_id, "--json").stdout).items()
        if key not in ("schema_version", "report")
    }
    assert as_json(run("show", *PLACE, str(encoded.store), "--json"))["batch"]["id"] == batch_id


def test_the_place_stands_before_the_batch(encoded):
    first, *rest = encoded.run("show", *PLACE).stdout.splitlines()
    assert first == "epoch 1, step 2, rank 1 of 2: position 5 of data epoch 1"
    assert rest == encoded.run("show", seen(encoded)).stdout.splitlines()


def test_one_of_both_numbers_is_enough(encoded):
    assert encoded.run("show", "--step", "0").stdout == encoded.run("show", "--epoch", "0").stdout


def test_a_step_that_is_not_there_is_not_found(encoded):
    result = encoded.run("show", "--step", "999")
    assert result.exit_code == 3
    assert "has no step 999" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--step", "0", "--point", "42"), "a data point and a step"),
        (("0", "--point", "42"), "a batch and a data point"),
        (("0", "--step", "3"), "a batch and a step"),
    ],
)
def test_one_thing_is_shown_at_a_time(encoded, arguments, named):
    of_store = run("show", *arguments, str(encoded.store)) if arguments[0] == "0" else None
    for result in filter(None, (encoded.run("show", *arguments), of_store)):
        assert result.exit_code == 2
        assert f"Both {named} are named." in result.stderr


@pytest.mark.parametrize("option", ["--split dev", "--seed 0", "--rank 1", "--world 2", "--drop-last", "--uneven drop"])
@pytest.mark.parametrize("shown", [("0",), ("--point", "42")])
def test_an_option_of_a_step_needs_one(encoded, option, shown):
    result = run("show", *shown, str(encoded.store), *option.split())
    assert result.exit_code == 2
    assert f"there is no use for {option.split()[0]}." in result.stderr
    assert "give --epoch or --step" in result.stderr
