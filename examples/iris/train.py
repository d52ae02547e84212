"""A plain PyTorch loop over the batches of iris: ``python examples/iris/train.py [FOLDER]``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from zensols_like.config import ImportConfigFactory, load_config
from zensols_like.dataframe import DataframeBatchStash

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def open_batches(folder: Path) -> DataframeBatchStash:
    """The stash of the configuration, with its batches in a folder."""
    overrides = [f"default.table={ROOT / 'test-resources/iris.csv'}", f"default.folder={folder}"]
    return ImportConfigFactory(load_config(HERE / "iris.conf", overrides)).instance("batch_stash")


def build_model(stash: DataframeBatchStash, seed: int = 0) -> nn.Module:
    """A small network from the features of a flower to a score for each species."""
    torch.manual_seed(seed)
    (inputs,) = stash.flattened_features_shape
    outputs = len(stash.feature_vectorizer_manager.dataset_metadata.label_values)
    layers = nn.Sequential(
        nn.BatchNorm1d(inputs), nn.Linear(inputs, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, outputs)
    )
    return layers.to(stash.model_torch_config.device)


def train(model: nn.Module, stash: DataframeBatchStash, epochs: int = 30, seed: int = 0) -> Iterator[float]:
    """Train the model; gives the mean loss of each epoch."""
    loader = stash.loader("train", shuffle="batch", seed=seed, epochs=epochs)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in loader.epochs:
        model.train()
        total = 0.0
        for batch in loader:
            loss = cross_entropy(model(batch.get_features()), batch["species"])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        yield total / len(loader)


@torch.no_grad()
def predict(model: nn.Module, stash: DataframeBatchStash, split: str) -> tuple[Tensor, Tensor]:
    """The true and the predicted class of each flower of a split."""
    model.eval()
    batches = [batch.to() for batch in stash.splits[split].values()]
    truth = torch.cat([batch["species"] for batch in batches])
    return truth, torch.cat([model(batch.get_features()).argmax(1) for batch in batches])


def accuracy(model: nn.Module, stash: DataframeBatchStash, split: str) -> float:
    """The part of the flowers of a split whose species is right."""
    truth, guess = predict(model, stash, split)
    return (truth == guess).float().mean().item()


def main() -> None:
    """Encode what is missing, train and test."""
    stash = open_batches(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "target/iris")
    model = build_model(stash)
    for epoch, loss in enumerate(train(model, stash), 1):
        if epoch % 10 == 0:
            print(f"epoch {epoch:2d}  loss {loss:.3f}  dev accuracy {accuracy(model, stash, 'dev'):.2f}")
    print(f"test accuracy {accuracy(model, stash, 'test'):.3f}")


# workers import this file, so that what it does must stand below this line
if __name__ == "__main__":
    main()
