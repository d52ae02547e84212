"""The batches of a stash for the trainer of Lightning, which is an extra: ``pip install zensols_like[lightning]``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch

from zensols_like.errors import DeepLearnError
from zensols_like.loader.loader import BatchLoader

try:
    from lightning import LightningDataModule  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    LightningDataModule = None  # type: ignore[assignment,misc,unused-ignore]

__all__ = ["LoadingStash", "StashDataModule"]


class LoadingStash(Protocol):
    """What a data module asks of a stash."""

    def prime(self) -> None:
        """Encode what is missing."""

    def loader(self, split: str, **options: Any) -> BatchLoader[Any]:
        """The batches of a split."""


class StashDataModule(LightningDataModule or object):  # type: ignore[misc]  # importing it works without Lightning
    """Loaders for the trainer of Lightning: on the device and for the rank of each process.

    The first process encodes what is missing.  The order stays that of the loader, since Lightning only replaces the
    samplers of torch's own data loaders, and its checkpoints have the state of the loader, which goes on exactly.

    Example::

        trainer.fit(model, StashDataModule(stash, validation="dev", shuffle="batch", seed=7))

    Args:
        stash: The batches.
        train: The split to train with.
        validation: The split to validate with, if any.
        test: The split to test and to predict with, if any.
        options: Of the loader for training; the others read in order.

    Raises:
        DeepLearnError: Lightning is not installed.
    """

    def __init__(
        self,
        stash: LoadingStash,
        train: str = "train",
        validation: str | None = None,
        test: str | None = None,
        **options: Any,
    ) -> None:
        if LightningDataModule is None:
            raise DeepLearnError(
                "Lightning is not installed.", "StashDataModule", "pip install zensols_like[lightning]"
            )
        super().__init__()
        self.stash = stash
        self.train = train
        self.validation = validation
        self.test = test
        self.options = options

    def prepare_data(self) -> None:
        """Encode what is missing; Lightning calls this in one process only."""
        self.stash.prime()

    def train_dataloader(self) -> BatchLoader[Any]:
        """The loader for training; in order where Lightning is to overfit, whose epochs have the same batches then."""
        options = self.options
        if self._is_to_overfit:
            options = {**options, "shuffle": None}
        return self._loader(self.train, **options)

    def val_dataloader(self) -> BatchLoader[Any] | Sequence[Any]:
        """The loader for validation."""
        return [] if self.validation is None else self._loader(self.validation)

    def test_dataloader(self) -> BatchLoader[Any] | Sequence[Any]:
        """The loader for tests."""
        return [] if self.test is None else self._loader(self.test)

    def predict_dataloader(self) -> BatchLoader[Any] | Sequence[Any]:
        """The loader for predictions, the same as for tests."""
        return self.test_dataloader()

    @property
    def _is_to_overfit(self) -> bool:
        return self.trainer is not None and self.trainer.overfit_batches > 0

    def _loader(self, split: str, **options: Any) -> BatchLoader[Any]:
        if self.trainer is not None:  # who asks for a loader without one gets it where the model of the stash is
            options = {"device": self.trainer.strategy.root_device, **options}
        return self.stash.loader(split, **options)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:  # noqa: ARG002
        """The batch as it is, since the loader has put it there."""
        return batch
