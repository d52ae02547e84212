"""Train in many processes, and go on after a crash: ``torchrun --nproc-per-node 2 examples/digits/train_many.py``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import distributed, nn
from torch.distributed import HashStore
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel
from train import ROOT, accuracy, build_model, open_batches

from zensols_like.batch import BatchStash
from zensols_like.loader import Step

EPOCHS = 6


def train(model: nn.Module, stash: BatchStash, checkpoint: Path, epochs: int = EPOCHS) -> Iterator[Step]:
    """Train on from the checkpoint, if there is one, with any number of processes; gives each step that is done."""
    parallel = DistributedDataParallel(model)
    optimizer = torch.optim.Adam(parallel.parameters(), lr=0.003)
    loader = stash.loader("train", shuffle="batch", seed=0, epochs=epochs)
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=loader.device, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        loader.load_state_dict(saved["loader"])
    for _ in loader.epochs:
        for batch in loader:
            loss = cross_entropy(parallel(batch["image"]), batch["label"].long())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if distributed.get_rank() == 0:  # the state of the loader is the same on all ranks
                state = {"model": model, "optimizer": optimizer, "loader": loader}
                save(checkpoint, {name: one.state_dict() for name, one in state.items()})
            if loader.last is not None:
                yield loader.last


def save(path: Path, state: dict[str, object]) -> None:
    """Write a checkpoint: the old one is there until the new one is whole."""
    torch.save(state, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def main() -> None:
    """Encode what is missing in one process, train in all of them, test in one."""
    alone = {} if distributed.is_torchelastic_launched() else {"store": HashStore(), "rank": 0, "world_size": 1}
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo", **alone)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "target/digits"
    stash = open_batches(folder)
    if distributed.get_rank() == 0:
        stash.prime()
    distributed.barrier()
    model = build_model(stash)
    for step in train(model, stash, folder / "checkpoint.pt"):
        if step.after.step == 0 and distributed.get_rank() == 0:
            print(f"epoch {step.after.epoch}  dev accuracy {accuracy(model, stash, 'dev'):.3f}")
            model.train()
    if distributed.get_rank() == 0:
        print(f"test accuracy {accuracy(model, stash, 'test'):.3f}")
    distributed.barrier()  # all end together
    distributed.destroy_process_group()


# workers import this file, so that what it does must stand below this line
if __name__ == "__main__":
    main()
