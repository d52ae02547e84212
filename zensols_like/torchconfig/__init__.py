"""Where tensors lie, what they hold and how random numbers repeat."""

from zensols_like.torchconfig.device import TorchConfig
from zensols_like.torchconfig.dtypes import TorchTypes
from zensols_like.torchconfig.seed import (
    derive_seed,
    get_random_seed,
    get_random_seed_context,
    reseed,
    seeded,
    set_random_seed,
)
from zensols_like.torchconfig.show import CudaInfo, printopts

__all__ = [
    "CudaInfo",
    "TorchConfig",
    "TorchTypes",
    "derive_seed",
    "get_random_seed",
    "get_random_seed_context",
    "printopts",
    "reseed",
    "seeded",
    "set_random_seed",
]
