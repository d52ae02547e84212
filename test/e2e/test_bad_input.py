"""What a user can get wrong, through the command line: each has its three lines and its exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IRIS = ROOT / "test-resources" / "iris.csv"
HEADER, *ROWS = IRIS.read_text().splitlines()
SPECIES = HEADER.split(",").index("species")
WIDTH = HEADER.split(",").index("sepal_width")


def encode(tmp_path: Path, *overrides: str, table: str | None = None) -> subprocess.CompletedProcess[str]:
    """Encode the iris example with another table and overrides."""
    path = tmp_path / "table.csv"
    if table is not None:
        path.write_text(table)
    options = [f"default.table={path}", f"default.folder={tmp_path / 'store'}", "batch_stash.workers=1", *overrides]
    command = [sys.executable, "-m", "zensols_like", "encode", "-q", "-c", str(ROOT / "examples/iris/iris.conf")]
    return subprocess.run(
        [*command, *(word for option in options for word in ("-o", option))],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )


def refused(done: subprocess.CompletedProcess[str], exit_code: int, *texts: str) -> None:
    assert done.returncode == exit_code, done.stderr
    assert "Traceback" not in done.stderr
    assert "fix: " in done.stderr
    for text in texts:
        assert text in done.stderr


def lines(rows: list[str], header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def changed(row: int, column: int, value: str) -> str:
    rows = [line.split(",") for line in ROWS]
    rows[row][column] = value
    return lines([",".join(row) for row in rows])


pytestmark = pytest.mark.process


def test_the_example_as_it_is_works(tmp_path: Path) -> None:
    done = encode(tmp_path, table=lines(ROWS))
    assert done.returncode == 0, done.stderr


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    refused(encode(tmp_path), 3, "table.csv", "where: ")


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "zensols_like", "encode", "-c", str(tmp_path / "none.conf")],
        capture_output=True,
        text=True,
        check=False,
    )
    refused(done, 3, "none.conf")


@pytest.mark.parametrize("table", ["", "\n", HEADER, HEADER + "\n"])
def test_an_empty_table(tmp_path: Path, table: str) -> None:
    refused(encode(tmp_path, table=table), 2, "table.csv")


def test_one_row_is_enough(tmp_path: Path) -> None:
    done = encode(tmp_path, table=lines(ROWS[:1]))
    assert done.returncode == 0, done.stderr


def test_one_row_is_too_few_for_three_splits(tmp_path: Path) -> None:
    table = lines([ROWS[0].rsplit(",", 1)[0]], HEADER.rsplit(",", 1)[0])
    done = encode(
        tmp_path,
        "table.class_name=zensols_like.dataframe.AutoSplitDataframeStash",
        table=table,
    )
    assert done.returncode == 2
    assert "fix: " in done.stderr


def test_an_unknown_column(tmp_path: Path) -> None:
    done = encode(tmp_path, "columns.label_col=specis", table=lines(ROWS))
    refused(done, 2, "specis", "species", "where: ")


def test_an_unknown_split_column(tmp_path: Path) -> None:
    refused(encode(tmp_path, "table.split_col=part", table=lines(ROWS)), 2, "'part'", "ds_type")


def test_ragged_rows(tmp_path: Path) -> None:
    refused(encode(tmp_path, table=lines([*ROWS[:9], ROWS[9] + ",7", *ROWS[10:]])), 2, "table.csv", "11")


def test_a_value_that_is_no_number(tmp_path: Path) -> None:
    done = encode(tmp_path, table=changed(3, WIDTH, "broad"))
    refused(done, 2, "'sepal_width' holds numbers, but ['broad'] in rows ['3']")


def test_a_missing_label(tmp_path: Path) -> None:
    done = encode(tmp_path, table=changed(3, SPECIES, ""))
    assert done.returncode in (2, 5)
    assert "'3'" in done.stderr
    assert "fix: " in done.stderr


def test_an_unknown_decoded_attribute(tmp_path: Path) -> None:
    done = encode(tmp_path, "batch_stash.decoded_attributes=set: species, petals", table=lines(ROWS))
    refused(done, 2, "No mapped attributes ['petals'].", "decoded_attributes", "petal_length")


def test_an_attribute_in_no_group(tmp_path: Path) -> None:
    done = encode(tmp_path, "directory.groups=eval: ({'species'},)", table=lines(ROWS))
    refused(done, 2, "belong to no group", "petal_length")


def test_duplicate_keys(tmp_path: Path) -> None:
    rows = [f"{i % 140},{row}" for i, row in enumerate(ROWS)]
    refused(encode(tmp_path, "table.key_col=key", table=lines(rows, f"key,{HEADER}")), 2, "'0'")


def test_a_class_that_cannot_be_imported(tmp_path: Path) -> None:
    done = encode(tmp_path, "directory.class_name=zensols_like.batch.BatchFileStash", table=lines(ROWS))
    refused(done, 2, "BatchFileStash", "[directory]", "iris.conf")
    done = encode(tmp_path, "directory.class_name=nowhere.Stash", table=lines(ROWS))
    refused(done, 2, "nowhere", "[directory]")


def test_a_section_that_refers_to_itself(tmp_path: Path) -> None:
    done = encode(tmp_path, "batch_stash.delegate=instance: batch_stash", table=lines(ROWS))
    refused(done, 2, "batch_stash")


def test_an_unknown_option(tmp_path: Path) -> None:
    refused(encode(tmp_path, "batch_stash.batch_sise=3", table=lines(ROWS)), 2, "batch_sise", "batch_size")


def test_an_option_of_the_wrong_kind(tmp_path: Path) -> None:
    refused(encode(tmp_path, "batch_stash.batch_size=many", table=lines(ROWS)), 2, "batch_size", "'many'")


def test_two_thousand_columns(tmp_path: Path) -> None:
    columns = [f"c{i}" for i in range(2000)]
    rows = [",".join([*map(str, range(2000)), label, split]) for label, split in [("a", "train"), ("b", "test")] * 3]
    done = encode(
        tmp_path,
        f"directory.groups=eval: ({{'species'}}, set(f'c{{i}}' for i in range({len(columns)})))",
        table=lines(rows, ",".join([*columns, "species", "ds_type"])),
    )
    assert done.returncode == 0, done.stderr
