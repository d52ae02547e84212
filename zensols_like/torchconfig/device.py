"""One place that knows the device, the data type and how to make tensors of them."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TextIO, TypeVar, overload

import numpy as np
import torch
from torch import Tensor, nn

from zensols_like.errors import DeepLearnError
from zensols_like.torchconfig import seed as seeds
from zensols_like.torchconfig.dtypes import TorchTypes
from zensols_like.torchconfig.show import CudaInfo

__all__ = ["TorchConfig"]

Movable = TypeVar("Movable", Tensor, nn.Module)


@dataclass
class TorchConfig:
    """Makes tensors of one data type on one device.

    A small value: it holds names, so it travels to worker processes, and looks for the device when it is used.

    Example:
        >>> config = TorchConfig(use_gpu=False, data_type="float16")
        >>> config.zeros((1, 2))
        tensor([[0., 0.]], dtype=torch.float16)

    Configuration::

        [gpu_torch_config]
        class_name = zensols_like.torchconfig.TorchConfig
        use_gpu = True
    """

    use_gpu: bool = True
    """Use a CUDA device when there is one, the CPU otherwise."""

    data_type: torch.dtype = torch.float32
    """The data type of new tensors; a name such as ``float32`` becomes the type."""

    cuda_device_index: int | None = None
    """Which CUDA device; the first when not given."""

    device_name: str | None = None
    """A device by its torch name, as ``cuda:1`` or ``mps``; goes before the other ways to say it."""

    _initialized: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self.data_type = TorchTypes.resolve(self.data_type)
        if self.device_name is not None:
            self.device = self.device_name

    # devices

    @property
    def device(self) -> torch.device:
        """Where new tensors lie."""
        if self.device_name is not None:
            return torch.device(self.device_name)
        if not self.use_gpu or not torch.cuda.is_available():
            return self.cpu_device
        index = 0 if self.cuda_device_index is None else self.cuda_device_index
        if index not in range(torch.cuda.device_count()):
            raise DeepLearnError(
                f"No CUDA device {index}.",
                "cuda_device_index of TorchConfig",
                f"use one of {list(range(torch.cuda.device_count()))}",
            )
        return torch.device("cuda", index)

    @device.setter
    def device(self, device: torch.device | str) -> None:
        try:
            self.device_name = str(torch.device(device))
        except (RuntimeError, TypeError) as error:
            raise DeepLearnError(
                f"No device {device!r}: {error}", "device_name of TorchConfig", "use a name such as cpu, cuda:1 or mps"
            ) from error

    @property
    def cpu_device(self) -> torch.device:
        """The CPU."""
        return torch.device(self.cpu_device_name())

    @property
    def using_cpu(self) -> bool:
        """Whether new tensors lie in the memory of the CPU."""
        return self.device.type == self.cpu_device_name()

    @property
    def gpu_available(self) -> bool:
        """Whether this machine has a CUDA device and this object wants it."""
        return self.use_gpu and torch.cuda.is_available()

    @property
    def cuda_devices(self) -> tuple[torch.device, ...]:
        """The CUDA devices of this machine."""
        return tuple(torch.device("cuda", index) for index in range(torch.cuda.device_count()))

    @property
    def cuda_configs(self) -> tuple[TorchConfig, ...]:
        """An object like this for each CUDA device."""
        return tuple(TorchConfig(True, self.data_type, device.index) for device in self.cuda_devices)

    @property
    def info(self) -> CudaInfo:
        """The CUDA devices, to look at."""
        return CudaInfo()

    @staticmethod
    def cpu_device_name() -> str:
        """What torch calls the CPU."""
        return "cpu"

    @classmethod
    def is_on_cpu(cls, arr: Tensor) -> bool:
        """Whether a tensor lies in the memory of the CPU."""
        return arr.device.type == cls.cpu_device_name()

    def same_device(self, tensor_or_model: Tensor | nn.Module) -> bool:
        """Whether all of a tensor or a model lies on this device."""
        held = [tensor_or_model] if isinstance(tensor_or_model, Tensor) else list(tensor_or_model.parameters())
        return all(self._is_device(tensor.device) for tensor in held)

    def _is_device(self, device: torch.device) -> bool:
        """Whether the device of a tensor is this one, whichever of its names this object has: cuda may be cuda:0."""
        own = self.device
        if device.type == own.type and None in (device.index, own.index):
            own = torch.empty(0, device=own).device  # as tensors call it; one lies on a device of this type already
        return device == own

    # data types

    @property
    def tensor_class(self) -> type[Any]:
        """The class of CPU tensors of this data type."""
        return TorchTypes.get_tensor_class(self.data_type)

    @property
    def numpy_data_type(self) -> type[np.generic]:
        """The numpy type of this data type."""
        return TorchTypes.get_numpy_type(self.data_type)

    @property
    def float_type(self) -> torch.dtype:
        """This data type, or the float type of its width."""
        return self.data_type if TorchTypes.is_float(self.data_type) else TorchTypes.int_to_float(self.data_type)

    @property
    def int_type(self) -> torch.dtype:
        """This data type, or the integer type of its width."""
        return TorchTypes.float_to_int(self.data_type) if TorchTypes.is_float(self.data_type) else self.data_type

    # new tensors; each takes the keyword arguments of the torch function it is named after

    def from_iterable(self, array: Iterable[Any]) -> Tensor:
        """A tensor of numbers, or of sequences of one length of them."""
        return self.singleton(list(array))

    def singleton(self, data: Any, **options: Any) -> Tensor:
        """A tensor of a number or of nested sequences of numbers."""
        return torch.tensor(data, **self._defaults(options))

    def sparse(self, indices: Any, values: Any, shape: Sequence[int]) -> Tensor:
        """A sparse tensor of coordinates and values."""
        positions = torch.as_tensor(indices, dtype=torch.int64, device=self.device)
        return torch.sparse_coo_tensor(positions, self.singleton(values), tuple(shape), check_invariants=True)

    @staticmethod
    def is_sparse(arr: Tensor) -> bool:
        """Whether a tensor is sparse."""
        return arr.layout != torch.strided

    def empty(self, *size: Any, **options: Any) -> Tensor:
        """A tensor of any numbers."""
        return torch.empty(*size, **self._defaults(options))

    def zeros(self, *size: Any, **options: Any) -> Tensor:
        """A tensor of zeros."""
        return torch.zeros(*size, **self._defaults(options))

    def ones(self, *size: Any, **options: Any) -> Tensor:
        """A tensor of ones."""
        return torch.ones(*size, **self._defaults(options))

    def from_numpy(self, arr: np.ndarray[Any, Any]) -> Tensor:
        """The numbers of an array, in its data type; on the CPU they share memory."""
        return self.to(torch.from_numpy(arr))

    def cat(self, tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
        """One tensor of several, on this device."""
        return torch.cat([self.to(tensor) for tensor in tensors], dim)

    def cross_entropy_pad(self, size: Sequence[int]) -> Tensor:
        """A tensor of the label that the cross entropy loss ignores."""
        return torch.full(tuple(size), nn.CrossEntropyLoss().ignore_index, **self._defaults({}))

    def _defaults(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return {"dtype": self.data_type, "device": self.device, **options}

    # other tensors of given ones

    def to(self, tensor_or_model: Movable) -> Movable:
        """A tensor or model on this device; itself when it lies there."""
        return tensor_or_model.to(self.device)

    def to_type(self, arr: Tensor) -> Tensor:
        """A tensor of this data type; itself when it has it."""
        return arr.to(self.data_type)

    def clone(self, tensor: Tensor, requires_grad: bool = True) -> Tensor:
        """A copy on this device, apart from the graph of the original.

        Args:
            tensor: What to copy.
            requires_grad: Whether gradients are recorded for the copy; integers have none.
        """
        copy = self.to(tensor.detach()).clone()
        return copy.requires_grad_(requires_grad and (copy.is_floating_point() or copy.is_complex()))

    @overload
    def to_cpu_deallocate(self, arr: Tensor | None, /) -> Tensor | None: ...

    @overload
    def to_cpu_deallocate(self, *arrs: Tensor | None) -> tuple[Tensor | None, ...] | Tensor | None: ...

    def to_cpu_deallocate(self, *arrs: Tensor | None) -> tuple[Tensor | None, ...] | Tensor | None:
        """Tensors on the CPU apart from their graph, which lets go of it and of the memory of the device.

        Args:
            arrs: Tensors; ``None`` stays ``None``.

        Returns:
            A tuple, or just the tensor when one is given.
        """
        moved = tuple(None if arr is None else arr.detach().cpu() for arr in arrs)
        return moved[0] if len(moved) == 1 else moved

    @staticmethod
    def equal(a: Tensor, b: Tensor) -> bool:
        """Whether two tensors have one shape and equal numbers."""
        return a.shape == b.shape and bool(torch.all(torch.eq(a, b)))

    @staticmethod
    def close(a: Tensor, b: Tensor) -> bool:
        """Whether two tensors have one shape and numbers that are nearly equal."""
        return a.shape == b.shape and torch.allclose(a, b)

    # memory

    @staticmethod
    def empty_cache() -> None:
        """Give cached memory of CUDA devices back."""
        torch.cuda.empty_cache()

    @staticmethod
    def in_memory_tensors() -> list[Tensor]:
        """Every tensor that is alive in this process."""
        return [found for found in gc.get_objects() if issubclass(type(found), Tensor)]

    @classmethod
    def write_in_memory_tensors(cls, writer: TextIO | None = None) -> None:
        """Write a line for each tensor that is alive."""
        cls._write_tensors(cls.in_memory_tensors(), writer)

    def write_device_tensors(self, writer: TextIO | None = None) -> None:
        """Write a line for each tensor that is alive on this device."""
        self._write_tensors([arr for arr in self.in_memory_tensors() if self._is_device(arr.device)], writer)

    @staticmethod
    def _write_tensors(tensors: Iterable[Tensor], writer: TextIO | None) -> None:
        out = sys.stdout if writer is None else writer
        for tensor in tensors:
            out.write(f"{type(tensor).__name__} {tuple(tensor.shape)} {tensor.dtype} {tensor.device}\n")

    # the whole process

    @staticmethod
    def set_random_seed(seed: int = 0, disable_cudnn: bool = False, rng_state: bool = True) -> None:
        """See `zensols_like.torchconfig.set_random_seed`."""
        seeds.set_random_seed(seed, disable_cudnn, rng_state)

    @staticmethod
    def get_random_seed() -> int | None:
        """See `zensols_like.torchconfig.get_random_seed`."""
        return seeds.get_random_seed()

    @staticmethod
    def get_random_seed_context() -> dict[str, Any] | None:
        """See `zensols_like.torchconfig.get_random_seed_context`."""
        return seeds.get_random_seed_context()

    @classmethod
    def init(cls, spawn_multiproc: str | None = "spawn", seed_kwargs: Mapping[str, Any] | None = None) -> None:
        """Prepare this process; only the first call does anything.

        Args:
            spawn_multiproc: How ``torch.multiprocessing`` starts processes, since CUDA does not survive ``fork``; a
                method that the program has chosen already is kept; ``None`` leaves it alone.
            seed_kwargs: The arguments of `set_random_seed`.
        """
        if cls._initialized:
            return
        TorchConfig._initialized = True
        if spawn_multiproc is not None and torch.multiprocessing.get_start_method(allow_none=True) is None:
            torch.multiprocessing.set_start_method(spawn_multiproc)
        cls.set_random_seed(**({} if seed_kwargs is None else seed_kwargs))

    # last, since their names hide those of the built-in types

    def float(self, data: Any, **options: Any) -> Tensor:
        """A tensor of `float_type`."""
        return self.singleton(data, **{"dtype": self.float_type, **options})

    def int(self, data: Any, **options: Any) -> Tensor:
        """A tensor of `int_type`."""
        return self.singleton(data, **{"dtype": self.int_type, **options})
