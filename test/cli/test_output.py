"""What the commands print."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from cli.iris import STOPPING, run, text
from rich.text import Text

import zensols_like
from zensols_like.cli.main import app


def lines_of(block: str) -> str:
    """The lines of a text with the indention of the test taken away."""
    return "\n".join(line.removeprefix("    ") for line in block.strip("\n").splitlines()).rstrip()


MADE = ("began ", "command ", "commit ", "host ", "zensols_like ")


def without_date(output: str) -> str:
    return "\n".join(line for line in output.splitlines() if not line.startswith(MADE))


def test_info_says_who_made_the_store(encoded):
    lines = text(encoded.run("info")).splitlines()[2:6]
    assert [line.split(" ")[0] for line in lines] == ["began", "command", "host", "zensols_like"]


def test_the_version_is_printed():
    assert run("--version").stdout == f"zensols-like {zensols_like.__version__}\n"


def test_no_word_of_a_help_is_taken_for_markup():
    commands = typer.main.get_command(app).commands.values()
    helps = [one.help for command in commands for one in (command, *command.params)]
    assert len(helps) > 50
    for words in filter(None, helps):
        assert Text.from_markup(words).plain == words.replace("\\[", "[")


@pytest.mark.parametrize("command", ["encode", "ls", "show", "info", "clear"])
def test_every_command_explains_itself(command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "--config" in result.stdout
    assert "--json" in result.stdout


def test_encode_sums_up_on_standard_output_and_goes_on_on_standard_error(iris):
    result = iris.run("encode")
    assert result.exit_code == 0
    assert result.stderr == "encoding 10 of 10 batches\n"
    assert "target/batch  complete\nEncoded 10 batches in " in result.stdout
    assert "150 data points, 11.2 KiB." in result.stdout


def test_a_quiet_encode_says_nothing_on_standard_error(iris):
    assert iris.run("encode", "--quiet").stderr == ""


def test_verbose_logs_to_standard_error(iris):
    result = iris.run("encode", "-q", "-v")
    assert "INFO zensols_like.batch.priming: encoding 10 of 10 batches" in result.stderr


def test_info_shows_splits_attributes_and_labels(encoded):
    assert without_date(text(encoded.run("info"))) == lines_of(
        """
    target/batch  complete
    10 batches, 150 data points, 11.2 KiB, composite

     split  batches  data points     size
     ────────────────────────────────────
     train        7          105  7.9 KiB
     dev          1           15  1.1 KiB
     test         2           30  2.2 KiB


     attribute    tensor         min  max    mean  NaN   zero  vectorizer
     ───────────────────────────────────────────────────────────────────────
     label *      float32[N, 3]    0    1  0.3333   0%  66.7%  OneHotEncoded
     flower_dims  float32[N, 4]  0.1  7.7   3.496   0%     0%  Series

    * label; N data points; numbers and sizes of 3 of 10 batches

     label *     train  dev  test
     ────────────────────────────
     setosa          5    5     5
     versicolor      5    5     5
     virginica       5    5     5
        """
    )


def test_info_of_a_path_shows_what_is_stored_and_says_what_it_decodes_to(encoded):
    assert without_date(text(run("info", str(encoded.store), "--all"))) == lines_of(
        """
    target/batch  complete
    10 batches, 150 data points, 11.2 KiB, composite

     split  batches  data points     size
     ────────────────────────────────────
     train        7          105  7.9 KiB
     dev          1           15  1.1 KiB
     test         2           30  2.2 KiB


     attribute    tensor         min  max   mean  NaN   zero  vectorizer
     ──────────────────────────────────────────────────────────────────────
     label *      float32[N, 3]    0    2      1   0%  33.3%  OneHotEncoded
     flower_dims  float32[N, 4]  0.1  7.9  3.464   0%     0%  Series

    label: as stored; decodes to float32[N, 3]
    * label; N data points; numbers and sizes of 10 of 10 batches

     label *  train  dev  test
     ─────────────────────────
     0           35    5    10
     1           35    5    10
     2           35    5    10
        """
    )


def test_ls_lists_the_batches_by_split(encoded):
    assert text(encoded.run("ls")) == lines_of(
        """
    target/batch  complete

     split  batch  data points     size
     ──────────────────────────────────
     train      0           15  1.1 KiB
                1           15  1.1 KiB
                2           15  1.1 KiB
                3           15  1.1 KiB
                4           15  1.1 KiB
                5           15  1.1 KiB
                6           15  1.1 KiB

     dev        7           15  1.1 KiB

     test       8           15  1.1 KiB
                9           15  1.1 KiB
        """
    )


def test_ls_of_a_path_and_of_a_configuration_are_the_same(encoded):
    assert run("ls", str(encoded.store)).stdout == encoded.run("ls").stdout
    assert run("ls", str(Path(encoded.store).absolute()), "--count").stdout == "10\n"


def test_a_long_list_is_shortened_unless_all_of_it_is_wanted(iris):
    small = ("batch_stash.batch_size=1",)
    assert iris.run("encode", "-q", overrides=small).exit_code == 0
    short, whole = text(iris.run("ls", overrides=small)), text(iris.run("ls", "--all", overrides=small))
    assert len(short.splitlines()) < 40
    assert "97 more" in short
    assert "more" not in whole
    assert whole.count("\n") > 150
    assert iris.run("ls", "--count", overrides=small).stdout == "150\n"


def test_ls_says_which_batches_are_not_there(partial):
    result = text(partial.run("ls", overrides=(STOPPING,)))
    assert "target/batch  partial" in result
    assert result.count("not committed") == 8


def test_show_is_what_one_wants_to_know_of_a_batch(encoded):
    assert text(encoded.run("show", "1")) == lines_of(
        """
    batch 1 of train  target/batch
    15 data points, 1.1 KiB: 15, 16, 17, 18, 19, 20, …, 37, 38

     attribute    tensor          bytes  min  max    mean  NaN   zero
     ────────────────────────────────────────────────────────────────
     label *      float32[15, 3]    180    0    1  0.3333   0%  66.7%
     flower_dims  float32[15, 4]    240  0.1  7.6   3.402   0%     0%


     id  label *              flower_dims
     ───────────────────────────────────────────
     15  1  0  0  setosa      5.4  3.9  1.7  0.4
     16  0  1  0  versicolor  5.7  2.8  4.5  1.3
     17  0  0  1  virginica   7.6    3  6.6  2.1
        """
    )


def test_show_has_all_ids_when_asked(encoded):
    assert "15, 16, 17, 18, 19, 20, 30, 31, 32, 33, 34, 35, 36, 37, 38" in encoded.run("show", "1", "--ids").stdout


def test_show_of_one_attribute_has_more_of_it_and_nothing_else(encoded):
    result = run("show", "1", str(encoded.store), "--attribute", "flower_dims")
    assert "label" not in result.stdout
    first_words = [line.split()[0] for line in text(result).splitlines() if line.strip()]
    assert [word for word in first_words if word.isdigit()] == [
        *"15 15 16 17 18 19 20 30 31 32 33 34 35 36 37 38".split()
    ]


def test_show_has_the_points_of_the_source_beside(encoded):
    result = text(encoded.run("show", "1", "--points"))
    assert "data point  source" in result
    assert "sepal_length       5.4" in result


def test_points_need_a_configuration(encoded):
    result = run("show", "1", str(encoded.store), "--points")
    assert result.exit_code == 2
    assert "give the configuration with -c instead of the path" in result.stderr


def test_attributes_that_are_not_decoded_are_not_read(encoded):
    (encoded.store / "comp" / "flower_dims" / "0.dat").unlink()
    settings = ("batch_stash.decoded_attributes=set: label",)
    assert encoded.run("show", "0", overrides=settings).exit_code == 0
    info = encoded.run("info", overrides=settings)
    assert info.exit_code == 0
    assert "flower_dims: not one of the decoded attributes" in info.stdout


def test_looking_makes_no_file(iris, tmp_path):
    for command in (["ls"], ["info"], ["show", "0"], ["clear", "--dry-run"]):
        iris.run(*command)
    assert list(tmp_path.iterdir()) == []


def test_clear_removes_the_batches_and_keeps_the_source(encoded):
    result = encoded.run("clear", "--yes")
    assert result.exit_code == 0
    assert result.stdout == "Removed 10 batches (11.2 KiB) from target/batch.\n"
    assert run("info", str(encoded.store)).exit_code == 3


def test_a_dry_run_of_clear_removes_nothing(encoded):
    result = encoded.run("clear", "--dry-run", "--all")
    assert result.stdout == (
        "Would remove 10 batches (11.2 KiB) from target/batch, "
        "and of its source the split keys and what its stashes keep; files that it only reads stay.\n"
    )
    assert run("info", str(encoded.store)).exit_code == 0


def test_clear_does_not_guess_where_it_cannot_ask(encoded):
    result = encoded.run("clear")
    assert result.exit_code == 2
    assert "add --yes" in result.stderr
    assert run("info", str(encoded.store)).exit_code == 0


def test_a_stale_store_can_be_cleared(encoded):
    assert encoded.run("clear", "--yes", overrides=("batch_stash.batch_size=10",)).exit_code == 0


def test_a_damaged_store_can_be_cleared(encoded):
    (encoded.store / ".store" / "manifest.json").write_text("{")
    settings = ("batch_stash.decoded_attributes=None",)
    result = encoded.run("clear", "--yes", overrides=settings)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "Removed what is left of a damaged store from target/batch.\n"
    encoded.encode()


def test_after_a_change_of_the_splits_the_error_names_the_command_that_draws_them_anew():
    folder = Path(zensols_like.__file__).parents[1] / "examples" / "digits"
    settings = ("default.temporary_dir=target", f"default.images={folder / 'digits.npz'}", "batch_stash.workers=1")
    changed = ("splits.distribution=dict: {'train': 0.9, 'test': 0.1}",)

    def digits(command, *arguments, more=()):
        words = [word for one in (*settings, *more) for word in ("-o", one)]
        return run(command, *arguments, "-c", str(folder / "digits.conf"), *words)

    assert digits("encode", "-q").exit_code == 0
    refused = digits("encode", "-q", more=changed)
    assert refused.exit_code == 2
    stale = digits("ls", more=(*changed, "batch_stash.stale=rebuild"))
    assert stale.exit_code == 6
    assert "rebuild" not in stale.stderr.partition("fix:")[2].partition("-c")[0]
    assert "zensols-like clear --all -c" in stale.stderr
    assert f"zensols-like clear --all -c {folder / 'digits.conf'}" in refused.stderr
    cleared = digits("clear", "--yes", "--all", more=changed)
    assert cleared.exit_code == 0
    assert "of its source the split keys" in cleared.stdout
    assert (folder / "digits.npz").exists()
    again = digits("encode", "-q", more=changed)
    assert again.exit_code == 0, again.stderr
    assert "dev" not in again.stdout


def test_clear_all_clears_the_source_too(encoded, monkeypatch):
    from zensols_like.dataset import SortedDatasetSplitStash

    cleared = []
    monkeypatch.setattr(SortedDatasetSplitStash, "clear", lambda stash: cleared.append(stash))
    assert encoded.run("clear", "--yes", "--all").exit_code == 0
    assert len(cleared) == 1
