"""A plain PyTorch loop over batches of words: ``python examples/functions/train.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from function_data import collect
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from zensols_like.batch import BatchStash
from zensols_like.config import ImportConfigFactory, load_config

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


class WordModel(nn.Module):
    """From the words of a function to a score: the mean and the maximum of what each word stands for."""

    def __init__(self, words: int, size: int = 48) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, size)
        self.layers = nn.Sequential(nn.Linear(2 * size, size), nn.ReLU(), nn.Dropout(0.3), nn.Linear(size, 1))

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        """The score of each function.

        Shape: ``words`` and ``mask`` are ``(n, longest)``; the result is ``(n,)``.
        """
        vectors, there = self.embedding(words.int()), mask.unsqueeze(2)  # (n, longest, size), (n, longest, 1)
        mean = (vectors * there).sum(1) / there.sum(1)
        highest = vectors.masked_fill(~there, float("-inf")).amax(1)
        return self.layers(torch.cat([mean, highest], 1)).squeeze(1)


def open_batches(folder: Path) -> BatchStash:
    """The stash of the configuration, with functions and batches in a folder."""
    collect(folder)
    config = load_config(HERE / "functions.conf", [f"default.temporary_dir={folder}"])
    return ImportConfigFactory(config).instance("batch_stash")


def build_model(stash: BatchStash, seed: int = 0) -> nn.Module:
    """A model for the vocabulary of the stash."""
    torch.manual_seed(seed)
    words = stash.vectorizer_manager_set["function_manager"]["word"].label_encoder.classes_
    return WordModel(len(words)).to(stash.model_torch_config.device)


def train(model: nn.Module, stash: BatchStash, epochs: int = 5, seed: int = 0) -> Iterator[float]:
    """Train the model; gives the mean loss of each epoch."""
    loader = stash.loader("train", shuffle="batch", seed=seed, epochs=epochs)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    for _ in loader.epochs:
        model.train()
        total = 0.0
        for batch in loader:
            loss = binary_cross_entropy_with_logits(model(batch["words"], batch["mask"]), batch["label"].float())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        yield total / len(loader)


@torch.no_grad()
def predict(model: nn.Module, stash: BatchStash, split: str) -> tuple[Tensor, Tensor]:
    """Whether each function of a split returns a value, and what the model says."""
    model.eval()
    batches = [batch.to() for batch in stash.splits[split].values()]
    truth = torch.cat([batch["label"] for batch in batches])
    return truth, torch.cat([model(batch["words"], batch["mask"]) > 0 for batch in batches])


def accuracy(model: nn.Module, stash: BatchStash, split: str) -> float:
    """The part of the functions of a split that the model is right about."""
    truth, guess = predict(model, stash, split)
    return (truth == guess).float().mean().item()


def main() -> None:
    """Collect the functions, encode what is missing, train and test."""
    stash = open_batches(ROOT / "target/functions")
    model = build_model(stash)
    for epoch, loss in enumerate(train(model, stash), 1):
        print(f"epoch {epoch}  loss {loss:.3f}  dev accuracy {accuracy(model, stash, 'dev'):.3f}")
    truth, guess = predict(model, stash, "test")
    more = max(truth.float().mean().item(), 1 - truth.float().mean().item())
    print(f"test accuracy {(truth == guess).float().mean().item():.3f}  (the more frequent answer alone: {more:.3f})")


# workers import this file, so that what it does must stand below this line
if __name__ == "__main__":
    main()
