"""Devices and tensors, for a person to look at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from zensols_like.protocols import Writable

__all__ = ["CudaInfo", "printopts"]


@contextmanager
def printopts(**options: Any) -> Iterator[None]:
    """Print tensors with other options for a while.

    Args:
        options: Those of ``torch.set_printoptions``.

    Example:
        >>> with printopts(precision=2):
        ...     print(torch.tensor([1 / 3]))
        tensor([0.33])
    """
    current = torch._tensor_str.PRINT_OPTS  # noqa: SLF001 torch has no public way to read them
    before = dict(vars(current))
    torch.set_printoptions(**options)  # type: ignore[no-untyped-call]  # torch does not annotate it
    try:
        yield
    finally:
        vars(current).update(before)


class CudaInfo(Writable):
    """The CUDA devices of this machine."""

    @property
    def num_devices(self) -> int:
        """How many there are."""
        return torch.cuda.device_count()

    def get_devices(self) -> tuple[Mapping[str, Any], ...]:
        """Name, memory in bytes, multi processors and compute capability of each device."""
        return tuple(self._describe(index) for index in range(self.num_devices))

    def lines(self) -> Iterable[tuple[int, str]]:
        """One line for each property of each device."""
        if self.num_devices == 0:
            yield 0, "no CUDA devices"
        for index, device in enumerate(self.get_devices()):
            yield 0, f"cuda:{index}"
            for key, value in device.items():
                yield 1, f"{key}: {value}"

    @staticmethod
    def _describe(index: int) -> Mapping[str, Any]:
        found = torch.cuda.get_device_properties(index)
        return {
            "name": found.name,
            "total_memory": found.total_memory,
            "multi_processor_count": found.multi_processor_count,
            "capability": f"{found.major}.{found.minor}",
        }
