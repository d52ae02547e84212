"""Vectorize data once into verified batches, then feed PyTorch models from them.

Importing this package does not import torch; the names below are found when they are first used.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_LAZY = {
    "APIError": "errors",
    "CudaInfo": "torchconfig",
    "DeepLearnError": "errors",
    "NetworkSettings": "settings",
    "TorchConfig": "torchconfig",
    "TorchTypes": "torchconfig",
    "printopts": "torchconfig",
}

__all__ = sorted(_LAZY)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(f"zensols_like.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'zensols_like' has no attribute {name!r}")
