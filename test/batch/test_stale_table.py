"""The table of changes: those that must make a store stale and say why, and those that must not.

Each is made to a real configuration with its table and classes, and judged in interpreters that hash otherwise than the
one that encoded.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

GARDEN = Path(__file__).parent / "garden"
CONF, CODE, TABLE = "garden.conf", "garden.py", "garden.csv"
KINDS, COLORS = ("rose", "lily", "iris"), ("red", "white", "blue")
ROWS = [f"p{i},{KINDS[i % 3]},{COLORS[i % 2]},{i}.5,x\n" for i in range(20)]
SEEDS = ("1", "random")


@dataclass(frozen=True)
class Change:
    """Something that is not as it was when the store was encoded."""

    what: str
    says: str | None = None
    """What stands in a line of the differences; there are none when ``None``."""
    edits: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By file a text and what takes its place."""
    overrides: tuple[str, ...] = ()
    section: str = "batch_stash"
    moved: bool = False
    """Whether the folder has another name."""
    elsewhere: bool = False
    """Whether it is not the current folder."""
    as_nobody: bool = False
    environment: dict[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()


def option(what: str, override: str, says: str | None = None) -> Change:
    return Change(what, says, overrides=(override,))


def edit(what: str, file: str, old: str, new: str, says: str | None = None) -> Change:
    return Change(what, says, {file: (old, new)})


STALE = [
    option("more data points in a batch", "batch_stash.batch_size=5", "batch_size: 4 -> 5"),
    option("fewer batches", "batch_stash.batch_limit=1", "batch_limit: null -> 1"),
    option("one more category", "kind_vectorizer.categories=list: rose, lily, iris, tulip", "kind.vectorizer"),
    option("another parameter of a vectorizer", "color_vectorizer.scale=2.0", "scale: 1.0 -> 2.0"),
    option("another number of the same value but type", "color_vectorizer.scale=1", "scale: 1.0 -> 1"),
    option("a set with another element", "color_vectorizer.colors=set: red, white, blue, green", "color.vectorizer"),
    Change(
        "another class of a vectorizer",
        "kind.vectorizer.class",
        overrides=(
            "kind_vectorizer.class_name=zensols_like.vectorize.OneHotEncodedEncodableFeatureVectorizer",
            "kind_vectorizer.optimize_bools=False",
        ),
    ),
    option("another type of numbers", "torch_config.data_type=eval({'import': ['torch']}): torch.float64", "data_type"),
    option("another seed of the splits", "keys.seed=4", "seed: 3 -> 4"),
    option("another share of a split", "keys.distribution=dict: {'train': 0.5, 'test': 0.5}", "distribution"),
    option("keys that are not shuffled", "keys.shuffle=False", "shuffle: true -> false"),
    option("keys from another column", "rows.key_col=None", "key_col"),
    option(
        "another order of the keys", "dataset.class_name=zensols_like.dataset.SortedDatasetSplitStash", "splits.class"
    ),
    option("other groups of attributes", "store.groups=eval: ({'kind'}, {'color', 'size'})", "groups"),
    edit(
        "another version of a vectorizer",
        CODE,
        "Vectorizer):\n    version = 1",
        "Vectorizer):\n    version = 2",
        "1 -> 2",
    ),
    edit(
        "another version of the data points",
        CODE,
        "DataPoint):\n    version = 1",
        "DataPoint):\n    version = 2",
        "1 -> 2",
    ),
    edit("another version of the batches", CODE, "Batch):\n    version = 1", "Batch):\n    version = 2", "1 -> 2"),
    edit("an attribute from elsewhere", CODE, '"size", is_agg=True', '"size", True, "width"', '"size" -> "width"'),
    edit("an attribute value by value", CODE, '"size", is_agg=True', '"size", is_agg=False', "is_agg: true -> false"),
    edit("another attribute is the label", CODE, '    "kind",\n        [', '    "size",\n        [', "is_label"),
    edit("one attribute less", CODE, 'FieldFeatureMapping("color", "color"),', "", "attributes that are gone: 'color'"),
    edit("another value in the table", TABLE, "p3,rose,white,3.5", "p3,rose,white,3.6", "source: its content changed"),
    edit("one more row", TABLE, "p3,rose", "p99,rose,red,1.0,x\np3,rose", "source: its content changed"),
    edit("one row less", TABLE, "p19,lily,white,19.5,x\n", "", "source: its content changed"),
    edit("rows in another order", TABLE, ROWS[3] + ROWS[4], ROWS[4] + ROWS[3], "source: its content changed"),
]

FRESH = [
    Change("nothing"),
    Change("the folder was moved", moved=True),
    Change("another current folder", elsewhere=True),
    Change("moved, and another current folder", moved=True, elsewhere=True),
    Change("another user", as_nobody=True, environment={"USER": "x", "LOGNAME": "x", "HOME": "/nowhere"}),
    Change("another language", environment={"LANG": "tr_TR.UTF-8", "LC_ALL": "C", "TZ": "Asia/Tokyo"}),
    Change("the table is not there", remove=(TABLE,)),
    Change("the readable plan and the keys are not there", remove=("ids.json", "keys/train.txt", "keys/test.txt")),
    option("more workers", "batch_stash.workers=4"),
    option("larger pieces of work", "batch_stash.chunk_size=7"),
    option("another start method", "batch_stash.start_method=spawn"),
    option("a time limit", "batch_stash.timeout_s=9.5"),
    option("fewer attributes are decoded", "batch_stash.decoded_attributes=set: size"),
    option("what to do with a stale store", "batch_stash.stale=rebuild"),
    option("checksums are not compared", "store.verify=never"),
    option("larger shards", "store.shard_size=4096"),
    option("groups in another order", "store.groups=eval: ({'size'}, {'kind'}, {'color'})"),
    option("the readable plan goes elsewhere", "batch_stash.data_point_id_sets_path=path: /nowhere/ids.json"),
    option("a default that is written down", "color_vectorizer.scale=1.0"),
    option("the same number by a calculation", "batch_stash.batch_size=eval: 2 * 2"),
    option("a set in another order", "color_vectorizer.colors=set: blue, white, red, red"),
    option("a parameter that matters in decoding only", "color_vectorizer.names=tuple: r, w, b"),
    option("one-hot rows when it decodes", "kind_vectorizer.decode_one_hot=True"),
    edit("a comment and blank lines", CONF, "[rows]", "\n# where the rows are\n\n[rows]"),
    edit("another name of a section", CONF, "color_vectorizer", "hue_vectorizer"),
    Change("an option by another way", overrides=("batch_stash.batch_size=${default:many}", "default.many=4")),
    option("labels in another order, which are sorted", "kind_vectorizer.categories=list: lily, rose, iris"),
    edit("another text of the code", CODE, "return self.size / 2", "return 0.5 * self.size"),
    Change("another name of the stash", None, {CONF: ("[batch_stash]", "[plants]")}, section="plants"),
]


@pytest.fixture(scope="module")
def verdicts() -> Iterator[dict[tuple[str, str], list[str]]]:
    """What is said of each change, by the hash seed of the interpreter and the change."""
    place = Path(tempfile.mkdtemp(prefix="garden-"))  # where another user may read
    try:
        place.chmod(0o755)
        folder = place / "garden"
        shutil.copytree(GARDEN, folder, ignore=shutil.ignore_patterns("judge.py", "__pycache__"))
        (folder / TABLE).write_text("name,kind,color,size,part\n" + "".join(ROWS))
        run("0", folder, "-m", "zensols_like", "encode", "-q", "-c", CONF)
        changes = [*STALE, *FRESH]
        found = {}
        for seed in SEEDS:
            question = json.dumps([asdict(change) for change in changes])
            answers = json.loads(run(seed, folder, str(GARDEN / "judge.py"), str(folder), text=question))
            found.update({(seed, change.what): answer for change, answer in zip(changes, answers, strict=True)})
        yield found
    finally:
        shutil.rmtree(place)


def run(seed: str, folder: Path, *arguments: str, text: str = "") -> str:
    path = os.pathsep.join([str(folder), *sys.path])
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_table_is_large_enough():
    assert len(STALE) >= 20
    assert len(FRESH) >= 20
    assert len({change.what for change in (*STALE, *FRESH)}) == len(STALE) + len(FRESH)


@pytest.mark.process
@pytest.mark.parametrize("change", STALE, ids=lambda change: change.what)
def test_this_makes_a_store_stale(verdicts, change):
    for seed in SEEDS:
        lines = verdicts[seed, change.what]
        assert any(change.says in line for line in lines), (seed, lines)
        assert lines == verdicts[SEEDS[0], change.what]


@pytest.mark.process
@pytest.mark.parametrize("change", FRESH, ids=lambda change: change.what)
def test_this_does_not(verdicts, change):
    assert [verdicts[seed, change.what] for seed in SEEDS] == [[]] * len(SEEDS)
