"""A plain PyTorch loop over batches of images: ``python examples/digits/train.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from zensols_like.batch import BatchStash
from zensols_like.config import ImportConfigFactory, load_config

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def open_batches(folder: Path) -> BatchStash:
    """The stash of the configuration, with its batches in a folder."""
    overrides = [f"default.images={HERE / 'digits.npz'}", f"default.temporary_dir={folder}"]
    return ImportConfigFactory(load_config(HERE / "digits.conf", overrides)).instance("batch_stash")


def build_model(stash: BatchStash, seed: int = 0) -> nn.Module:
    """A small convolutional network from an image to a score for each digit."""
    torch.manual_seed(seed)
    layers = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 4 * 4, 10),
    )
    return layers.to(stash.model_torch_config.device)


def train(model: nn.Module, stash: BatchStash, epochs: int = 15, seed: int = 0) -> Iterator[float]:
    """Train the model; gives the mean loss of each epoch."""
    loader = stash.loader("train", shuffle="batch", seed=seed, epochs=epochs)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    for _ in loader.epochs:
        model.train()
        total = 0.0
        for batch in loader:
            loss = cross_entropy(model(batch["image"]), batch["label"].long())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        yield total / len(loader)


@torch.no_grad()
def accuracy(model: nn.Module, stash: BatchStash, split: str) -> float:
    """The part of the digits of a split that are read right."""
    model.eval()
    right = total = 0
    for batch in stash.splits[split].values():
        on_device = batch.to()
        right += (model(on_device["image"]).argmax(1) == on_device["label"]).sum().item()
        total += len(batch)
    return right / total


def main() -> None:
    """Encode what is missing, train and test."""
    stash = open_batches(ROOT / "target/digits")
    model = build_model(stash)
    for epoch, loss in enumerate(train(model, stash), 1):
        if epoch % 5 == 0:
            print(f"epoch {epoch:2d}  loss {loss:.3f}  dev accuracy {accuracy(model, stash, 'dev'):.3f}")
    print(f"test accuracy {accuracy(model, stash, 'test'):.3f}")


# workers import this file, so that what it does must stand below this line
if __name__ == "__main__":
    main()
