"""The main job on a small table, to watch: encode iris, look at a batch, train from the batches."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.bar import Bar
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.table import Table
from train import ROOT, accuracy, build_model, open_batches, predict, train

from zensols_like.batch import EncodeObserver
from zensols_like.dataframe import DataframeBatch, DataframeBatchStash

SPARKS = "▁▂▃▄▅▆▇█"
ROWS = 3


@dataclass
class EncodeProgress(EncodeObserver):
    """Moves a progress bar along with an encode."""

    progress: Progress
    task: TaskID

    def started(self, total: int, done: int) -> None:
        """Show how many batches there are to encode."""
        self.progress.update(self.task, total=total, completed=done)

    def committed(self, batches: int) -> None:
        """Move on."""
        self.progress.advance(self.task, batches)

    def finished(self) -> None:
        """Leave the bar where it is."""


def bar(console: Console) -> Progress:
    """A progress bar as this demo has them."""
    columns = (TextColumn("{task.description:<24}"), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, TextColumn("[dim]{task.fields[note]}"), console=console)


def encode(stash: DataframeBatchStash, console: Console) -> None:
    """Encode the batches from scratch."""
    stash.clear()
    with bar(console) as progress:
        task = progress.add_task("encode", total=None, note="batches")
        stash.observer = EncodeProgress(progress, task)
        stash.prime()


def new_table(title: str) -> Table:
    """A table as this demo has them."""
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)


def split_table(stash: DataframeBatchStash) -> Table:
    """How many batches and flowers of each species a split has."""
    species = stash.feature_vectorizer_manager.dataset_metadata.label_values
    table = new_table("splits")
    table.add_column("split", style="cyan")
    for name in ("batches", "flowers", *species):
        table.add_column(name, justify="right")
    table.add_column("part of all")
    for name, split in stash.splits.items():
        labels = [label for batch in split.values() for label in batch.get_label_classes()]
        counts = [str(labels.count(one)) for one in species]
        part = Bar(150, 0, len(labels), width=24, color="green")
        table.add_row(name, str(len(split)), str(len(labels)), *counts, part)
    return table


def batch_table(batch: DataframeBatch) -> Table:
    """The attributes of the first flowers of a batch."""
    table = new_table(str(batch))
    table.add_column("attribute", style="cyan")
    table.add_column("tensor", style="magenta")
    for key in batch.data_point_ids[:ROWS]:
        table.add_column(f"flower {key}", justify="right")
    label, *features = batch.batch_feature_mappings.get_attributes()
    for name in (label, *features):
        tensor = batch[name]
        shown = [f"{value:g}" for value in tensor[:ROWS].tolist()]
        if name == label:
            shown = [f"{n} [green]{one}[/]" for n, one in zip(shown, batch.get_label_classes(), strict=False)]
        table.add_row(name, f"{str(tensor.dtype).removeprefix('torch.')}{list(tensor.shape)}", *shown)
    return table


def confusion_table(stash: DataframeBatchStash, truth: list[int], guess: list[int]) -> Table:
    """Which species was taken for which."""
    species = stash.feature_vectorizer_manager.dataset_metadata.label_values
    table = new_table("what the model says of the test split")
    table.add_column("it is a", style="cyan")
    for name in species:
        table.add_column(name, justify="right")
    pairs = list(zip(truth, guess, strict=True))
    for row, name in enumerate(species):
        counts = [pairs.count((row, column)) for column in range(len(species))]
        styles = ["green" if row == column else "red" for column in range(len(species))]
        cells = [f"[{style}]{n}[/]" if n else "[dim]·[/]" for n, style in zip(counts, styles, strict=True)]
        table.add_row(name, *cells)
    return table


def spark(losses: list[float]) -> str:
    """Losses as a small curve."""
    return "".join(SPARKS[round(loss / max(losses) * (len(SPARKS) - 1))] for loss in losses)


def main() -> None:
    """Encode, look, train, test."""
    console = Console(highlight=False)
    stash = open_batches(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "target/iris")

    console.print(Rule("iris.csv → batches", align="left"))
    begun = time.perf_counter()
    encode(stash, console)
    console.print(f"150 flowers are {len(stash)} verified batches in {stash.delegate.path}/")
    console.print(split_table(stash), batch_table(stash["0"]))

    console.print(Rule("batches → model", align="left"))
    model, losses = build_model(stash), []
    with bar(console) as progress:
        task = progress.add_task("train", total=30, note="epochs")
        for loss in train(model, stash, epochs=30):
            losses.append(loss)
            progress.advance(task)
    console.print(f"loss {spark(losses)} {losses[0]:.2f} to {losses[-1]:.2f}")
    truth, guess = predict(model, stash, "test")
    console.print(confusion_table(stash, truth.tolist(), guess.tolist()))
    part = accuracy(model, stash, "test")
    console.print(f"[bold]test accuracy {part:.3f}[/]  [dim]in {time.perf_counter() - begun:.1f} s[/]")

    console.print(Rule("look further", align="left"))
    program = os.path.relpath(Path(sys.executable).with_name("zensols-like"))
    for command in ("ls", "show 0", "info"):
        console.print(f"[cyan]{program} {command} -c examples/iris/iris.conf", soft_wrap=True)


# workers import this file, so that what it does must stand below this line
if __name__ == "__main__":
    main()
