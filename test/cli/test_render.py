"""Reports as text where a small example does not get."""

from __future__ import annotations

import io
import re

from rich.console import Console

from zensols_like.cli.render import as_json, render_batch, render_encode, render_store
from zensols_like.inspect.report import (
    AttributeReport,
    BatchReport,
    EncodeReport,
    LabelReport,
    SplitReport,
    StoreReport,
    TensorReport,
    TensorStats,
)

STATS = TensorStats(4, 0, 1, 0.5, 0.0001, 0.25, 0.5)


def text(renderable, width=100):
    file = io.StringIO()
    Console(file=file, width=width, highlight=False).print(renderable)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def tensor(name, shape=(2, 30), preview=((1.0, 2.5), (10.0, float("nan"))), **more):
    return TensorReport(
        **{
            "name": name,
            "feature_id": "f",
            "is_label": False,
            "dtype": "float32",
            "shape": shape,
            "size_bytes": 240,
            "stats": STATS,
            "preview": preview,
            "note": None,
            **more,
        }
    )


def batch(*attributes, ids=("a", "b")):
    return BatchReport("target/[x]", "3", "train", ids, 1 << 20, attributes, ())


def test_wide_attributes_stand_one_below_the_other():
    output = text(render_batch(batch(*(tensor(f"attribute_{number}") for number in range(9))), all_ids=False))
    assert " attribute_0  a    1  2.5  …\n              b   10  nan  …\n" in output


def test_narrow_attributes_stand_side_by_side():
    output = text(render_batch(batch(tensor("one"), tensor("two")), all_ids=False))
    assert " id  one         two\n" in output
    assert " b   10  nan  …  10  nan  …" in output


def test_rows_that_are_no_data_points_have_numbers():
    output = text(render_batch(batch(tensor("pieces", shape=(7, 2))), all_ids=False))
    assert " pieces     [0]   1  2.5\n" in output


def test_names_are_never_taken_for_markup():
    output = text(render_batch(batch(tensor("[bold]"), ids=("[red]x", "[/]")), all_ids=True))
    assert "[bold]" in output
    assert "[red]x, [/]" in output
    assert "target/[x]" in output


def test_notes_and_infinite_numbers_are_told():
    output = text(render_batch(batch(tensor("size", note="as stored")), all_ids=False))
    assert "size: as stored\nsize: 25.0% infinite\n" in output
    assert "<0.1%" in output


def test_an_attribute_without_a_tensor_has_an_empty_line():
    nothing = tensor("label", is_label=True, dtype=None, shape=None, stats=None, preview=(), note="no labels")
    output = text(render_batch(batch(nothing), all_ids=False))
    assert " label *    none" in output
    assert "label: no labels" in output


def test_a_partial_store_shows_what_is_committed():
    report = StoreReport(
        path="p",
        container="composite",
        status="partial",
        batches=3,
        committed=1,
        data_points=9,
        size_bytes=3 << 30,
        label="label",
        splits=(SplitReport("train", 3, 1, 9, 3 << 30),),
        groups=(),
        attributes=(AttributeReport("label", "f", "a.b.OwnVectorizer", True, "int64", (-1,), None, None),),
        labels=(LabelReport("yes", {"train": 2}),),
        looked_at=1,
        provenance={},
    )
    output = text(render_store(report))
    assert "committed" in output
    assert "3.0 GiB" in output
    assert "label *    int64[N]" in output
    assert "OwnVectorizer" in output
    assert as_json(report).startswith('{\n  "schema_version": 1,\n  "report": "store",')


def test_one_batch_is_singular():
    report = EncodeReport("p", "complete", 1, 0.5, 1, 1, 10, (SplitReport("train", 1, 1, 1, 10),))
    assert "Encoded 1 batch in 0.5 s (2.0/s).  1 data point, 10 B." in text(render_encode(report))


def test_padding_has_a_column_only_where_something_is_padded():
    padded = text(render_batch(batch(tensor("words", share_padding=0.5), tensor("size")), all_ids=False))
    assert re.search(r" zero +padding\n", padded)
    assert re.search(r"words .* 50.0% +50.0%\n", padded)
    assert "padding" not in text(render_batch(batch(tensor("size")), all_ids=False))
